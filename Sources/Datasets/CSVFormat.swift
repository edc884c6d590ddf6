/// How a CSV file is written (RFC 4180: cells in double quotes may hold delimiters, line ends and doubled quotes). Lines end with LF, CRLF or
/// CR; a byte order mark, blank lines, and spaces around cells without quotes do not count.
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

    /// Whether the first line names the columns. Otherwise they are called by their numbers: "1", "2", …
    package var hasHeader: Bool
    package var delimiter: Delimiter
    /// Cells that stand for "not known".
    package var missing: [String]

    package static let usualMissing = ["", "NA", "?"]

    package init(hasHeader: Bool = true, delimiter: Delimiter = .comma, missing: [String] = usualMissing) {
        (self.hasHeader, self.delimiter, self.missing) = (hasHeader, delimiter, missing)
    }
}

/// How the columns of a training table become features and targets.
package struct TableRules: Equatable, Sendable {
    /// What is done about a missing cell.
    package enum MissingCells: String, CaseIterable, Sendable {
        /// It is an error.
        case error
        /// The sample is left out.
        case drop
        /// The training column's mean takes its place; in a categorical column the most frequent category (of equally frequent ones the first).
        /// A missing target is still an error.
        case mean
    }

    package enum Task: String, CaseIterable, Sendable {
        case classification
        case regression
    }

    /// The columns to predict; none for unsupervised learning, several for several values at once.
    package var targets: [String]
    /// Nil: classes if the target has a cell that is no number, or if all its cells are whole numbers of which at most
    /// `TableRules.mostNumberedClasses` differ; values otherwise.
    package var task: Task?
    /// Columns that are categorical although their cells are numbers.
    package var categorical: [String]
    package var ignored: [String]
    package var missingCells: MissingCells

    package static let mostNumberedClasses = 20
    /// A text column with more categories than this is probably no category: an error.
    package static let mostCategories = 1_000
    package static let mostClasses = 10_000
    /// Bytes of the name of a category or class.
    package static let longestName = 1_000
    /// A column with more numbers than this for each text is no text column: the texts are mistakes.
    package static let suspiciousNumbersPerText = 9

    package init(
        targets: [String] = [], task: Task? = nil, categorical: [String] = [], ignored: [String] = [],
        missingCells: MissingCells = .error
    ) {
        (self.targets, self.task, self.categorical) = (targets, task, categorical)
        (self.ignored, self.missingCells) = (ignored, missingCells)
    }
}
