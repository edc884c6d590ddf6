/// The kind of content of a table's column, as its cells and its name tell: the one judgement that the
/// reader's notes, `data inspect` and `init` share.
package enum ColumnKind: Equatable, Sendable {
    /// No cell has a value.
    case empty
    /// Numbers and a few texts, which are probably mistakes or missing values.
    case mixed
    /// All cells are the same.
    case constant
    case number
    /// Texts that repeat, or numbers that the config calls categories.
    case category
    /// The classes of a target.
    case classes
    /// Texts of which most are different.
    case text
    /// Whole numbers that follow each other, in any order.
    case rowNumber
    /// Different numbers under a name such as `id`.
    case identifier
    /// Numbers such as 20240131.
    case dayNumber
    /// Cells of another look than a number or a word: dates, decimal commas, ….
    case look(CellLook)

    /// A word or two for people and programs.
    package var title: String {
        switch self {
        case .empty: "empty"
        case .mixed: "mixed"
        case .constant: "constant"
        case .number: "number"
        case .category: "category"
        case .classes: "class"
        case .text: "text"
        case .rowNumber: "row number"
        case .identifier: "identifier"
        case .dayNumber: "date"
        case .look(let look): look.title
        }
    }
}

extension ColumnFacts {
    /// Different texts that a short table may have without being called texts.
    static let fewTexts = 10

    /// Whether most cells are different texts, too many for categories.
    var areMostlyDifferentTexts: Bool {
        names.isOverfull || (distinct.count > Self.fewTexts && 2 * distinct.count > texts + numbers)
    }

    /// Judges a column that the config does not call categorical.
    /// - Parameter isKey: whether its name is one of those that identify rows (`ColumnName.isKey`).
    func kind(isKey: Bool) -> ColumnKind {
        if numbers + texts + notFinite == 0 { return .empty }
        if isConstant { return .constant }
        // Mistakes among numbers are few; identifiers such as ticket numbers are often no numbers.
        if numbers > 0, texts > 0 { return 9 * texts > numbers && areMostlyDifferentTexts ? .text : .mixed }
        if texts > 0 {
            if mainLook != .text, mainLook != .boolean { return .look(mainLook) }
            return areMostlyDifferentTexts ? .text : .category
        }
        if isRowNumber { return .rowNumber }
        if isKey, isNearlyUnique, isWhole { return .identifier }
        return isWhole && days == numbers ? .dayNumber : .number
    }
}

/// The name of a column, as far as it tells that the column identifies rows.
struct ColumnName {
    /// Whether columns of this name usually number rows or things: `id`, `user_id`, `Unnamed: 0`, `index`.
    let isKey: Bool
    /// Whether the header probably had no name: pandas says `Unnamed: 0`, this reader the column's number, 1.
    let isUnnamed: Bool

    private static let keys = [
        "id", "ids", "index", "idx", "uuid", "guid", "key", "row", "rowid", "rownames", "number", "nr", "no",
        "#", "obs",
    ]

    init(_ name: String, index: Int) {
        isUnnamed = name.hasPrefix("Unnamed: ") || (name == "1" && index == 0)
        isKey =
            isUnnamed || Self.keys.contains(Self.lastWord(name)) || name.hasSuffix("Id")
            || name.hasSuffix("ID")
    }

    /// The last word in lower case: `no` of `row_no` and `rowNo`.
    private static func lastWord(_ name: String) -> String {
        let last = name.split { !$0.isLetter && !$0.isNumber && $0 != "#" }.last ?? ""
        var start = last.startIndex
        for (before, place) in zip(last.indices, last.indices.dropFirst())
        where last[before].isLowercase && last[place].isUppercase {
            start = place
        }
        return last[start...].lowercased()
    }
}

extension CellLook {
    fileprivate var title: String {
        switch self {
        case .decimalComma: "decimal comma"
        case .decimalPoint: "decimal point"
        case .thousands: "separated thousands"
        case .percentage: "percentage"
        case .currency: "money"
        case .minusSign: "other minus sign"
        case .hexadecimal: "hexadecimal"
        case .spreadsheetError: "spreadsheet error"
        case .boolean: "truth value"
        case .date: "date"
        case .time: "time"
        case .unit: "number with unit"
        case .wrapped: "number in other signs"
        case .text: "text"
        }
    }
}
