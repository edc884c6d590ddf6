import Configuration
import Pages
import Runs
import System
import Telemetry

/// The course of a run, from the files of its directory. The course of an ensemble is that of its members.
struct RunCourse {
    private let document: RunDocument
    private let entry: RunEntry
    /// The members of an ensemble; empty for one run.
    private let members: [RunCourse]

    /// - Parameter steps: those of the job, if they are known.
    init(_ entry: RunEntry, _ facts: RunFacts, steps: Int? = nil) {
        var overview = Self.overview(entry, facts.monitor, steps)
        Self.settle(&overview, entry)
        document = RunDocument(facts, overview)
        self.entry = entry
        members = EnsembleDirectory.members(of: entry.path).compactMap { path in
            RunEntry(path).map { RunCourse($0, RunFacts(name: $0.name, directory: path)) }
        }
    }

    /// The run as the page draws it.
    func value(figures: [Figure], plots: [ConfigValue]) -> ConfigValue {
        var document = document
        document.figures = figures
        document.plots = plots
        let moment = document.value(at: document.overview.newest ?? Clock.wallSeconds())
        let parts = members.map { $0.value(figures: [], plots: []) }
        let times = (parts.first ?? moment)["time"] ?? .null
        let value = moment.replacing([
            "progress": progress, "time": times.replacing(["training": .finite(seconds)]),
        ])
        guard !members.isEmpty else { return value }
        let curves = parts.enumerated().flatMap { index, part in
            (part["curves"]?.elements ?? []).map { Self.renamed($0, member: index) }
        }
        let events = parts.flatMap { $0["events"]?.elements ?? [] } + (value["events"]?.elements ?? [])
        return value.replacing(["curves": .list(curves), "events": .list(events)])
    }

    // MARK: Progress

    // The files have some steps only, and the result has all figures.

    private var steps: Int {
        guard members.isEmpty else { return members.reduce(0) { $0 + $1.steps } }
        return entry.result?["steps"]?.integer
            ?? document.overview.curves.curves.compactMap(\.x.last).max() ?? 0
    }

    private var allSteps: Int {
        guard members.isEmpty else { return members.reduce(0) { $0 + $1.allSteps } }
        return max(steps, document.overview.plan.steps)
    }

    private var seconds: Double {
        guard members.isEmpty else { return members.reduce(0) { $0 + $1.seconds } }
        return entry.result?["seconds"]?.double ?? document.overview.trainingSeconds
    }

    private var progress: ConfigValue {
        let epochs = (members.first ?? self).entry.epochs
        return .members([
            ("step", .int(steps)), ("steps", .int(allSteps)), ("epoch", .int(epochs.done)),
            ("epochs", .int(epochs.all ?? epochs.done)), ("samples_per_second", .null),
            ("seconds_left", .null),
        ])
    }

    private static func renamed(_ curve: ConfigValue, member: Int) -> ConfigValue {
        curve.replacing([
            "id": .string("member-\(member).\(curve["id"]?.text ?? "")"),
            "name": .string("member \(member): \(curve["name"]?.text ?? "")"),
        ])
    }

    private static func overview(_ entry: RunEntry, _ monitor: String?, _ steps: Int?) -> RunOverview {
        var overview = RunOverview(
            RunOverview.Plan(
                epochs: entry.job["epochs"]?.integer ?? 0,
                steps: entry.result?["steps"]?.integer ?? steps ?? 0,
                samplesPerStep: entry.job["batch"]?["size"]?.integer, monitor: monitor))
        overview.replay(
            log: Path.join(entry.path, "log.jsonl"), metrics: Path.join(entry.path, "metrics.jsonl"))
        return overview
    }

    /// Gives the state as the directory tells it: a log may end without a word.
    private static func settle(_ overview: inout RunOverview, _ entry: RunEntry) {
        switch entry.ending {
        case .running: break
        case .finished: (overview.state, overview.message) = (.finished, nil)
        case .stopped: overview.state = .stopped
        case .failed: overview.state = .failed
        case .interrupted:
            overview.state = .interrupted
            overview.message =
                "The run ended without a word: its process was killed, or the machine went down."
        }
        guard overview.best == nil, let best = entry.best else { return }
        overview.best = RunOverview.Best(
            value: best.value, epoch: best.epoch, step: entry.result?["best"]?["step"]?.integer ?? 0)
    }
}

extension ConfigValue {
    /// The object with other values for some of its keys.
    fileprivate func replacing(_ values: [String: ConfigValue]) -> ConfigValue {
        .members((members ?? []).map { ($0.key, values[$0.key] ?? $0.value) })
    }
}

extension RunEntry {
    /// The state, in which a run with a result is finished even while its coordinator writes the report.
    var ending: State { result == nil ? state : .finished }
}
