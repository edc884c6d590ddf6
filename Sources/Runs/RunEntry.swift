import Checkpoints
import Configuration
import Jobs
import System

/// A run as its directory tells of it; nothing is locked.
package struct RunEntry: Sendable {
    package enum State: String, Sendable {
        case running, finished, stopped, failed
        /// It ended without a word: the process was killed, or the machine went down.
        case interrupted
    }

    /// The name of the run directory.
    package let name: String
    package let path: String
    package let state: State
    package let origin: RunOrigin?
    /// The resolved job.
    package let job: ConfigValue
    /// The content of `result.json`; nil if the run has not reached its end.
    package let result: ConfigValue?
    /// The last line of an epoch in `metrics.jsonl`.
    package let lastEpoch: ConfigValue?
    /// The epoch of the best checkpoint, its metric and the metric's value; nil if there is none.
    package let best: (metric: String, value: Double, epoch: Int)?

    /// Reads a run directory that a user has named.
    /// - Throws: `CheckpointError` if it is none.
    package static func required(_ path: String) throws -> RunEntry {
        guard let entry = RunEntry(path) else {
            throw CheckpointError(
                "`\(path)` is no run directory: it has no job.json5; `dist-train runs` lists those that there"
                    + " are")
        }
        return entry
    }

    /// Reads a run directory; nil if it is none.
    package init?(_ path: String) {
        guard let job = Self.object(Path.join(path, "job.json5")) else { return nil }
        self.path = path
        self.job = job
        name = Path.name(of: path)
        origin = RunOrigin(reading: Path.join(path, "run.json"))
        result = Self.object(Path.join(path, "result.json"))
        let epochs = Self.epochs(Path.join(path, "metrics.jsonl"))
        lastEpoch = epochs.last
        best = Self.best(result) ?? Self.best(job, epochs)
        state = Self.state(path, isFinished: result != nil)
    }

    /// Epochs that the run has done, and those of its job.
    package var epochs: (done: Int, all: Int?) {
        (result?["epochs"]?.integer ?? lastEpoch?["epoch"]?.integer ?? 0, job["epochs"]?.integer)
    }

    /// The metrics of a set: "train", "validation" or "test"; those of the end, or of the last epoch.
    package func metrics(_ set: String) -> [(name: String, value: Double)] {
        var values: [(name: String, value: Double)] = []
        let measured = result?[set]?.members ?? result?["ensemble"]?[set]?.members
        for member in measured ?? lastEpoch?[set]?.members ?? [] {
            if let value = member.value.double { values.append((member.key, value)) }
        }
        return values
    }

    /// The values of a monitored metric in a run directory, epoch by epoch; those that are finite numbers.
    package static func course(of monitor: MetricMonitor, path: String) -> [(epoch: Int, value: Double)] {
        epochs(Path.join(path, "metrics.jsonl")).compactMap { line in
            guard let epoch = line["epoch"]?.integer,
                let value = line[monitor.source.rawValue]?[monitor.metric]?.double, value.isFinite
            else { return nil }
            return (epoch, value)
        }
    }

    // MARK: Reading

    /// The object that a JSON file holds; nil if it holds none.
    static func object(_ path: String) -> ConfigValue? {
        guard let file = try? SourceFile(contentsOf: path) else { return nil }
        let diagnostics = Diagnostics()
        let value = JSON5.parse(file, diagnostics: diagnostics)
        return value?.members != nil && !diagnostics.hasErrors ? value : nil
    }

    private static func lines(_ path: String) -> [Substring] {
        (try? File.readText(path, limit: 1 << 30))?.split(separator: "\n") ?? []
    }

    private static func parse(_ line: Substring) -> ConfigValue? {
        JSON5.parse(String(line), name: "a line", diagnostics: Diagnostics())
    }

    private static func epochs(_ path: String) -> [ConfigValue] {
        lines(path).filter { $0.contains("\"train\":") }.compactMap(parse)
    }

    private static func state(_ path: String, isFinished: Bool) -> State {
        if RunDirectory.isLocked(path) { return .running }
        let endings: [String: State] = [
            "run_stopped": .stopped, "run_failed": .failed, "run_finished": .finished,
        ]
        let last = lines(Path.join(path, "log.jsonl")).suffix(20).reversed().lazy
            .compactMap { parse($0)?["event"]?.text.flatMap { endings[$0] } }.first
        return isFinished ? .finished : last ?? .interrupted
    }

    private static func best(_ result: ConfigValue?) -> (String, Double, Int)? {
        guard let best = result?["best"], let metric = best["monitor"]?.text,
            let value = best["value"]?.double, let epoch = best["epoch"]?.integer
        else { return nil }
        return (metric, value, epoch)
    }

    private static func best(_ job: ConfigValue, _ epochs: [ConfigValue]) -> (String, Double, Int)? {
        let field = job["checkpoint"]?["best"]
        let name = field?.text ?? field?["monitor"]?.text
        let mode = field?["mode"]?.text.flatMap { MetricMonitor.Mode(rawValue: $0) }
        guard let monitor = name.flatMap({ MetricMonitor.parse($0, mode: mode) }) else { return nil }
        var best: (String, Double, Int)?
        for line in epochs {
            guard let value = line[monitor.source.rawValue]?[monitor.metric]?.double,
                let epoch = line["epoch"]?.integer, monitor.isBetter(value, than: best?.1)
            else { continue }
            best = (monitor.name, value, epoch)
        }
        return best
    }
}
