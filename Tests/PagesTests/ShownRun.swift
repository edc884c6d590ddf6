import Configuration
import Pages
import Telemetry
import Testing

/// A run for tests, with names that are hostile to HTML, JSON, CSV and shells.
enum ShownRun {
    static let hostile = ["</script><img src=x onerror=alert(1)>", "\"]}", "=cmd|' /C calc'!A0", "a\\b\nc"]

    static func document(named name: String = "digits", steps: Int = 100) -> RunDocument {
        var facts = RunFacts(name: name, directory: "runs/\(name)")
        facts.monitor = "validation.accuracy"
        facts.command = "dist-train run \(name)"
        facts.config = "{name: \"\(name)\"}"
        facts.environment = [(name: "seed", value: "1")]
        facts.model = RunFacts.Model(
            parameters: 650,
            rows: [.init(name: name, kind: "dense 10", output: "10", parameters: 650)])
        let plan = RunOverview.Plan(
            epochs: 10, steps: steps, samplesPerStep: 50, monitor: "validation.accuracy")
        return RunDocument(facts, RunOverview(plan))
    }

    static func step(_ step: Int, loss: Double = 1) -> StepSummary {
        StepSummary(
            step: step, epoch: 1 + (step - 1) / 10, samples: 50, values: [NamedValue("loss", loss)],
            epochValues: [NamedValue("loss", loss), NamedValue("accuracy", 0.5)], learningRate: 0.1,
            seconds: Double(step))
    }

    static func epoch(_ epoch: Int, accuracy: Double) -> RunEvent {
        .training(
            .epochFinished(
                EpochSummary(
                    epoch: epoch, epochs: 10, step: 10 * epoch, train: [NamedValue("loss", 1)],
                    validation: [NamedValue("loss", 2), NamedValue("accuracy", accuracy)], isBest: true,
                    seconds: Double(epoch))))
    }

    static func worker(_ number: Int, _ name: String = "node/1") -> WorkerName {
        WorkerName(number, name: name, address: "10.0.0.\(number)")
    }

    /// Events of all families that a page shows.
    static func events(workerName: String = "node/1") -> [RunEvent] {
        var member = WorkerStatus(worker(1, workerName), .member)
        (member.rank, member.microbatches, member.share, member.speed) = (0, 4, 1, 0.5)
        (member.heartbeat, member.memory, member.received) = (0.25, 9_000_000, 5_000)
        (member.step, member.phase) = (18, "backward")
        let times = EpochTimes.Worker(
            WorkerName(1, name: workerName), steps: 3,
            parts: [NamedValue("forward", 1), NamedValue("waiting", 0.5)], beside: [NamedValue("update", 2)])
        return [
            .worker(.joined(worker(1, workerName))), .worker(.joined(worker(2, workerName))),
            .generation(.started(number: 1, workers: 2, step: 0)),
            .training(.stepFinished(step(1))), .training(.stepFinished(step(2))),
            .training(.stepLogged(step(2))), epoch(1, accuracy: 0.5),
            .worker(.lost(worker(2, workerName), reason: "silent")),
            .generation(.recoveryStarted(step: 0, lostSteps: 2)),
            .checkpoint(.written(step: 7, path: "c/7", isRequested: false)),
            .worker(
                .observed(
                    Observation(
                        workers: [member], times: [times], memory: 1 << 20, memoryLimit: 1 << 30, sent: 10,
                        received: 20))),
        ]
    }

    static func parse(_ text: String) throws -> ConfigValue {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(text, name: "a message", diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value)
    }
}
