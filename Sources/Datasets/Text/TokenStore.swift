import System

/// Tokens one behind the other, as a data set stores them: in memory, or in a file where they may be many.
final class TokenStore {
    let elementType: ElementType
    private(set) var count = 0
    /// All tokens, or those that are not in the file yet.
    private var waiting: [UInt8] = []
    private let writer: FileWriter?
    private var file: MappedFile?

    private static let flushedBytes = 4 << 20

    /// - Parameter path: a file for the tokens, which is removed with this object; nil: they stay in memory.
    /// - Throws: `SystemError` if the file cannot be made.
    init(_ elementType: ElementType, at path: String?) throws {
        self.elementType = elementType
        writer = try path.map { try FileWriter($0) }
    }

    deinit { if let writer { try? File.remove(writer.path) } }

    /// - Throws: `SystemError` if the tokens cannot be written.
    func append(_ tokens: some Collection<Int32>) throws {
        precondition(file == nil, "tokens are written before they are read")
        TokenBytes.append(tokens, as: elementType, to: &waiting)
        count += tokens.count
        if writer != nil, waiting.count >= Self.flushedBytes { try flush() }
    }

    private func flush() throws {
        try writer?.write(waiting)
        waiting.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with the bytes of some tokens, a piece at a time.
    /// - Throws: `SystemError`, and what `body` throws.
    func read(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let size = elementType.byteCount
        let bytes = range.lowerBound * size..<range.upperBound * size
        guard let writer else {
            return try waiting.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[bytes])) }
        }
        if file == nil {
            try flush()
            file = try MappedFile(writer.path)
        }
        guard let file else { return }
        for start in stride(from: bytes.lowerBound, to: bytes.upperBound, by: MappedFile.pieceSize) {
            let end = min(bytes.upperBound, start + MappedFile.pieceSize)
            try body(UnsafeRawBufferPointer(rebasing: file.bytes[start..<end]))
            file.release(end)
        }
    }
}
