import System

/// A file in the IDX format of the MNIST database (http://yann.lecun.com/exdb/mnist), plain or gzip: `00 00
/// type rank`, the sizes as big-endian u32, the values, big-endian, in row-major order.
struct IDXFile {
    /// The type of a value, by its code in the header.
    enum Element: UInt8 {
        case uint8 = 0x08
        case int8 = 0x09
        case int16 = 0x0B
        case int32 = 0x0C
        case float32 = 0x0D
        case float64 = 0x0E

        var byteCount: Int {
            switch self {
            case .uint8, .int8: 1
            case .int16: 2
            case .int32, .float32: 4
            case .float64: 8
            }
        }
    }

    let element: Element
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
            if let known = ForeignFile(path: path) {
                throw DatasetError("`\(path)` \(known.fault); \(known.cure)")
            }
            throw DatasetError(
                "`\(path)` is not an IDX file: it starts with \(TextFormat.hex(start)),"
                    + " an IDX file with 0000 and its type and rank;"
                    + " give the file of \(content) as it was published (plain or gzip)")
        }
        guard let element = Element(rawValue: start[2]) else {
            throw DatasetError(
                "`\(path)` holds IDX values of type 0x\(TextFormat.hex([start[2]])), which the format does"
                    + " not have; download or copy it again")
        }
        self.element = element
        let rank = Int(start[3])
        guard ranks.contains(rank) else {
            throw DatasetError(
                "`\(path)` has \(TextFormat.count(rank, "dimension")), \(content) have \(ranks.lowerBound) to"
                    + " \(ranks.upperBound); were the files of images and labels exchanged?")
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

    /// The type in which images of this file are kept.
    var elementType: ElementType { element == .uint8 ? .uint8 : .float32 }

    /// Reads the values into `output`, as bytes or as Float: see `elementType`.
    /// - Parameter offsets: what is subtracted from the values of each channel; nil finds it out.
    /// - Returns: the offsets.
    @discardableResult
    func read(into output: UnsafeMutableRawBufferPointer, minus offsets: [Double]? = nil) throws -> [Double] {
        guard element != .uint8 else {
            try readBytes(into: output)
            return []
        }
        // Images of rank 3 have one channel; the last axis of others is that of the channels or columns.
        let channels = ArrayChannels(count: shape.count == 3 ? 1 : shape[shape.count - 1], run: 1)
        let numbers = try numbers()
        let offsets = channels.known(offsets) ?? channels.offsets(of: numbers)
        try channels.floats(of: numbers, minus: offsets) { index, value in
            DatasetError(
                "`\(source.name)` holds \(value) at value \(index);"
                    + " training needs finite numbers of at most 3.4e38: clean the data")
        }.withUnsafeBytes { output.copyMemory(from: $0) }
        return offsets
    }

    /// Reads all values.
    func numbers() throws -> [Double] {
        var bytes = [UInt8](repeating: 0, count: shape.reduce(element.byteCount, *))
        try bytes.withUnsafeMutableBytes { try readBytes(into: $0) }
        return bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / element.byteCount).map { number(bytes, $0 * element.byteCount) }
        }
    }

    private func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Double {
        func load<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
            Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        return switch element {
        case .uint8: Double(bytes[offset])
        case .int8: Double(load(Int8.self))
        case .int16: Double(load(Int16.self))
        case .int32: Double(load(Int32.self))
        case .float32: Double(Float(bitPattern: load(UInt32.self)))
        case .float64: Double(bitPattern: load(UInt64.self))
        }
    }

    /// Reads the values as they are. `output` has as many bytes as the header says.
    private func readBytes(into output: UnsafeMutableRawBufferPointer) throws {
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
    }

    /// Checks, before memory is taken, that a file of this size can hold the values.
    private func checkSize(_ path: String) throws {
        guard shape.allSatisfy({ $0 > 0 }) else {
            throw DatasetError("`\(path)` is empty: its sizes are \(shape); give a file with data")
        }
        let rest = source.largestSize - source.bytesRead
        guard let size = DatasetLayout.product(shape + [element.byteCount]), size <= rest else {
            let sizes = shape.map { TextFormat.grouped($0) }.joined(separator: " × ")
            throw Self.truncated(
                path,
                "its header asks for \(sizes) values, but at most \(TextFormat.grouped(max(0, rest))) bytes"
                    + " of them can be there"
            )
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
