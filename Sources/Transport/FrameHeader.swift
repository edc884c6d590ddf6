/// A period of constant membership, which every frame names.
package struct FrameGeneration: Hashable, Sendable {
    package var incarnation: UInt32
    package var counter: UInt32

    package init(incarnation: UInt32 = 0, counter: UInt32 = 0) {
        self.incarnation = incarnation
        self.counter = counter
    }
}

/// The 48 bytes before every payload, little endian:
///
///     0  magic "DTRN"       8  payload length            20  index
///     4  protocol version  12  generation: incarnation   24  step (64 bits)
///     6  kind              16  generation: counter       32  detail (64 bits)
///     7  flags                                           40  CRC32C of bytes 0 ..< 40
///                                                        44  CRC32C of bytes 0 ..< 44 and the payload
///
/// The first eight bytes keep their place in every version of the protocol. The header has a checksum of its
/// own, so that a damaged header never chooses a destination.
package struct FrameHeader: Equatable, Sendable {
    package static let byteCount = 48
    package static let magic: UInt32 = 0x4e52_5444
    /// The version of the protocol. It is raised whenever the meaning of bytes on the wire changes.
    package static let protocolVersion: UInt16 = 4
    /// The first kind of the handshake's frames. Lower kinds belong to the users of Transport.
    package static let firstHandshakeKind: UInt8 = 0xf0

    package var kind: UInt8
    package var flags: UInt8
    package var generation: FrameGeneration
    package var step: UInt64
    /// Two numbers whose meaning depends on the kind; Transport only carries them.
    package var index: UInt32
    package var detail: UInt64
    /// The payload's length in bytes. `Connection.send` sets it.
    package internal(set) var payloadLength: Int = 0

    package init(
        kind: UInt8, flags: UInt8 = 0, generation: FrameGeneration = FrameGeneration(), step: UInt64 = 0,
        index: UInt32 = 0, detail: UInt64 = 0
    ) {
        self.kind = kind
        self.flags = flags
        self.generation = generation
        self.step = step
        self.index = index
        self.detail = detail
    }
}

extension FrameHeader {
    /// Writes the 48 bytes with both checksums. The payload is left out of the checksum if the channel
    /// protects it (`needsChecksum` is false).
    func encode(
        into bytes: UnsafeMutableRawBufferPointer, payload: UnsafeRawBufferPointer,
        needsChecksum: Bool = true,
        version: UInt16 = protocolVersion
    ) {
        bytes.storeLittle(FrameHeader.magic, at: 0)
        bytes.storeLittle(version, at: 4)
        bytes[6] = kind
        bytes[7] = flags
        bytes.storeLittle(UInt32(payload.count), at: 8)
        bytes.storeLittle(generation.incarnation, at: 12)
        bytes.storeLittle(generation.counter, at: 16)
        bytes.storeLittle(index, at: 20)
        bytes.storeLittle(step, at: 24)
        bytes.storeLittle(detail, at: 32)
        let ownChecksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<40]))
        bytes.storeLittle(ownChecksum, at: 40)
        let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<44]))
        bytes.storeLittle(needsChecksum ? CRC32C.extend(checksum, payload) : checksum, at: 44)
    }

    /// Encodes a whole frame: for tests and tools that write to a raw socket.
    package func encoded(payload: [UInt8], version: UInt16 = protocolVersion) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        payload.withUnsafeBytes { payload in
            frame.withUnsafeMutableBytes { encode(into: $0, payload: payload, version: version) }
        }
        return frame + payload
    }

    /// The state of a header that may not have arrived completely.
    enum Prefix: Equatable {
        case incomplete, notOurs
        case otherVersion(UInt16)
        case complete
    }

    /// Judges the magic and the version as soon as their bytes have arrived: other programs may never send 48
    /// bytes.
    static func judge(_ bytes: UnsafeRawBufferPointer, anyVersion: Bool) -> Prefix {
        for index in 0..<min(4, bytes.count)
        where bytes[index] != UInt8(truncatingIfNeeded: magic >> (8 * UInt32(index))) {
            return .notOurs
        }
        guard bytes.count >= 6 else { return .incomplete }
        let version: UInt16 = bytes.loadLittle(at: 4)
        guard anyVersion || version == protocolVersion else { return .otherVersion(version) }
        return bytes.count >= byteCount ? .complete : .incomplete
    }

    /// Decodes a header from its 48 bytes, with the checksum of the header and the one that the whole frame
    /// must have. Returns nil if the header's own checksum is wrong.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> (
        header: FrameHeader, checksumOfHeader: UInt32, expected: UInt32
    )? {
        let ownChecksum: UInt32 = bytes.loadLittle(at: 40)
        guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<40])) == ownChecksum else {
            return nil
        }
        var header = FrameHeader(
            kind: bytes[6], flags: bytes[7],
            generation: FrameGeneration(
                incarnation: bytes.loadLittle(at: 12), counter: bytes.loadLittle(at: 16)),
            step: bytes.loadLittle(at: 24), index: bytes.loadLittle(at: 20), detail: bytes.loadLittle(at: 32))
        let length: UInt32 = bytes.loadLittle(at: 8)
        header.payloadLength = Int(length)
        return (
            header, CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<44])), bytes.loadLittle(at: 44)
        )
    }
}

extension UnsafeRawBufferPointer {
    func loadLittle<T: FixedWidthInteger>(at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    func storeLittle<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }
}
