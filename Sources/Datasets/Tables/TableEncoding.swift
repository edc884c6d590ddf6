import System

/// How the columns of a table become features and targets. It is learned from the training file; new data are
/// encoded with it in the same way.
package struct TableEncoding: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// One feature: the number minus `offset`, which is 0 unless a Float would lose the differences.
        /// `fill` is the feature of a missing cell; nil if there may be none.
        case number(fill: Float?, offset: Double)
        /// One feature per category (one-hot): 1 for the cell's category and 0 for the others. `fill` is the
        /// index of the category that replaces a missing cell.
        case categories([String], fill: Int?)

        package var width: Int { if case .categories(let names, _) = self { names.count } else { 1 } }
    }

    package struct Column: Equatable, Sendable {
        package let name: String
        package let kind: Kind

        package init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    package enum Target: Equatable, Sendable {
        case absent
        /// `names` are in the order of the class indices.
        case classes(column: String, names: [String])
        /// The targets are the numbers minus the offsets, which are 0 unless a Float would lose the
        /// differences.
        case values(columns: [String], offsets: [Double])

        package var columns: [String] {
            switch self {
            case .absent: []
            case .classes(let column, _): [column]
            case .values(let columns, _): columns
            }
        }

        /// The number that is subtracted from each value; empty for classes.
        package var offsets: [Double] { if case .values(_, let offsets) = self { offsets } else { [] } }
    }

    package let format: CSVFormat
    package let missingCells: TableRules.MissingCells
    /// The columns of the features, in the order of the training file.
    package let columns: [Column]
    package let target: Target

    package init(format: CSVFormat, missingCells: TableRules.MissingCells, columns: [Column], target: Target)
    {
        self.format = format
        self.missingCells = missingCells
        self.columns = columns
        self.target = target
    }

    /// Tells whether all names are whole numbers in their usual spelling and small enough for a double to be
    /// exact. If they are, a cell `1.0` is the class `1`.
    static func areWholeNumbers(_ names: some Sequence<String>) -> Bool {
        names.allSatisfy { name in Int(name).map { String($0) == name && $0.magnitude < 1 << 53 } ?? false }
    }

    /// Features per sample.
    package var width: Int { columns.reduce(0) { $0 + $1.kind.width } }

    /// Refuses a table whose features take more than half of the memory. A short file may have very many
    /// features, one for each category.
    /// - Parameters:
    ///   - samples: the samples read so far.
    ///   - name: the table's name in messages.
    /// - Throws: `DatasetError`.
    package func checkSize(samples: Int, of name: String) throws {
        let size = DatasetLayout.product([samples, width, MemoryLayout<Float>.size])
        let limit = PhysicalMemory.limit
        guard size ?? .max <= limit.bytes / 2 else {
            throw DatasetError(
                "`\(name)` makes \(TextFormat.grouped(width)) features of each of"
                    + " \(TextFormat.grouped(samples)) samples or more, which take more than half of the"
                    + " memory (\(limit.clause)); list columns with many categories under `ignore`, or"
                    + " \(limit.cure)"
            )
        }
    }

    /// The number that is subtracted for each feature; 0 for most.
    package var featureOffsets: [Double] {
        columns.flatMap { column in
            if case .number(_, let offset) = column.kind { return [offset] }
            return Array(repeating: 0, count: column.kind.width)
        }
    }

    /// The name of each feature: "age", "job=clerk".
    package var featureNames: [String] {
        columns.flatMap { column in
            if case .categories(let names, _) = column.kind {
                names.map { "\(column.name)=\($0)" }
            } else {
                [column.name]
            }
        }
    }
}
