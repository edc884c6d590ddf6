import Configuration
import Runs
import System

/// The importance of columns, as `evaluate --importance` shows it.
struct ImportanceTable {
    private let importance: PermutationImportance
    /// The most important column first.
    private let results: [PermutationImportance.Result]

    init(_ importance: PermutationImportance, _ results: [PermutationImportance.Result]) {
        self.importance = importance
        self.results = results.enumerated().sorted {
            ($1.element.mean, $0.offset) < ($0.element.mean, $1.offset)
        }.map(\.element)
    }

    var value: ConfigValue {
        let columns = results.map { result in
            ConfigValue.object([
                ("name", .string(result.name)), ("mean", .number(result.mean)),
                ("deviation", .number(result.deviation)), ("loss", .number(result.loss)),
            ])
        }
        return .object([
            ("score", .string(importance.score)), ("repeats", .int(importance.repeats)), ("seed", .int(0)),
            ("columns", .array(columns)),
        ])
    }

    /// - Parameter indent: spaces before each line.
    func text(indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        let width = max(6, results.map(\.name.count).max() ?? 0)
        let repeats = TextFormat.count(importance.repeats, "repeat")
        let lines = results.map { result in
            [TextFormat.left(result.name, width)]
                + [result.mean, result.deviation, result.loss].map {
                    TextFormat.right(TextFormat.measure($0), 10)
                }
        }
        let header =
            [TextFormat.left("column", width)]
            + ["mean", "deviation", "loss"].map { TextFormat.right($0, 10) }
        return
            (["importance: \(importance.score) lost, and loss gained, by shuffling a column (\(repeats))"]
            + ([header] + lines).map { $0.joined(separator: "  ") }).map { space + $0 }.joined(
                separator: "\n")
    }
}
