import Configuration
import System

/// The results of an ensemble's members, and the metrics of their mean prediction.
package struct EnsembleResult {
    /// The metrics of the ensemble on one data set; null if not all members were evaluated on it.
    package typealias Evaluation = (set: String, metrics: ConfigValue)

    /// The ensemble's run directory.
    private let path: String
    /// The members' `result.json`.
    private let members: [ConfigValue]
    private let evaluations: [Evaluation]

    package init(path: String, members: [ConfigValue], evaluations: [Evaluation]) {
        self.path = path
        self.members = members
        self.evaluations = evaluations
    }

    /// - Parameter value: the content of the ensemble's `result.json`.
    package init(path: String, value: ConfigValue) {
        self.init(
            path: path, members: value["members"]?.elements ?? [],
            evaluations: (value["ensemble"]?.members ?? []).map { ($0.key, $0.value) })
    }

    /// The content of the ensemble's `result.json`. Its `state_sha256` is the hash of the members' hashes,
    /// joined as text.
    package var value: ConfigValue {
        let hashes = members.compactMap { $0["state_sha256"]?.text }.joined()
        return .object([
            ("members", .array(members)),
            ("ensemble", .object(evaluations.map { ($0.set, $0.metrics) })),
            ("state_sha256", .string(SHA256.hexDigest(of: Array(hashes.utf8)))),
            ("exact", .bool(members.allSatisfy { $0["exact"] == .bool(true) })),
        ])
    }

    /// Seconds of training of all members together.
    package var seconds: Double { members.reduce(0) { $0 + ($1["seconds"]?.double ?? 0) } }

    /// The result for people: on every data set the metrics of each member, and of all together.
    package func text(named name: String) -> String {
        var lines = ["\(name): an ensemble of \(members.count)"]
        for (set, together) in evaluations where together.members != nil {
            lines.append("  \(set)")
            let rows = members.enumerated().map { ("member \($0)", $1[set] ?? .null) }
            for (row, metrics) in rows + [("together", together)] {
                lines.append("    \(TextFormat.left(row, 12)) \(Self.line(metrics))")
            }
        }
        return (lines + ["  results in   \(path)"]).joined(separator: "\n")
    }

    /// The metrics that are numbers: `loss 0.1234   accuracy 0.9500`.
    private static func line(_ metrics: ConfigValue) -> String {
        (metrics.members ?? []).compactMap { metric in
            guard case .number(let number) = metric.value.kind else { return nil }
            return "\(metric.key) \(TextFormat.measure(number.value))"
        }.joined(separator: "   ")
    }
}
