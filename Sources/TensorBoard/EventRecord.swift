import CSIMD
import System

/// The framing of an event file: a chain of records, each
///
///     u64 count · u32 checksum of the count · `count` bytes · u32 checksum of the bytes
///
/// in little-endian order. A checksum is CRC32C, rotated right by 15 bits plus 0xA282EAD8
/// (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/io/record_writer.h).
enum EventRecord {
    /// Bytes before a record's content, and behind it.
    static let (headCount, tailCount) = (12, 4)

    static func framed(_ content: [UInt8]) -> [UInt8] {
        let count = bytes(of: UInt64(content.count))
        return count + bytes(of: checksum(count[...])) + content + bytes(of: checksum(content[...]))
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let sum = bytes.withUnsafeBytes { csimd_crc32c(0, $0.baseAddress, $0.count) }
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }

    static func integer<T: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> T {
        bytes.reversed().reduce(0) { $0 << 8 | T($1) }
    }

    static func bytes<T: FixedWidthInteger>(of value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
