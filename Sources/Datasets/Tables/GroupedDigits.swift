/// Counts numbers such as `999` and `1.234`, whose mark may separate thousands instead of a fraction.
struct GroupedDigits {
    /// Whether every number so far has this form: at most three digits, and three more behind a mark.
    private(set) var isPossible: Bool
    /// Numbers without a mark.
    private var plain = 0
    private(set) var grouped = 0
    /// The first number with a mark.
    private(set) var example = ""
    private let mark: UInt8

    /// - Parameter format: the table's; nil for an array. Where commas separate the cells, points are hardly
    ///   separators of thousands.
    init(_ format: CSVFormat?) {
        mark = format?.decimal.byte ?? 0
        isPossible =
            format.map { $0.decimal == .comma || [.semicolon, .tab].contains($0.delimiter) } ?? false
    }

    /// Whether both forms occur. Numbers that all have three digits behind a mark are usually fractions; if
    /// they are thousands, each is read as a thousandth, which changes nothing for a model.
    var isAmbiguous: Bool { isPossible && plain > 0 && grouped > 0 }

    mutating func add(_ cell: UnsafeBufferPointer<UInt8>) {
        var digits = cell[...]
        if let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            digits.removeFirst()
        }
        let whole = digits.prefix { $0 &- UInt8(ascii: "0") < 10 }
        let rest = digits.dropFirst(whole.count)
        guard (1...3).contains(whole.count) else {
            isPossible = false
            return
        }
        if rest.isEmpty {
            plain += 1
            return
        }
        isPossible =
            rest.count == 4 && rest.first == mark && whole.first != UInt8(ascii: "0")
            && rest.dropFirst().allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
        grouped += 1
        if grouped == 1 { example = String(decoding: cell, as: UTF8.self) }
    }
}
