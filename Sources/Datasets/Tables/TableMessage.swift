import System

/// Sentences about the cells and columns of a table.
enum TableMessage {
    static func notFinite(_ cell: String) -> String {
        "`\(cell)` is not a finite number; clean the data, or list it under `missing`"
    }

    /// The error that a table has no such column, with the one that was probably meant.
    static func noColumn(_ name: String, in columns: [String], of file: String) -> DatasetError {
        let wanted = folded(name)
        let listed =
            columns.prefix(20).map { "`\($0)`" }.joined(separator: ", ") + (columns.count > 20 ? ", …" : "")
        if let same = columns.first(where: { folded($0) == wanted }) {
            return DatasetError(
                "`\(file)` has no column `\(name)`, but `\(same)`: write it so; its columns are \(listed)")
        }
        let comment = columns[0].hasPrefix("#") && columns[0].count > 1
        return DatasetError(
            "`\(file)` has no column `\(name)`; its columns are \(listed)"
                + (comment ? " (line 1 begins with `#`: if it is a comment, remove it)" : ""))
    }

    /// A name without case, spaces and marks.
    private static func folded(_ name: String) -> String {
        String(name.lowercased().filter { $0.isLetter || $0.isNumber })
    }

    /// A list in the config's spelling: `["a", "b"]`.
    static func json(_ names: [String]) -> String {
        "[" + names.map(quoted).joined(separator: ", ") + "]"
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Says what cells of this look are and what to do about them, among numbers or instead of numbers.
    static func cure(_ look: CellLook) -> String? {
        switch look {
        case .decimalComma: "looks like decimal commas: set decimal: \",\""
        case .decimalPoint: "looks like decimal points, but `decimal` is \",\": set decimal: \".\""
        case .thousands:
            "looks like separators of thousands: write numbers without them, or correct `decimal`"
        case .percentage: "looks like percentages: write them without the sign"
        case .currency: "looks like amounts of money: write numbers alone"
        case .minusSign: "has a minus sign that is no hyphen: write \"-\""
        case .hexadecimal: "looks like hexadecimal numbers: write them in decimal"
        case .spreadsheetError: "is the error of a spreadsheet's formula: mend the formula"
        case .date:
            "looks like dates: write numbers (days since a date, or columns for year, month and day)"
        case .time: "looks like times: write numbers (seconds)"
        case .unit: "has a unit: write numbers alone"
        case .wrapped: "has other signs around a number: write numbers alone"
        case .boolean: "looks like a truth value: write 0 and 1, or words alone"
        case .text: nil
        }
    }
}
