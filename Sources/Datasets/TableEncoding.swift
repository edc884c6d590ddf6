import System

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

    package init(format: CSVFormat, missingCells: TableRules.MissingCells, columns: [Column], target: Target)
    {
        (self.format, self.missingCells, self.columns, self.target) = (format, missingCells, columns, target)
    }

    /// Whether the names are whole numbers, each in its one spelling, that a double tells from their neighbours: a cell `1.0` is the class `1` then.
    static func areWholeNumbers(_ names: some Sequence<String>) -> Bool {
        names.allSatisfy { name in Int(name).map { String($0) == name && $0.magnitude < 1 << 53 } ?? false }
    }

    /// Features per sample.
    package var width: Int { columns.reduce(0) { $0 + $1.kind.width } }

    /// Refuses so many samples of the table `name` where their features, of which a short file may make very many, take more than half of the memory.
    package func checkSize(samples: Int, of name: String) throws {
        let size = DatasetLayout.product([samples, width, MemoryLayout<Float>.size])
        guard size ?? .max <= PhysicalMemory.byteCount / 2 else {
            throw DatasetError(
                "`\(name)` makes \(TextFormat.grouped(width)) features of each of \(TextFormat.grouped(samples)) samples or more, more than this"
                    + " machine's \(TextFormat.bytes(PhysicalMemory.byteCount)) hold; list columns with many categories under `ignore`"
            )
        }
    }

    /// What each feature is: "age", "job=clerk".
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
