import Configuration
import Datasets
import System

/// The choices that make a training set of a table: its target, the target's task, and the columns that are
/// left out.
package struct TableDraft: Equatable {
    package let target: String
    /// Why this column is the target; nil if the user says so.
    package let targetReason: String?
    package let isClassification: Bool
    package let taskReason: String
    package let ignored: [Ignored]
    package let missingCells: TableRules.MissingCells

    package struct Ignored: Equatable, Sendable {
        package let name: String
        package let reason: String

        package init(name: String, reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    /// Names that targets usually have, the most usual ones first.
    private static let usualNames = [
        "target", "label", "labels", "class", "classes", "y", "species", "outcome", "response", "diagnosis",
        "survived", "churn", "category", "cultivar", "medv", "quality",
    ]
    /// - Parameter target: the column that the user names; nil chooses one.
    /// - Throws: `UsageError` if there is no such column, or nothing to learn.
    package init(_ table: TableReport, of path: String, target named: String?) throws {
        guard table.columns.count >= 2 else {
            throw UsageError(
                "`\(path)` has one column, and a training needs features and a target; give a table with"
                    + " several columns")
        }
        let column: TableReport.Column
        (column, targetReason) = try Self.choose(table, path, named)
        target = column.name
        guard column.values > 0 else {
            throw UsageError("the target `\(column.name)` of `\(path)` is empty; name another with --target")
        }
        (isClassification, taskReason) = try Self.task(of: column, path)
        let features = table.columns.filter { $0.name != column.name }
        ignored = features.compactMap { feature in
            Self.reasonToIgnore(feature, isFirst: feature.name == table.columns[0].name).map {
                Ignored(name: feature.name, reason: $0)
            }
        }
        guard ignored.count < features.count else {
            throw UsageError(
                "no column of `\(path)` is of use as a feature: \(ignored[0].name) \(ignored[0].reason)")
        }
        let left = Set(ignored.map(\.name))
        missingCells =
            column.missing > 0
            ? .drop : features.contains { $0.missing > 0 && !left.contains($0.name) } ? .mean : .error
    }

    /// The texts of a table whose only feature they are, each with a class; nil for other tables.
    /// - Throws: `UsageError` if there is no such target.
    static func texts(_ table: TableReport, of path: String, target named: String?) throws -> TextDraft? {
        guard table.columns.count >= 2 else { return nil }
        let target = try choose(table, path, named).0
        guard target.values > 0, target.missing == 0, try task(of: target, path).0 else { return nil }
        let features = table.columns.filter {
            $0.name != target.name && reasonToIgnore($0, isFirst: $0.name == table.columns[0].name) == nil
        }
        let texts = table.columns.filter { $0.name != target.name && $0.kind == .text }
        guard features.isEmpty, texts.count == 1, texts[0].missing == 0 else { return nil }
        return TextDraft(column: texts[0].name, of: path, target: target.name)
    }

    private static func choose(_ table: TableReport, _ path: String, _ named: String?) throws -> (
        TableReport.Column, String?
    ) {
        let names = table.columns.map(\.name)
        if let named {
            if let column = table.columns.first(where: { $0.name == named }) { return (column, nil) }
            let nearest = Suggestion.nearest(to: named, among: names).map { "did you mean `\($0)`?" }
            let listed = names.prefix(20).map { "`\($0)`" }.joined(separator: ", ")
            throw UsageError(
                "`\(path)` has no column `\(named)`: "
                    + (nearest ?? "its columns are \(listed)\(names.count > 20 ? ", …" : "")"))
        }
        for usual in usualNames {
            if let column = table.columns.first(where: { $0.name.lowercased() == usual }) {
                return (column, "by its name")
            }
        }
        return (table.columns[table.columns.count - 1], "the last column")
    }

    /// Classes are texts, or few whole numbers that occur often.
    private static func task(of column: TableReport.Column, _ path: String) throws -> (Bool, String) {
        let values = TextFormat.count(column.distinct, "value")
        guard column.distinct > 1 else {
            throw UsageError(
                "the target `\(column.name)` of `\(path)` has the same value in every row, so there is"
                    + " nothing to learn; name another with --target")
        }
        guard column.looksLikeClasses else {
            return (false, "numbers, \(column.distinctIsExact ? values : "many")")
        }
        guard column.texts > 0 else { return (true, "whole numbers, \(column.distinct) different ones") }
        guard column.distinct <= max(20, column.values / 2), column.distinct <= TableRules.mostClasses else {
            throw UsageError(
                "the target `\(column.name)` of `\(path)` has \(values) in"
                    + " \(TextFormat.count(column.values, "row")), which are names and no classes;"
                    + " name another with --target")
        }
        return (true, "texts, \(column.distinct) different ones")
    }

    /// Why a column cannot teach anything; nil if it may. Columns that are probably damaged stay, and the
    /// reader names their fault.
    private static func reasonToIgnore(_ column: TableReport.Column, isFirst: Bool) -> String? {
        switch column.kind {
        case .empty: "is empty"
        case .constant: "is the same in every row"
        case .identifier: "has another number in every row"
        // A column of years that follow each other may mean something.
        case .rowNumber: isFirst || column.isNamedKey ? "counts the rows" : nil
        case .text: "has texts that are different in most rows"
        case .look(.date), .look(.time): "has \(column.kind.title)s, which are no numbers"
        case .mixed, .number, .category, .classes, .dayNumber, .look: nil
        }
    }
}
