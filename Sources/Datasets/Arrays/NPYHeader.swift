/// The header of an NPY file, a Python literal: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4),
/// }`.
struct NPYHeader {
    /// NumPy's name of the element type, like `<f4`.
    let type: String
    /// Whether the first index changes fastest (column-major order).
    let isFortran: Bool
    let shape: [Int]

    private enum Token: Equatable {
        case mark(UInt8)
        case string(String)
        case word(String)
    }

    init(_ bytes: [UInt8], path: String) throws {
        let damaged = DatasetError("`\(path)` has a header that numpy.save does not write; write it again")
        guard let tokens = Self.tokens(bytes) else { throw damaged }
        var rest = tokens[...]
        var type: String?
        var isFortran: Bool?
        var shape: [Int]?
        guard rest.popFirst() == .mark(UInt8(ascii: "{")) else { throw damaged }
        while rest.first != .mark(UInt8(ascii: "}")) {
            guard case .string(let key)? = rest.popFirst(), rest.popFirst() == .mark(UInt8(ascii: ":")) else {
                throw damaged
            }
            switch (key, rest.popFirst()) {
            case ("descr", .string(let text)?): type = text
            case ("descr", .mark(UInt8(ascii: "["))?):
                throw DatasetError(
                    "`\(path)` holds records of several fields; save plain arrays of numbers, one per file")
            case ("fortran_order", .word("True")?): isFortran = true
            case ("fortran_order", .word("False")?): isFortran = false
            case ("shape", .mark(UInt8(ascii: "("))?): shape = Self.shape(&rest)
            default: throw damaged
            }
            if rest.first == .mark(UInt8(ascii: ",")) { rest.removeFirst() }
        }
        guard let type, let isFortran, let shape else { throw damaged }
        guard !shape.isEmpty else {
            throw DatasetError(
                "`\(path)` holds a single value, such as a dictionary or a list of arrays that was saved"
                    + " whole; save each array of samples with numpy.save")
        }
        guard (1...DatasetForm.maximalRank).contains(shape.count) else {
            throw DatasetError(
                "`\(path)` has \(shape.count) dimensions; arrays of 1 to \(DatasetForm.maximalRank) can be"
                    + " read")
        }
        self.type = type
        self.isFortran = isFortran
        self.shape = shape
    }

    private static func shape(_ rest: inout ArraySlice<Token>) -> [Int]? {
        var sizes: [Int] = []
        while let token = rest.popFirst() {
            switch token {
            case .mark(UInt8(ascii: ")")): return sizes
            case .mark(UInt8(ascii: ",")): continue
            case .word(let text):
                guard let size = Int(text), size >= 0, size < 1 << 47 else { return nil }
                sizes.append(size)
            default: return nil
            }
        }
        return nil
    }

    private static func tokens(_ bytes: [UInt8]) -> [Token]? {
        var tokens: [Token] = []
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"): offset += 1
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                guard let end = bytes[(offset + 1)...].firstIndex(of: byte) else { return nil }
                tokens.append(.string(String(decoding: bytes[offset + 1..<end], as: UTF8.self)))
                offset = end + 1
            case _ where isWord(byte):
                let end = bytes[offset...].firstIndex { !isWord($0) } ?? bytes.count
                tokens.append(.word(String(decoding: bytes[offset..<end], as: UTF8.self)))
                offset = end
            default:
                tokens.append(.mark(byte))
                offset += 1
            }
        }
        return tokens
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
