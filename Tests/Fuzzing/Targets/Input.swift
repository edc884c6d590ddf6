import Platform
import System

/// Splits an input into numbers and runs of bytes, from its front. Beyond its end, numbers are zero and runs
/// are empty.
struct Input {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }
    mutating func number() -> Int { Int(byte()) | Int(byte()) << 8 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    /// A run of bytes whose length is a number before it.
    mutating func part() -> [UInt8] { bytes(number()) }

    mutating func remainder() -> [UInt8] { bytes(rest.count) }
}

/// A temporary file with the given bytes, for readers that want a path. It is removed with this object.
final class InputFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        let directory = Environment.value("TMPDIR") ?? "/tmp"
        var template = Array(Path.join(directory, "dist-train-fuzz-XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Finding("no file can be made in \(directory)") }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        guard written == bytes.count else { throw Finding("\(path) cannot be written") }
    }

    deinit { unlink(path) }
}
