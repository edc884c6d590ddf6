import Runs
import System

/// Runs as a table for people: a line each.
package struct RunTable {
    private let rows: [[String]]

    private static let titles = ["run", "started", "state", "epochs", "best", "last", "set"]

    package init(_ entries: [RunEntry]) { rows = entries.map(Self.row) }

    private static func row(_ run: RunEntry) -> [String] {
        let epochs = run.epochs
        let best = run.best.map { "\(short($0.metric)) \(TextFormat.measure($0.value)) in epoch \($0.epoch)" }
        let metrics = ["validation", "train"].lazy.map(run.metrics).first { !$0.isEmpty } ?? []
        let last = metrics.prefix(2).map { "\($0.name) \(TextFormat.measure($0.value))" }
        let started = (run.origin?.started ?? "").prefix(16).replacing("T", with: " ")
        return [
            run.name, String(started), run.state.rawValue,
            epochs.all.map { "\(epochs.done)/\($0)" } ?? "\(epochs.done)",
            best ?? "-", last.isEmpty ? "-" : last.joined(separator: " "),
            run.origin?.overrides.joined(separator: " ") ?? "",
        ]
    }

    private static func short(_ metric: String) -> String {
        metric.hasPrefix("validation.") ? String(metric.dropFirst(11)) : metric
    }

    /// The table, without the columns at the right for which there is no room. The names always stay.
    package func text(width: Int) -> String {
        let lines = [Self.titles] + rows
        let widths = Self.titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        var (shown, used) = (1, widths[0])
        while shown < widths.count, widths[shown] == 0 || used + 2 + widths[shown] <= width {
            used += 2 + widths[shown]
            shown += 1
        }
        return lines.map { cells in
            let padded = (0..<shown).map { TextFormat.left(cells[$0], widths[$0]) }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
