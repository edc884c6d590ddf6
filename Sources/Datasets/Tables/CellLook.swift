/// The kind of thing that a cell which is no number seems to hold.
package enum CellLook: Int, CaseIterable, Sendable {
    case decimalComma
    case decimalPoint
    case thousands
    case percentage
    case currency
    case minusSign
    case hexadecimal
    case spreadsheetError
    case boolean
    case date
    case time
    case unit
    case wrapped
    case text

    /// - Parameter decimal: the mark by which the table's numbers are read.
    init(_ bytes: UnsafeBufferPointer<UInt8>, decimal: CSVFormat.DecimalMark) {
        self = Self.look(of: String(decoding: bytes.prefix(64), as: UTF8.self), decimal)
    }

    private static func look(of text: String, _ decimal: CSVFormat.DecimalMark) -> CellLook {
        let lower = text.lowercased()
        if ["true", "false", "yes", "no", "t", "f", "y", "n", "on", "off"].contains(lower) {
            return .boolean
        }
        if text.hasPrefix("#"), text.hasSuffix("!") || text.hasSuffix("?") { return .spreadsheetError }
        guard text.utf8.contains(where: { (48...57).contains($0) }) else { return .text }
        if isHexadecimal(lower) { return .hexadecimal }
        if isDate(text) { return .date }
        if isTime(text) { return .time }
        return numberLook(text, decimal) ?? .text
    }

    /// The look of a number with something in or around it; nil if the text is none.
    private static func numberLook(_ text: String, _ decimal: CSVFormat.DecimalMark) -> CellLook? {
        if text.hasSuffix("%") || text.hasSuffix("‰") {
            return isNumber(trimmed(String(text.dropLast())), decimal) ? .percentage : nil
        }
        if text.hasPrefix("("), text.hasSuffix(")"), isNumber(String(text.dropFirst().dropLast()), decimal) {
            return .currency
        }
        if let number = unwrapped(text), isNumber(number, decimal) { return .wrapped }
        let bare = withoutCurrency(text)
        if bare != text { return isNumber(bare, decimal) ? .currency : nil }
        if text.contains("−"), isNumber(text.replacing("−", with: "-"), decimal) { return .minusSign }
        if let look = markLook(text) { return look }
        // A number and a word: `12 kg`.
        let number = text.prefix { $0.isNumber || $0 == "." || $0 == "," || $0 == "-" || $0 == "+" }
        let rest = text.dropFirst(number.count)
        let isWord = !rest.isEmpty && rest.allSatisfy { $0.isLetter || $0 == " " || $0 == "/" || $0 == "°" }
        return isWord && isNumber(String(number), decimal) ? .unit : nil
    }

    /// The look of digits with points and commas: `1,5`, `1.5`, `1,234.5`, `1 234,5`, `1'234`.
    private static func markLook(_ text: String) -> CellLook? {
        var digits = text
        if let first = digits.first, first == "-" || first == "+" { digits.removeFirst() }
        let marks = digits.filter { !$0.isASCII || !($0.isNumber) }
        guard !marks.isEmpty, digits.first?.isNumber == true || marks.first == "," else { return nil }
        let mantissa = digits.lowercased().split(separator: "e", maxSplits: 1)
        let isPower = mantissa.count == 2 && Int(mantissa[1]) != nil
        let body = isPower ? String(mantissa[0]) : digits
        guard body.allSatisfy({ $0.isNumber || ",.' \u{A0}\u{202F}_’".contains($0) }) else { return nil }
        let groups = body.split(omittingEmptySubsequences: false) { !$0.isNumber }
        let separators = body.filter { !$0.isNumber }
        if separators.count == 1 {
            // `1,234` may be either; by itself it counts as a fraction unless three digits follow.
            guard separators == "," || separators == "." else { return thousands(groups) }
            if !isPower, groups[0] != "0", let look = thousands(groups) { return look }
            return separators == "," ? .decimalComma : .decimalPoint
        }
        let last = separators.last ?? ","
        let isUniform = separators.allSatisfy { $0 == last }
        if isUniform, last == ",", isIndian(groups) { return .thousands }
        return thousands(isUniform ? groups : groups.dropLast())
    }

    private static func thousands(_ groups: [Substring]) -> CellLook? {
        groups.dropFirst().allSatisfy { $0.count == 3 } && (1...3).contains(groups[0].count)
            ? .thousands : nil
    }

    /// Tells `1,23,456`, which has two digits in each group but the last.
    private static func isIndian(_ groups: [Substring]) -> Bool {
        groups.last?.count == 3 && (1...2).contains(groups[0].count)
            && groups.dropFirst().dropLast().allSatisfy { $0.count == 2 }
    }

    /// The number in what a program wrote around it: `="5"`, `'5`, `b'5'`, `[5]`, `tensor(5.)`, `1.5D+01`.
    /// Nil if the text has another form.
    private static func unwrapped(_ text: String) -> String? {
        if text.hasPrefix("=\""), text.hasSuffix("\"") { return String(text.dropFirst(2).dropLast()) }
        if text.hasPrefix("b'"), text.hasSuffix("'") { return String(text.dropFirst(2).dropLast()) }
        if text.hasPrefix("'"), !text.hasSuffix("'") { return String(text.dropFirst()) }
        if text.hasPrefix("["), text.hasSuffix("]") { return String(text.dropFirst().dropLast()) }
        if text.hasSuffix(")"), let open = text.firstIndex(of: "("), calls.contains(String(text[..<open])) {
            return String(text[open...].dropFirst().dropLast().replacing("'", with: ""))
        }
        let power = text.lowercased().split(separator: "d", omittingEmptySubsequences: false)
        guard power.count == 2, Double(power[0]) != nil, Int(power[1]) != nil,
            power[0].contains(".") || power[1].hasPrefix("+") || power[1].hasPrefix("-")
        else { return nil }
        return String(power[0])
    }

    /// The words that Python writes before a number in parentheses.
    private static let calls = [
        "tensor", "array", "Decimal", "float", "int", "np.float64", "np.float32", "np.int64", "np.int32",
    ]

    private static func isNumber(_ text: String, _ decimal: CSVFormat.DecimalMark) -> Bool {
        let text = trimmed(text)
        guard !text.isEmpty, text.utf8.contains(where: { (48...57).contains($0) }) else { return false }
        return text.utf8.allSatisfy { (48...57).contains($0) || ",.' -+_eE".utf8.contains($0) }
            || text.unicodeScalars.allSatisfy {
                (48...57).contains($0.value) || ",.' -+\u{A0}\u{202F}".unicodeScalars.contains($0)
            }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " || $0 == "\u{A0}" }
        return String(start.reversed().drop { $0 == " " || $0 == "\u{A0}" }.reversed())
    }

    private static let currencies: [String] = [
        "$", "€", "£", "¥", "₹", "₩", "₽", "USD", "EUR", "GBP", "CHF", "JPY", "kr", "R$", "zł",
    ]

    private static func withoutCurrency(_ text: String) -> String {
        var text = text
        var sign = ""
        if let first = text.first, first == "-" || first == "+" {
            sign = String(first)
            text.removeFirst()
        }
        for word in currencies {
            if text.hasPrefix(word) { return trimmed(sign + text.dropFirst(word.count)) }
            if text.hasSuffix(word) { return trimmed(sign + text.dropLast(word.count)) }
        }
        return sign + text
    }

    private static func isHexadecimal(_ lower: String) -> Bool {
        let digits = lower.drop { $0 == "-" || $0 == "+" }
        return digits.hasPrefix("0x") && digits.count > 2
            && digits.dropFirst(2).allSatisfy { $0.isHexDigit }
    }

    /// `2024-01-31`, `31.01.2024`, `1/31/24`, `2024-01-31T12:00:00Z`, `31 Jan 2024`, `2024-01`.
    private static func isDate(_ text: String) -> Bool {
        let day = text.prefix { $0 != "T" || text.first?.isLetter == true }
        let words = day.split { " -/.,:".contains($0) }
        guard words.count >= 2, day.contains(where: { "-/. ".contains($0) }) else { return false }
        let months = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "okt", "mai",
            "mär", "dez",
        ]
        let named = words.prefix(4).contains { word in
            word.first?.isLetter == true && months.contains { word.lowercased().hasPrefix($0) }
        }
        let numbers = words.compactMap { Int($0) }
        if named { return numbers.contains { (1...31).contains($0) } || numbers.contains { $0 > 1_000 } }
        let separators = Set(day.filter { "-/.".contains($0) })
        guard separators.count == 1, numbers.count == words.count else { return false }
        let parts = Array(numbers.prefix(3))
        guard parts.count == 3 else {
            return words[0].count == 4 && words[1].count == 2 && (1...12).contains(parts[1])
                && (1_500...2_500).contains(parts[0]) && day.contains("-")
        }
        let isYearFirst = words[0].count == 4 && (1...12).contains(parts[1]) && (1...31).contains(parts[2])
        let isYearLast =
            [2, 4].contains(words[2].count) && (1...31).contains(parts[0]) && (1...31).contains(parts[1])
            && min(parts[0], parts[1]) <= 12 && words[0].count <= 2 && words[1].count <= 2
        return isYearFirst || isYearLast
    }

    /// `12:30`, `12:30:59.5`, `1:30 PM`.
    private static func isTime(_ text: String) -> Bool {
        let lower = text.lowercased()
        let clock = lower.hasSuffix("am") || lower.hasSuffix("pm") ? lower.dropLast(2) : lower[...]
        let parts = clock.split(separator: " ").joined().split(
            separator: ":", omittingEmptySubsequences: false)
        return (2...3).contains(parts.count)
            && parts.dropLast().allSatisfy { Int($0) != nil && $0.count <= 4 }
            && parts.last.map { Double($0) != nil && $0.prefix(while: { $0 != "." }).count == 2 } == true
    }
}
