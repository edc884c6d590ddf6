/// A data set that can be fetched, identified by its content.
package struct DatasetTicket: Equatable, Sendable {
    package enum Role: UInt8, Sendable { case train, validation, test }

    package var role: Role
    /// SHA-256 of the serialised form.
    package var hash: [UInt8]
    /// Bytes of the serialised form.
    package var byteCount: Int

    package init(role: Role, hash: [UInt8], byteCount: Int) {
        self.role = role
        self.hash = hash
        self.byteCount = byteCount
    }

    /// Bytes of a chunk; the last one may be shorter.
    static let chunkSize = 1 << 20
    /// A limit that exceeds every machine's memory.
    static let mostBytes = 1 << 47

    package var chunkCount: Int { (byteCount + Self.chunkSize - 1) / Self.chunkSize }

    package func range(ofChunk chunk: Int) -> Range<Int> {
        (chunk * Self.chunkSize)..<min(byteCount, (chunk + 1) * Self.chunkSize)
    }
}

extension DatasetTicket.Role: MessageValue {}

extension DatasetTicket: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(role)
        writer.write(hash)
        writer.write(byteCount)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        role = try reader.read()
        hash = try reader.read()
        byteCount = try reader.read(in: 1..<Self.mostBytes)
        guard hash.count == 32 else { throw reader.malformed }
    }
}
