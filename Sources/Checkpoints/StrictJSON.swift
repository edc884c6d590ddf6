/// Finds what JSON5 allows and JSON does not, in a text that has been parsed as JSON5: comments, single
/// quotes, bare keys, trailing commas, other white space, other numbers, other escapes.
enum StrictJSON {
    /// The offset of the first byte that is not JSON; nil if the whole text is.
    static func firstViolation(in text: [UInt8]) -> Int? {
        var scanner = Scanner(text: text)
        while scanner.offset < text.count {
            guard scanner.skipToken() else { return scanner.offset }
        }
        return nil
    }

    private struct Scanner {
        let text: [UInt8]
        var offset = 0
        /// The first byte of the token before the current one; 0 at the start.
        private var previous: UInt8 = 0

        init(text: [UInt8]) { self.text = text }

        /// Skips one token. False, with `offset` at the token, if it is not JSON.
        mutating func skipToken() -> Bool {
            let byte = text[offset]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D:
                offset += 1
                return true
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if previous == UInt8(ascii: ",") { return false }
                offset += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "\""): if !skipString() { return false }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): if !skipNumber() { return false }
            default: if !skipWord() { return false }
            }
            previous = byte
            return true
        }

        private mutating func skipString() -> Bool {
            offset += 1
            while offset < text.count, text[offset] != UInt8(ascii: "\"") {
                if text[offset] < 0x20 { return false }
                if text[offset] == UInt8(ascii: "\\") {
                    guard offset + 1 < text.count, "\"\\/bfnrtu".utf8.contains(text[offset + 1]) else {
                        return false
                    }
                    offset += 1
                }
                offset += 1
            }
            offset += 1
            return offset <= text.count
        }

        /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
        private mutating func skipNumber() -> Bool {
            if text[offset] == UInt8(ascii: "-") { offset += 1 }
            let start = offset
            let whole = skipDigits()
            guard whole > 0, whole == 1 || text[start] != UInt8(ascii: "0") else { return false }
            if at(".") {
                offset += 1
                guard skipDigits() > 0 else { return false }
            }
            if at("e") || at("E") {
                offset += 1
                if at("+") || at("-") { offset += 1 }
                guard skipDigits() > 0 else { return false }
            }
            return true
        }

        private mutating func skipWord() -> Bool {
            for word in ["true", "false", "null"]
            where text[offset...].starts(with: word.utf8) && previous != UInt8(ascii: "{") {
                let end = offset + word.utf8.count
                if previous == UInt8(ascii: ","), isKey(at: end) { return false }
                offset = end
                return true
            }
            return false
        }

        /// Tells whether a colon comes next, so that the word before it is a bare key.
        private func isKey(at offset: Int) -> Bool {
            text[offset...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: ":")
        }

        private mutating func skipDigits() -> Int {
            let start = offset
            while offset < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[offset]) {
                offset += 1
            }
            return offset - start
        }

        private func at(_ character: Unicode.Scalar) -> Bool {
            offset < text.count && text[offset] == UInt8(ascii: character)
        }
    }
}
