import Configuration
import Jobs
import System

/// Several runs side by side.
package struct RunComparison {
    package let runs: [RunEntry]
    /// The fields of the jobs that differ, with the value in each run; nil: absent.
    package let settings: [(path: String, values: [ConfigValue?])]
    /// The metrics of each set, with the value in each run; nil: not measured.
    package let metrics: [(name: String, values: [Double?])]

    package init(_ runs: [RunEntry]) {
        self.runs = runs
        settings = Self.differences(runs.map(\.job), "")
        metrics = ["train", "validation", "test"].flatMap { set in
            let measured = runs.map { Dictionary($0.metrics(set), uniquingKeysWith: { first, _ in first }) }
            var names: [String] = []
            for run in runs { names += run.metrics(set).map(\.name).filter { !names.contains($0) } }
            return names.map { name in ("\(set).\(name)", measured.map { $0[name] }) }
        }
    }

    /// The leaves in which values differ, by their paths.
    private static func differences(_ values: [ConfigValue?], _ path: String) -> [(String, [ConfigValue?])] {
        if values.dropFirst().allSatisfy({ $0 == values[0] }) { return [] }
        let objects = values.compactMap { $0?.members }
        if objects.count == values.count {
            var keys: [String] = []
            for members in objects { keys += members.map(\.key).filter { !keys.contains($0) } }
            return keys.flatMap { key in
                differences(values.map { $0?[key] }, path.isEmpty ? key : "\(path).\(key)")
            }
        }
        let lists = values.compactMap { $0?.elements }
        if lists.count == values.count, lists.allSatisfy({ $0.count == lists[0].count }) {
            return lists[0].indices.flatMap { index in
                differences(lists.map { $0[index] }, "\(path).\(index)")
            }
        }
        return [(path, values)]
    }

    /// The index of the run whose value is the best; nil if that is unknown, or all are equal.
    package static func best(_ name: String, _ values: [Double?]) -> Int? {
        guard let mode = MetricMonitor.parse("train." + (name.split(separator: ".").last ?? ""))?.mode,
            Set(values.compactMap { $0 }).count > 1
        else { return nil }
        let known = values.indices.filter { values[$0]?.isFinite == true }
        return known.min { first, second in
            let (a, b) = (values[first] ?? 0, values[second] ?? 0)
            return mode == .min ? a < b : a > b
        }
    }

    package var text: String {
        var rows = [[""] + runs.map(\.name), ["state"] + runs.map(\.state.rawValue)]
        rows.append(["epochs"] + runs.map { "\($0.epochs.done)" })
        rows += settings.map { [$0.path] + $0.values.map(Self.shown) }
        for (name, values) in metrics {
            let best = Self.best(name, values)
            let cells = values.enumerated().map { index, value in
                value.map { TextFormat.measure($0) + (index == best ? " *" : "") } ?? "-"
            }
            rows.append([name] + cells)
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { cells in
            var line = zip(cells, widths).map { TextFormat.left($0, $1) }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// A value on a short line; `-` where there is none.
    package static func shown(_ value: ConfigValue?) -> String {
        guard let value else { return "-" }
        let text = value.compactJSON()
        return text.count > 40 ? text.prefix(37) + "…" : text
    }

    package var value: ConfigValue {
        .object([
            ("runs", .array(runs.map(\.value))),
            ("differences", .object(settings.map { ($0.path, .array($0.values.map { $0 ?? .null })) })),
            (
                "metrics",
                .object(metrics.map { ($0.name, .array($0.values.map { $0.map { .number($0) } ?? .null })) })
            ),
        ])
    }
}
