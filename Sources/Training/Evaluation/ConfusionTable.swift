import System

/// A confusion matrix as text: a row for every class, a column for every prediction.
package enum ConfusionTable {
    private static let longestName = 16

    /// - Parameters:
    ///   - matrix: the number of samples by class and prediction.
    ///   - classNames: the names of the rows; numbers replace them if there are not as many as rows.
    ///   - indent: spaces before each line.
    package static func text(_ matrix: [[Int]], classNames: [String], indent: Int) -> String {
        let shownNames = classNames.count == matrix.count ? classNames : matrix.indices.map(String.init)
        let names = shownNames.map(shortened)
        let header = "actual \\ predicted"
        let first = max(header.count, names.map(\.count).max() ?? 0)
        let widths = names.indices.map { column in
            max(names[column].count, matrix.map { TextFormat.grouped($0[column]).count }.max() ?? 0)
        }
        func line(_ name: String, _ cells: [String]) -> String {
            let cells = zip(cells, widths).map { TextFormat.right($0, $1) }
            return String(repeating: " ", count: indent)
                + ([TextFormat.left(name, first)] + cells).joined(separator: "  ")
        }
        let rows = zip(names, matrix).map { name, row in line(name, row.map(TextFormat.grouped)) }
        return ([line(header, names)] + rows).joined(separator: "\n")
    }

    private static func shortened(_ name: String) -> String {
        name.count > longestName ? String(name.prefix(longestName - 1)) + "…" : name
    }
}
