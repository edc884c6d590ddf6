/// How a CSV file is written (RFC 4180: cells in double quotes may hold delimiters, line ends and doubled
/// quotes). Lines end with LF, CRLF or CR. A byte order mark, blank lines, spaces around unquoted cells, and
/// spaces around numbers and missing values in quotes are ignored; UTF-16 is read if its byte order mark says
/// so; a first line `sep=;` names the delimiter.
package struct CSVFormat: Equatable, Sendable {
    package enum Delimiter: String, CaseIterable, Sendable {
        case comma = ","
        case semicolon = ";"
        case tab
        case pipe = "|"
        /// One or more spaces or tabs, as R and many instruments write them.
        case space

        var byte: UInt8 {
            switch self {
            case .comma: UInt8(ascii: ",")
            case .semicolon: UInt8(ascii: ";")
            case .tab: UInt8(ascii: "\t")
            case .pipe: UInt8(ascii: "|")
            case .space: UInt8(ascii: " ")
            }
        }
    }

    /// The character before the fraction of a number.
    package enum DecimalMark: String, CaseIterable, Sendable {
        case point = "."
        case comma = ","

        var byte: UInt8 { self == .point ? UInt8(ascii: ".") : UInt8(ascii: ",") }
    }

    /// Whether the first line names the columns. Otherwise their names are their numbers: "1", "2", ….
    package var hasHeader: Bool
    package var delimiter: Delimiter
    package var decimal: DecimalMark
    /// The cells that stand for a missing value.
    package var missing: [String]

    /// The words that spreadsheets, pandas, R, SAS and databases write where a value is not known.
    package static let usualMissing = [
        "", "?", "-", "--", ".", "NA", "N/A", "n/a", "na", "N.A.", "n.a.", "<NA>", "#N/A", "#N/A N/A", "#NA",
        "NaN", "nan", "NAN", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "NULL", "null",
        "Null",
        "(null)", "#NULL!", "None", "none", "NONE", "nil", "NaT", "\\N",
    ]

    package init(
        hasHeader: Bool = true, delimiter: Delimiter = .comma, decimal: DecimalMark = .point,
        missing: [String] = usualMissing
    ) {
        self.hasHeader = hasHeader
        self.delimiter = delimiter
        self.decimal = decimal
        self.missing = missing
    }
}
