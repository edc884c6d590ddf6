/// A token for every character (Unicode scalar) of the training text, in the order of their numbers.
struct CharacterTokens: Sendable {
    let scalars: [UInt32]
    /// Whether there is one more token, for the end of a document.
    let hasEnd: Bool
    /// The token of each scalar up to the largest one that has one; −1 for none.
    private let ids: [Int32]

    init(scalars: [UInt32], hasEnd: Bool) {
        self.scalars = scalars
        self.hasEnd = hasEnd
        var ids = [Int32](repeating: -1, count: Int(scalars.max() ?? 0) + 1)
        for (id, scalar) in scalars.enumerated() { ids[Int(scalar)] = Int32(id) }
        self.ids = ids
    }

    /// Collects the characters of training texts.
    struct Collector {
        private var isThere = [Bool](repeating: false, count: 0x110000)

        /// - Parameter text: valid UTF-8.
        mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
            var offset = 0
            while offset < text.count {
                let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
                isThere[Int(scalar)] = true
                offset += length
            }
        }

        func tokens(hasEnd: Bool) -> CharacterTokens {
            CharacterTokens(
                scalars: isThere.indices.filter { isThere[$0] }.map { UInt32($0) }, hasEnd: hasEnd)
        }
    }

    var vocabularySize: Int { scalars.count + (hasEnd ? 1 : 0) }
    var endOfText: Int32? { hasEnd ? Int32(scalars.count) : nil }

    /// - Throws: `DatasetError` for a character that the training text does not have.
    func encode(_ text: UnsafeBufferPointer<UInt8>, into output: inout [Int32]) throws {
        var offset = 0
        while offset < text.count {
            let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
            guard let id = id(of: scalar) else { throw Self.unknown(scalar, in: text, at: offset) }
            output.append(id)
            offset += length
        }
    }

    @inline(__always)
    private func id(of scalar: UInt32) -> Int32? {
        guard scalar < ids.count, ids[Int(scalar)] >= 0 else { return nil }
        return ids[Int(scalar)]
    }

    /// - Throws: `DatasetError` for the first character that the training text does not have.
    func require(_ text: UnsafeBufferPointer<UInt8>) throws {
        var offset = 0
        while offset < text.count {
            let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
            guard id(of: scalar) != nil else { throw Self.unknown(scalar, in: text, at: offset) }
            offset += length
        }
    }

    private static func unknown(_ scalar: UInt32, in text: UnsafeBufferPointer<UInt8>, at offset: Int)
        -> DatasetError
    {
        let before = text[..<offset]
        let line = before.count { $0 == 10 } + 1
        let column =
            before.suffix(from: before.lastIndex(of: 10).map { $0 + 1 } ?? 0)
            .count { $0 & 0xC0 != 0x80 } + 1
        let digits = String(scalar, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        let isVisible = scalar > 0x20 && !(0x7F...0xA0).contains(scalar)
        let sign =
            isVisible ? "`\(String(decoding: UTF8Scalars.bytes(scalar), as: UTF8.self))` (\(code))" : code
        return DatasetError(
            "line \(line), column \(column) of the text: the training text has no character \(sign); remove"
                + " it, or use the tokenizer `bytes`, which knows every text")
    }

    func bytes(of id: Int32) -> [UInt8] {
        scalars.indices.contains(Int(id)) ? UTF8Scalars.bytes(scalars[Int(id)]) : []
    }
}
