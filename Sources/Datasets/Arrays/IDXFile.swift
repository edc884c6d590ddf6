import System

/// A file in the IDX format of the MNIST database (http://yann.lecun.com/exdb/mnist), plain or gzip: `00 00
/// type rank`, the sizes as big-endian u32, the values in row-major order. The types `08` (unsigned bytes)
/// and `0D` (big-endian Float32) can be read.
struct IDXFile {
    let elementType: ElementType
    let shape: [Int]
    private let source: ByteSource

    /// Opens `path` and reads its header.
    /// - Parameters:
    ///   - content: "images" or "labels", for messages.
    ///   - ranks: the numbers of dimensions that `content` may have.
    /// - Throws: `DatasetError` or `SystemError`.
    init(_ path: String, content: String, ranks: ClosedRange<Int>) throws {
        source = try ByteSource(path: path)
        let start = try Self.read(4, from: source)
        guard start.count == 4 else { throw Self.truncated(path, "its header has \(start.count) of 4 bytes") }
        guard start[0] == 0, start[1] == 0 else {
            throw DatasetError(
                "`\(path)` is not an IDX file: it starts with \(TextFormat.hex(start)),"
                    + " an IDX file with 0000 and its type and rank;"
                    + " give the file of \(content) as it was published (plain or gzip)")
        }
        switch start[2] {
        case 0x08: elementType = .uint8
        case 0x0D: elementType = .float32
        default:
            throw DatasetError(
                "`\(path)` holds IDX values of type 0x\(TextFormat.hex([start[2]]));"
                    + " only 0x08 (bytes) and 0x0d (Float32) can be read"
            )
        }
        let rank = Int(start[3])
        guard ranks.contains(rank) else {
            let allowed =
                ranks.count == 1 ? "\(ranks.lowerBound)" : "\(ranks.lowerBound) to \(ranks.upperBound)"
            throw DatasetError(
                "`\(path)` has \(TextFormat.count(rank, "dimension")), \(content) have \(allowed);"
                    + " were the files of images and labels exchanged?")
        }
        let sizes = try Self.read(4 * rank, from: source)
        guard sizes.count == 4 * rank else {
            throw Self.truncated(path, "its header has \(4 + sizes.count) of \(4 + 4 * rank) bytes")
        }
        shape = (0..<rank).map { dimension in
            sizes[4 * dimension..<4 * dimension + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        try checkSize(path)
    }

    /// Reads the values into `output`, in this machine's byte order. `output` has as many bytes as the header
    /// says.
    func read(into output: UnsafeMutableRawBufferPointer) throws {
        let count = try source.read(into: output)
        guard count == output.count else {
            throw Self.truncated(
                source.name,
                "its header asks for \(TextFormat.grouped(output.count)) bytes of values,"
                    + " there are \(TextFormat.grouped(count))"
            )
        }
        guard try source.isAtEnd() else {
            throw DatasetError(
                "`\(source.name)` goes on after the \(TextFormat.grouped(output.count)) bytes of values that"
                    + " its header asks for; it is damaged or not what it seems: download or copy it again")
        }
        if elementType == .float32 { try convertFloats(output.bindMemory(to: UInt32.self)) }
    }

    /// Checks, before memory is taken, that a file of this size can hold the values.
    private func checkSize(_ path: String) throws {
        guard shape.allSatisfy({ $0 > 0 }) else {
            throw DatasetError("`\(path)` is empty: its sizes are \(shape); give a file with data")
        }
        let rest = source.largestSize - source.bytesRead
        guard let size = DatasetLayout.product(shape + [elementType.byteCount]), size <= rest else {
            let sizes = shape.map { TextFormat.grouped($0) }.joined(separator: " × ")
            throw Self.truncated(
                path,
                "its header asks for \(sizes) values, but at most \(TextFormat.grouped(max(0, rest))) bytes"
                    + " of them can be there"
            )
        }
    }

    private func convertFloats(_ words: UnsafeMutableBufferPointer<UInt32>) throws {
        for index in words.indices {
            words[index] = UInt32(bigEndian: words[index])
            guard Float(bitPattern: words[index]).isFinite else {
                throw DatasetError(
                    "`\(source.name)` holds \(Float(bitPattern: words[index])) at value \(index);"
                        + " training needs finite numbers: clean the data"
                )
            }
        }
    }

    private static func read(_ count: Int, from source: ByteSource) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
        return Array(bytes[..<filled])
    }

    private static func truncated(_ path: String, _ fault: String) -> DatasetError {
        DatasetError("`\(path)` is truncated: \(fault); download or copy it again")
    }
}
