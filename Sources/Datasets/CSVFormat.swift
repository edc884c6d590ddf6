/// How a CSV file is written (RFC 4180: cells in double quotes may hold delimiters, line ends and doubled
/// quotes). Lines end with LF, CRLF or CR. A byte order mark, blank lines, and spaces around unquoted cells
/// are ignored.
package struct CSVFormat: Equatable, Sendable {
    package enum Delimiter: String, CaseIterable, Sendable {
        case comma = ","
        case semicolon = ";"
        case tab

        var byte: UInt8 {
            switch self {
            case .comma: UInt8(ascii: ",")
            case .semicolon: UInt8(ascii: ";")
            case .tab: UInt8(ascii: "\t")
            }
        }
    }

    /// Whether the first line names the columns. Otherwise their names are their numbers: "1", "2", ….
    package var hasHeader: Bool
    package var delimiter: Delimiter
    /// The cells that stand for a missing value.
    package var missing: [String]

    package static let usualMissing = ["", "NA", "?"]

    package init(hasHeader: Bool = true, delimiter: Delimiter = .comma, missing: [String] = usualMissing) {
        self.hasHeader = hasHeader
        self.delimiter = delimiter
        self.missing = missing
    }
}
