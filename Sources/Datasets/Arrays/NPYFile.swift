import System

/// An array in NumPy's format, plain or gzip, versions 1 to 3
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
struct NPYFile {
    /// The type of an element; the number is its size in bytes.
    enum Element: Equatable {
        case bool
        case signed(Int)
        case unsigned(Int)
        case float(Int)
        /// Texts of so many characters of 4 bytes (NumPy's `U`).
        case text(Int)
        /// Texts of so many bytes (NumPy's `S`).
        case byteText(Int)

        var byteCount: Int {
            switch self {
            case .bool: 1
            case .signed(let count), .unsigned(let count), .float(let count), .byteText(let count): count
            case .text(let count): 4 * count
            }
        }

        var isFloat: Bool { if case .float = self { true } else { false } }

        var isText: Bool {
            switch self {
            case .text, .byteText: true
            default: false
            }
        }
    }

    let path: String
    let element: Element
    let shape: [Int]
    private let isBigEndian: Bool
    /// Whether the first index changes fastest (column-major order).
    private let isFortran: Bool
    private let source: ByteSource

    var count: Int { shape.reduce(1, *) }

    /// Opens a file and reads its header.
    init(_ path: String) throws {
        self.path = path
        source = try ByteSource(path: path)
        let start = try Self.read(8, source)
        guard start.count == 8, start.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw Self.notNPY(path)
        }
        guard (1...3).contains(start[6]) else {
            throw Self.fault(path, "has version \(start[6]), 1 to 3 can be read")
        }
        let sizeBytes = try Self.read(start[6] == 1 ? 2 : 4, source)
        let size = sizeBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size <= 1 << 16 else {
            throw Self.fault(path, "claims a header of \(TextFormat.grouped(size)) bytes")
        }
        let header = try Self.read(size, source)
        guard header.count == size else { throw Self.fault(path, "ends within its header: it is truncated") }
        let fields = try NPYHeader(header, path: path)
        let type = try Self.element(fields.type, path)
        element = type.element
        isBigEndian = type.isBigEndian
        isFortran = fields.isFortran
        shape = fields.shape
        let rest = source.largestSize - source.bytesRead
        guard shape.allSatisfy({ $0 > 0 }) else { throw Self.fault(path, "is empty: its shape is \(shape)") }
        guard let bytes = DatasetLayout.product(shape + [element.byteCount]), bytes <= rest else {
            throw Self.fault(path, "is truncated: its shape \(shape) asks for more bytes than there can be")
        }
    }

    private static func notNPY(_ path: String) -> DatasetError {
        guard let known = ForeignFile(path: path) else {
            return DatasetError("`\(path)` is not an NPY file; write it with numpy.save (not numpy.savez)")
        }
        guard known.isArchive else { return DatasetError("`\(path)` \(known.fault); \(known.cure)") }
        return DatasetError(
            "`\(path)` is an archive of arrays (.npz) or of PyTorch; write each array to a file of its own,"
                + " such as numpy.save(\"x.npy\", numpy.load(\"\(Path.name(of: path))\")[\"x\"])")
    }

    private static func element(
        _ type: String, _ path: String
    ) throws -> (element: Element, isBigEndian: Bool) {
        let known: [String: Element] = [
            "b1": .bool, "i1": .signed(1), "i2": .signed(2), "i4": .signed(4), "i8": .signed(8),
            "u1": .unsigned(1), "u2": .unsigned(2),
            "u4": .unsigned(4), "u8": .unsigned(8), "f2": .float(2), "f4": .float(4), "f8": .float(8),
        ]
        let code = String(type.dropFirst())
        if let order = type.first, "<>|=".contains(order) {
            if let element = known[code] { return (element, order == ">") }
            if let length = Int(code.dropFirst()), (1...TableRules.longestName).contains(length) {
                if code.hasPrefix("U") { return (.text(length), order == ">") }
                if code.hasPrefix("S") { return (.byteText(length), order == ">") }
            }
        }
        let numbers = "numbers can be read: convert it with"
        let fault =
            switch code.first ?? "O" {
            case "O": "holds Python objects; \(numbers) .astype(\"float32\")"
            case "c": "holds complex numbers; write their .real and .imag as columns of their own"
            case "M", "m": "holds dates or durations; \(numbers) .astype(\"int64\"), in a unit that fits"
            case "f": "holds long floats of the type `\(type.prefix(40))`; \(numbers) .astype(\"float64\")"
            case "V": "holds records or raw bytes; save plain arrays of numbers, one per file"
            default: "holds elements of type `\(type.prefix(40))`; \(numbers) .astype(\"float32\")"
            }
        throw DatasetError("`\(path)` \(fault)")
    }

    // MARK: - Values

    /// The bytes of all elements in row-major order, in the file's type and byte order.
    private func rowMajorBytes() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count * element.byteCount)
        let read = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
        guard read == bytes.count else {
            throw Self.fault(
                path,
                "is truncated: its shape \(shape) asks for \(TextFormat.grouped(bytes.count)) bytes,"
                    + " there are \(TextFormat.grouped(read))"
            )
        }
        guard try source.isAtEnd() else {
            throw Self.fault(path, "goes on after the values that its shape \(shape) asks for")
        }
        guard isFortran, shape.count > 1 else { return bytes }
        return fromColumnMajor(bytes)
    }

    /// Reorders the elements: the first index changes fastest in the file, the last one in the result.
    private func fromColumnMajor(_ bytes: [UInt8]) -> [UInt8] {
        let size = element.byteCount
        var strides = [1]
        for length in shape.dropLast() { strides.append(strides[strides.count - 1] * length) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = [Int](repeating: 0, count: shape.count)
        var offset = 0
        for _ in 0..<count {
            result += bytes[offset * size..<(offset + 1) * size]
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                offset += strides[axis]
                if index[axis] < shape[axis] { break }
                offset -= shape[axis] * strides[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        return result
    }

    /// The elements as bytes; only for the types `b1` and `u1`.
    func bytes() throws -> [UInt8] {
        precondition(element == .bool || element == .unsigned(1), "Bytes are read from arrays of bytes")
        return try rowMajorBytes()
    }

    /// The elements as texts; only for arrays of texts.
    func texts() throws -> [String] {
        precondition(element.isText, "Texts are read from arrays of texts")
        let bytes = try rowMajorBytes()
        return try (0..<count).map { index in
            let cell = bytes[index * element.byteCount..<(index + 1) * element.byteCount]
            if case .byteText = element {
                let kept = cell.prefix(
                    (cell.lastIndex { $0 != 0 } ?? cell.startIndex - 1) + 1 - cell.startIndex)
                guard let text = String(validating: kept, as: UTF8.self) else {
                    throw DatasetError(
                        "`\(path)` holds a text at \(indices(index)) (counted from 0) whose bytes are not"
                            + " UTF-8; convert it with numpy.char.decode")
                }
                return text
            }
            var scalars = String.UnicodeScalarView()
            for start in stride(from: cell.startIndex, to: cell.endIndex, by: 4) {
                let unit = cell[start..<start + 4]
                let value = (isBigEndian ? Array(unit) : unit.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
                scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            }
            while scalars.last == "\0" { scalars.removeLast() }
            return String(scalars)
        }
    }

    /// The elements as doubles; only for arrays of numbers.
    func numbers() throws -> Numbers {
        precondition(!element.isText, "Numbers are read from arrays of numbers")
        return Numbers(bytes: try rowMajorBytes(), element: element, isBigEndian: isBigEndian)
    }

    /// The elements as whole numbers.
    func integers() throws -> [Int] {
        let numbers = try numbers()
        return try (0..<count).map { index in
            if let whole = numbers.integer(index) { return whole }
            guard element.isFloat else {
                throw Self.fault(path, "holds \(numbers.bits(index)) at \(index)")
            }
            throw Self.fault(
                path,
                "holds \(numbers[index]) at \(index), which is no class; leave out `classes` for values")
        }
    }

    /// The error that an element is not finite as a Float.
    func notFinite(_ index: Int, _ value: Double) -> DatasetError {
        DatasetError(
            "`\(path)` holds \(value) at \(indices(index)) (counted from 0);"
                + " training needs finite numbers: clean the data")
    }

    /// The indices of an element for a message: `[3, 0]`.
    private func indices(_ index: Int) -> String {
        var rest = index
        var indices: [Int] = []
        for length in shape.reversed() {
            indices.insert(rest % length, at: 0)
            rest /= length
        }
        return "\(indices)"
    }

    private static func read(_ count: Int, _ source: ByteSource) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
        return Array(bytes[..<filled])
    }

    private static func fault(_ path: String, _ text: String) -> DatasetError {
        DatasetError("`\(path)` \(text); write or copy it again")
    }
}
