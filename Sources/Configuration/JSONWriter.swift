/// Writes values as JSON that any JSON reader understands and that `JSON5.parse` reads back.
extension ConfigValue {
    /// The representation of NaN and the infinities, which JSON does not have.
    package enum NonFiniteNumbers: Sendable {
        case null
        /// `NaN`, `Infinity` and `-Infinity`: only for files that this program reads.
        case json5
    }

    /// The value on one line, without a line end: `{"step":12,"loss":0.25}`.
    package func compactJSON(nonFinite: NonFiniteNumbers = .null) -> String {
        var writer = JSONWriter(nonFinite: nonFinite, comma: ",", colon: ":")
        writer.writeLine(self)
        return writer.text
    }

    /// The value for people: indented, with lists and objects on one line where they fit. It ends with a line
    /// end.
    package func prettyJSON(nonFinite: NonFiniteNumbers = .null) -> String {
        var writer = JSONWriter(nonFinite: nonFinite, comma: ", ", colon: ": ")
        writer.writeIndented(self, indent: 0, column: 0)
        return writer.text + "\n"
    }
}

extension ConfigValue {
    /// For people: JSON5 on one line, keys without quotes where they need none.
    package var json5: String {
        var writer = JSONWriter(nonFinite: .json5, comma: ", ", colon: ": ", quotesKeys: false)
        writer.writeLine(self)
        return writer.text
    }
}

private struct JSONWriter {
    let nonFinite: ConfigValue.NonFiniteNumbers
    let comma: String
    let colon: String
    var quotesKeys = true
    var text = ""

    private static let lineWidth = 100

    mutating func writeLine(_ value: ConfigValue) {
        switch value.kind {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let number): text += spelled(number)
        case .string(let string): writeString(string)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += comma }
                writeLine(element)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += comma }
                writeKey(member.key)
                text += colon
                writeLine(member.value)
            }
            text += "}"
        }
    }

    /// Writes a value over several lines if it is too long for one.
    /// - Parameter column: the column in which the value begins on its line.
    mutating func writeIndented(_ value: ConfigValue, indent: Int, column: Int) {
        if indent > 0 || value.isScalar, let line = line(value, width: Self.lineWidth - column) {
            text += line
            return
        }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = "\n" + String(repeating: " ", count: indent)
        switch value.kind {
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "[\n" : ",\n") + inner
                writeIndented(element, indent: indent + 2, column: indent + 2)
            }
            text += outer + "]"
        case .object(let members) where !members.isEmpty:
            for (index, member) in members.enumerated() {
                text += (index == 0 ? "{\n" : ",\n") + inner
                let before = text.utf8.count
                writeString(member.key)
                text += colon
                writeIndented(member.value, indent: indent + 2, column: indent + 2 + text.utf8.count - before)
            }
            text += outer + "}"
        default: writeLine(value)
        }
    }

    /// The value on one line; nil if it is longer than `width`.
    private func line(_ value: ConfigValue, width: Int) -> String? {
        // The number of values alone shows that most long containers do not fit.
        guard value.leastWidth(below: width) <= width else { return nil }
        var writer = JSONWriter(nonFinite: nonFinite, comma: comma, colon: colon)
        writer.writeLine(value)
        return writer.text.utf8.count <= width ? writer.text : nil
    }

    /// Spells whole numbers in decimal, and others as the shortest decimal that reads back as the same
    /// double.
    private func spelled(_ number: ConfigNumber) -> String {
        if !number.value.isFinite {
            if nonFinite == .null { return "null" }
            return number.value.isNaN ? "NaN" : number.value < 0 ? "-Infinity" : "Infinity"
        }
        let isNegativeZero = number.value == 0 && number.value.sign == .minus
        if !isNegativeZero, let unsigned = number.unsigned { return "\(unsigned)" }
        if !isNegativeZero, let integer = number.integer { return "\(integer)" }
        return number.value.description
    }

    private mutating func writeKey(_ key: String) {
        let isWord = key.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        if isWord, !quotesKeys, let first = key.utf8.first, first > 57 {
            text += key
        } else {
            writeString(key)
        }
    }

    private mutating func writeString(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || JSON5Parser.isLineEnd(scalar):
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension ConfigValue {
    fileprivate var isScalar: Bool { members == nil && elements == nil }

    /// A lower bound of the value's width on one line, counted up to about `limit`.
    fileprivate func leastWidth(below limit: Int) -> Int {
        var width = 1
        for value in elements ?? members?.map(\.value) ?? [] {
            width += value.leastWidth(below: limit - width) + 1
            if width > limit { break }
        }
        return width
    }
}
