/// The cutting of a long text into pieces whose tokens, one behind the other, are those of the whole.
///
/// A cut lies between a line's end and the next line, where both the character before the line's end and the
/// one behind it are visible ASCII: no word of any tokenizer that cuts at white space goes across it, and no
/// run of white space is divided.
package enum TextPieces {
    package static let usualSize = 4 << 20

    /// Calls `body` with the ranges of the pieces; a text that has no such place is one piece.
    static func forEach(
        of text: UnsafeBufferPointer<UInt8>, size: Int = usualSize, _ body: (Range<Int>) throws -> Void
    ) rethrows {
        var start = 0
        while start < text.count {
            let end = cut(text, from: start + size)
            try body(start..<end)
            start = end
        }
    }

    /// The first place at or behind `offset` where the text may be cut, or its end.
    private static func cut(_ text: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
        guard offset < text.count else { return text.count }
        for place in max(2, offset)..<text.count
        where text[place - 1] == 0x0A && isVisible(text[place - 2]) && isVisible(text[place]) {
            return place
        }
        return text.count
    }

    private static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
}

extension Tokenizer {
    /// Whether a text may be cut as `TextPieces` does it.
    var allowsPieces: Bool {
        switch content {
        case .characters, .bytes, .words: true
        case .bpe(let bpe): bpe.allowsPieces
        }
    }
}

extension BPETokenizer {
    /// True if words end at a line's end, and nothing is done at the beginning of a text alone.
    fileprivate var allowsPieces: Bool {
        let cutsLines = preTokenizer.steps.contains { step in
            switch step {
            case .split, .byteLevel(_, splits: true): true
            case .digits, .byteLevel, .metaspace: false
            }
        }
        let isEven = preTokenizer.steps.allSatisfy { step in
            switch step {
            case .byteLevel(let addsSpace, _): !addsSpace
            case .metaspace: false
            case .split, .digits: true
            }
        }
        return cutsLines && isEven && normalizer.steps.allSatisfy { $0 == .nfc }
            && added.allSatisfy { !$0.takesSpaceBefore && !$0.content.contains(0x0A) }
    }
}

extension Tokenizer.Encoder {
    /// Calls `body` with the ids of a text of any length, as many at a time as a piece of the text has.
    /// - Throws: `DatasetError` as `encode`, and what `body` throws.
    package mutating func encode(
        long text: UnsafeBufferPointer<UInt8>, pieceSize: Int = TextPieces.usualSize,
        _ body: (_ ids: [Int32], _ end: Int) throws -> Void
    ) throws {
        guard tokenizer.allowsPieces, text.count > pieceSize else {
            return try body(encode(text), text.count)
        }
        try TextPieces.forEach(of: text, size: pieceSize) { range in
            let ids: [Int32]
            do { ids = try encode(UnsafeBufferPointer(rebasing: text[range])) } catch {
                // The places in messages are counted from the beginning of the text.
                throw tokenizer.fault(of: UnsafeBufferPointer(rebasing: text[..<range.upperBound])) ?? error
            }
            try body(ids, range.upperBound)
        }
    }
}

extension Tokenizer {
    /// The fault because of which a text cannot be encoded; nil if there is none.
    fileprivate func fault(of text: UnsafeBufferPointer<UInt8>) -> (any Error)? {
        do {
            try UTF8Scalars.require(text)
            if case .characters(let tokens) = content { try tokens.require(text) }
            return nil
        } catch { return error }
    }
}
