import System

/// The contents of a text file: mapped into memory, or unpacked if the file is gzip.
package final class TextFile: @unchecked Sendable {  // nothing is written after `init`
    package let path: String
    /// The contents; valid while this object lives.
    package let bytes: UnsafeBufferPointer<UInt8>
    /// Keeps the bytes.
    private let owner: AnyObject

    /// - Throws: `DatasetError` or `SystemError` if the file cannot be read, or does not fit into memory
    ///   unpacked.
    package init(_ path: String) throws {
        self.path = path
        let file = try MappedFile(path)
        guard file.bytes.count >= 2, file.bytes[0] == 0x1F, file.bytes[1] == 0x8B else {
            bytes = file.bytes.bindMemory(to: UInt8.self)
            owner = file
            return
        }
        let memory = try Self.unpacked(ByteSource(file.bytes, name: path, owner: file))
        bytes = UnsafeBufferPointer(memory.bytes)
        owner = memory
    }

    /// Gives the memory of the first bytes back if the file is mapped; they stay readable.
    package func release(_ count: Int) { (owner as? MappedFile)?.release(count) }

    private final class Memory {
        let bytes: UnsafeMutableBufferPointer<UInt8>
        init(_ contents: [UInt8]) {
            bytes = .allocate(capacity: contents.count)
            _ = bytes.initialize(from: contents)
        }
        deinit { bytes.deallocate() }
    }

    private static func unpacked(_ source: ByteSource) throws -> Memory {
        let limit = PhysicalMemory.limit
        var contents: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try piece.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { return Memory(contents) }
            guard contents.count + count <= limit.bytes / 4 else {
                throw DatasetError(
                    "`\(source.name)` has more than \(TextFormat.bytes(limit.bytes / 4)) unpacked, and"
                        + " \(limit.clause); unpack it (`gunzip`), or \(limit.cure)")
            }
            contents += piece[..<count]
        }
    }
}
