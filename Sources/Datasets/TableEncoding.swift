/// How a table's columns become features and targets, as learned from the training file: what new data need to be encoded the same way.
package struct TableEncoding: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// One feature; `fill` takes the place of a missing cell (nil: there may be none).
        case number(fill: Float?)
        /// One feature per category, 1 for the cell's and 0 for the others; `fill` is the index of a missing cell's category.
        case categories([String], fill: Int?)

        var width: Int { if case .categories(let names, _) = self { names.count } else { 1 } }
    }

    package struct Column: Equatable, Sendable {
        package let name: String
        package let kind: Kind

        package init(name: String, kind: Kind) { (self.name, self.kind) = (name, kind) }
    }

    package enum Target: Equatable, Sendable {
        case absent
        /// `names` in the order of the class indices.
        case classes(column: String, names: [String])
        case values(columns: [String])

        package var columns: [String] {
            switch self {
            case .absent: []
            case .classes(let column, _): [column]
            case .values(let columns): columns
            }
        }
    }

    package let format: CSVFormat
    package let missingCells: TableRules.MissingCells
    /// The features' columns, in the order of the training file.
    package let columns: [Column]
    package let target: Target

    package init(format: CSVFormat, missingCells: TableRules.MissingCells, columns: [Column], target: Target) {
        (self.format, self.missingCells, self.columns, self.target) = (format, missingCells, columns, target)
    }

    /// Features per sample.
    package var width: Int { columns.reduce(0) { $0 + $1.kind.width } }

    /// What each feature is: "age", "job=clerk".
    package var featureNames: [String] {
        columns.flatMap { column in
            if case .categories(let names, _) = column.kind { names.map { "\(column.name)=\($0)" } } else { [column.name] }
        }
    }
}
