import Cluster
import Configuration
import Datasets
import Jobs
import Kernels
import Runs
import System
import Telemetry
import Threads
import Training
import Transport

extension Commands {
    static let benchStep = Command(
        name: "bench step", arguments: "CONFIG",
        summary:
            "Measure the training steps of a job: as `run` trains it, on made-up data of its data's shape.\nThe job's data are read for their form and number only; `made_up` in a config needs no files:\n--set 'data.train={made_up: {shape: [28, 28, 1], classes: 10, samples: 16384}}'.\nNothing is evaluated; snapshots and checkpoints are made as in the job, and thrown away.",
        options: [
            Option(name: "--workers", value: "N", help: "worker processes to start (default 1)"),
            Option(
                name: "--lanes", value: "L", help: "compute threads of each worker (default: cores / workers)"
            ),
            Option(
                name: "--seconds", value: "S",
                help: "how long to measure, after warming up for a second and 3 steps (default 10)"),
            .set, .json, .plaintext, .trace,
        ],
        example: "dist-train bench step config/bench/mlp.json5 --workers 2 --lanes 1"
    ) { arguments in
        let path = try arguments.only("a config file", "bench step")
        let workers = try arguments.integer("--workers", 1...1024) ?? 1
        let lanes = try arguments.integer("--lanes", 1...1024) ?? max(1, Processor.cores / workers)
        let seconds = try arguments.seconds("--seconds", 0.1...86_400) ?? 10
        let job = try JobFile.load(path: path, overrides: arguments.all("--set"))
        let result = try StepBenchmark(
            workers: workers, lanes: lanes, seconds: seconds, trace: arguments.trace(),
            protection: arguments.protection
        ).run(job)
        print(arguments.has("--json") ? result.value.prettyJSON() : result.text(job.job.name))
        return 0
    }
}

/// Trains a job for a while, with worker processes, sockets, snapshots and checkpoints, and takes the time of
/// every step.
private struct StepBenchmark {
    let workers: Int
    let lanes: Int
    let seconds: Double
    let trace: String?
    let protection: Protection

    func run(_ file: JobFile) throws -> StepResult {
        establishFloatingPointMode()
        guard file.job.task == .training else {
            throw file.describe(
                PlanError("the job trains no model by gradient descent: it has no steps that can be measured")
            )
        }
        let data = try DecodedData(reading: file.job.data).madeUp()
        let scratch = try ScratchDirectory(named: "dist-train-bench")
        let log = Log(source: "bench", minimum: .warning)
        let setup = try RunSetup(
            file.endless, .init(runDirectory: Path.join(scratch.path, "run")), log: log, data: data)
        let geometry = setup.plan.geometry
        guard workers <= geometry.microbatches else {
            throw UsageError(
                "--workers \(workers): the job has \(TextFormat.count(geometry.microbatches, "microbatch", plural: "microbatches")), so more workers have nothing to do; use fewer, or --set batch.microbatches=\(workers)"
            )
        }
        let times = StepTimes(seconds: seconds) { geometry.batchSize(ofStep: $0) == geometry.batchSize }
        let outcome = try train(setup, log, scratch, times)
        if case .failed(let reason) = outcome.end {
            throw SystemError("the steps could not be measured: \(reason)")
        }
        guard !times.isDisturbed else {
            throw SystemError("a worker died while the steps were measured; measure again")
        }
        guard !times.milliseconds.isEmpty else {
            throw SystemError("stopped before a step was measured; let it run for longer")
        }
        return StepResult(
            workers: workers, lanes: lanes, batch: geometry.batchSize,
            milliseconds: times.milliseconds.sorted())
    }

    private func train(_ setup: RunSetup, _ log: Log, _ scratch: ScratchDirectory, _ times: StepTimes) throws
        -> RunOutcome
    {
        var options = CoordinatorOptions(
            listen: Endpoint(host: "127.0.0.1", port: 0), minimumWorkers: workers)
        options.trace = trace
        options.protection = protection
        let program = RunProgram(
            job: setup.job, setup: .init(), coordinator: options, printsJSON: false, isOpen: false,
            command: ["bench", "step"])
        let local = RunProgram.Local(
            count: workers, lanes: lanes, restarts: 0, cacheDirectory: Path.join(scratch.path, "cache"))
        let session = TrainingSession(
            token: .random(), local: local, log: log, signals: try StopSignals(),
            console: Console(isTerminal: false) { _ in })
        defer { session.workers?.finish() }
        return try program.train(setup, options, isNew: true, in: session) { coordinator in
            coordinator.stepTimed = { [unowned coordinator] step, time in
                times.isDisturbed = coordinator.recoveries > 0
                if times.add(step: step - 1, at: time) || times.isDisturbed { coordinator.stop() }
            }
        }.0
    }
}

/// Takes the times between the ends of steps, once the training is warm. Belongs to the coordinator's loop
/// while that runs.
private final class StepTimes {
    private static let warmSteps = 3
    private static let warmSeconds = 1.0

    private(set) var milliseconds: [Double] = []
    /// A worker has died: later steps are those of fewer.
    var isDisturbed = false
    private let seconds: Double
    private let isWhole: (Int) -> Bool
    private var ends = 0
    private var first = 0.0
    private var last = 0.0
    private var warmSince: Double?

    /// - Parameter isWhole: whether a step has a full batch; an epoch's last one is not measured if it has
    ///   less.
    init(seconds: Double, isWhole: @escaping (Int) -> Bool) {
        (self.seconds, self.isWhole) = (seconds, isWhole)
    }

    /// A step has ended; true once there are enough.
    func add(step: Int, at time: Double) -> Bool {
        defer { (last, ends) = (time, ends + 1) }
        if ends == 0 { first = time }
        guard let warmSince else {
            if ends >= Self.warmSteps, time - first >= Self.warmSeconds { self.warmSince = time }
            return false
        }
        if isWhole(step) { milliseconds.append((time - last) * 1e3) }
        return time - warmSince >= seconds && milliseconds.count >= 3
    }
}

/// The measured times of some steps.
private struct StepResult {
    let workers: Int
    let lanes: Int
    let batch: Int
    /// Ascending.
    let milliseconds: [Double]

    private var best: Double { milliseconds[0] }
    private var median: Double { milliseconds[milliseconds.count / 2] }

    var value: ConfigValue {
        .object([
            ("workers", .int(workers)), ("lanes", .int(lanes)), ("batch", .int(batch)),
            ("steps", .int(milliseconds.count)),
            ("ms_per_step_best", .measured(best)), ("ms_per_step_median", .measured(median)),
            ("samples_per_s_median", .measured(1e3 * Double(batch) / median)),
        ])
    }

    func text(_ name: String) -> String {
        "\(name): \(TextFormat.count(workers, "worker")) × \(TextFormat.count(lanes, "lane")), batch \(batch), \(TextFormat.count(milliseconds.count, "step"))\n"
            + "  per step     \(TextFormat.fixed(best, 2)) ms best, \(TextFormat.fixed(median, 2)) ms median\n"
            + "  samples/s    \(TextFormat.grouped(Int((1e3 * Double(batch) / median).rounded()))) median"
    }
}

extension ConfigValue {
    /// A measurement to a thousandth, or of small ones to four digits.
    static func measured(_ value: Double) -> ConfigValue {
        guard value > 0, value.isFinite else { return .number(value) }
        var unit = 1e3
        while value * unit < 1e3, unit < 1e12 { unit *= 10 }
        return .number((value * unit).rounded() / unit)
    }
}
