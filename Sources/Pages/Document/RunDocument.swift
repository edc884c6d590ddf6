import Configuration
import Telemetry

/// The JSON of a run, as the script of pages and reports draws it.
package struct RunDocument: Sendable {
    package var facts: RunFacts
    package var overview: RunOverview
    /// Figures of the result. While there are none, the newest evaluations are shown.
    package var figures: [Figure] = []
    /// Further drawings: see `PageDocument`.
    package var plots: [ConfigValue] = []
    package var dropped: [(sink: String, count: Int)] = []

    package init(_ facts: RunFacts, _ overview: RunOverview) {
        self.facts = facts
        self.overview = overview
    }

    /// The whole run.
    /// - Parameter now: seconds since 1970-01-01 UTC.
    package func value(at now: Double) -> ConfigValue {
        .object(
            [
                ("name", .string(facts.name)), ("directory", .string(facts.directory)),
                ("command", .optional(facts.command)),
            ] + moment(at: now) + [
                ("curves", .array(overview.curves.curves.map { Self.value($0, from: 0) })),
                ("events", .array(overview.timeLine.entries.map(Self.value))), ("phases", phases),
                ("model", facts.model?.value ?? .null),
                (
                    "environment",
                    .array(facts.environment.map { .array([.string($0.name), .string($0.value)]) })
                ),
                ("config", .optional(facts.config)), ("plots", .array(plots)),
            ])
    }

    /// The parts that have changed since `forgetChanges` of the overview.
    /// - Parameter number: the number of the last entry of the time line that was shown.
    package func change(at now: Double, after number: Int) -> ConfigValue {
        let curves = overview.curves.curves.compactMap { curve in
            curve.changedFrom.map { Self.value(curve, from: $0) }
        }
        let entries = overview.timeLine.entries(after: number)
        return .object(
            moment(at: now) + [("phases", phases)]
                + (curves.isEmpty ? [] : [("curves", .array(curves))])
                + (entries.isEmpty ? [] : [("events", .array(entries.map(Self.value)))]))
    }

    /// The parts that are short.
    private func moment(at now: Double) -> [(String, ConfigValue)] {
        let progress = overview.meter.progress
        return [
            ("state", .string(overview.state.rawValue)), ("message", .optional(overview.message)),
            (
                "time",
                .object([
                    ("started", .number(overview.started ?? now)), ("now", .number(now)),
                    ("training", .number(overview.trainingSeconds)),
                ])
            ),
            (
                "progress",
                .object([
                    ("step", .int(progress.step)), ("steps", .int(progress.steps)),
                    ("epoch", .int(progress.epoch)), ("epochs", .int(progress.epochs)),
                    ("samples_per_second", .optional(progress.samplesPerSecond)),
                    ("seconds_left", .optional(overview.state == .training ? progress.secondsLeft : nil)),
                ])
            ),
            ("best", best), ("figures", .array(shownFigures.map(\.json))), ("workers", workers),
            ("memory", memory),
            (
                "dropped",
                .array(
                    dropped.map { .object([("sink", .string($0.sink)), ("count", .int($0.count))]) })
            ),
        ]
    }

    private var best: ConfigValue {
        guard let best = overview.best, let monitor = facts.monitor else { return .null }
        return .object([
            ("monitor", .string(monitor)), ("value", .number(best.value)), ("epoch", .int(best.epoch)),
            ("step", .int(best.step)),
        ])
    }

    private var shownFigures: [Figure] {
        guard figures.isEmpty else { return figures }
        return overview.evaluations.flatMap { evaluation in
            evaluation.values.map { Figure(set: evaluation.set, name: $0.name, value: $0.value) }
        }
    }

    private var workers: ConfigValue {
        .array(
            overview.board.workers.map { status in
                .object([
                    ("number", .int(status.worker.number)), ("name", .string(status.worker.name)),
                    ("address", .string(status.worker.address)), ("state", .string(status.state.rawValue)),
                    ("rank", .optional(status.rank)), ("microbatches", .optional(status.microbatches)),
                    ("share", .optional(status.share)), ("speed", .optional(status.speed)),
                    ("waiting", .optional(overview.board.waiting(of: status.worker))),
                    ("heartbeat", .optional(status.heartbeat)), ("memory", .optional(status.memory)),
                    ("step", .optional(status.step)), ("phase", .optional(status.phase)),
                ])
            })
    }

    private var memory: ConfigValue {
        guard let observation = overview.observation else { return .array([]) }
        let own = ConfigValue.object([
            ("what", .string("coordinator")), ("bytes", .int(observation.memory)),
            ("limit", observation.memoryLimit > 0 ? .int(observation.memoryLimit) : .null),
        ])
        return .array(
            [own]
                + overview.board.workers.filter { !$0.isGone }.compactMap { status in
                    status.memory.map {
                        .object([
                            ("what", .string("worker \(status.worker.number)")), ("bytes", .int($0)),
                            ("limit", .null),
                        ])
                    }
                })
    }

    private var phases: ConfigValue {
        func parts(_ values: [NamedValue]) -> ConfigValue {
            .array(values.map { .array([.string($0.name), .number($0.value)]) })
        }
        return .array(
            overview.board.times.map { worker in
                .object([
                    ("worker", .int(worker.worker.number)), ("name", .string(worker.worker.name)),
                    ("steps", .int(worker.steps)), ("parts", parts(worker.parts)),
                    ("beside", parts(worker.beside)),
                ])
            })
    }

    private static func value(_ curve: Curve, from: Int) -> ConfigValue {
        let label = curve.label
        func numbers(_ values: [Double]) -> ConfigValue { .array(values[from...].map { .number($0) }) }
        let isThinned = curve.stride > 1
        return .object([
            ("id", .string(label.id)), ("group", .string(label.group)), ("name", .string(label.name)),
            ("set", .string(label.set)), ("by", .string(label.pace.rawValue)),
            ("unit", .string(label.unit)), ("stride", .int(curve.stride)), ("from", .int(from)),
            ("x", .array(curve.x[from...].map { .int($0) })), ("y", numbers(curve.y)),
            ("low", isThinned ? numbers(curve.low) : .array([])),
            ("high", isThinned ? numbers(curve.high) : .array([])),
        ])
    }

    private static func value(_ entry: TimeLine.Entry) -> ConfigValue {
        .object([
            ("time", .number(entry.time)), ("event", .string(entry.event)),
            ("level", .string(entry.level.rawValue)), ("text", .string(entry.text)),
            ("worker", .optional(entry.worker)), ("step", .optional(entry.step)),
        ])
    }
}

extension ConfigValue {
    static func optional(_ text: String?) -> ConfigValue { text.map { .string($0) } ?? .null }
    static func optional(_ number: Int?) -> ConfigValue { number.map { .int($0) } ?? .null }
    static func optional(_ number: Double?) -> ConfigValue { number.map { .number($0) } ?? .null }
}
