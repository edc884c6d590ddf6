import Cluster
import Configuration
import Jobs
import Runs
import System
import Telemetry
import Training
import Transport

/// Trains a job for a while, with worker processes, sockets, snapshots and checkpoints, and takes the time of
/// every step.
struct StepBenchmark {
    let workers: Int
    let lanes: Int
    let seconds: Double
    let trace: String?
    let protection: Protection

    func run(_ file: JobFile) throws -> Result {
        guard file.job.task == .training else {
            throw file.describe(
                PlanError("the job trains no model by gradient descent: it has no steps that can be measured")
            )
        }
        let data = try file.decodedData().madeUp()
        let scratch = try ScratchDirectory(named: "dist-train-bench")
        let log = Log(source: "bench", verbosity: .quiet)
        let setup = try RunSetup(
            file.endless, .init(runDirectory: Path.join(scratch.path, "run")), log: log, data: data)
        let geometry = setup.plan.geometry
        try checkWorkers(microbatches: geometry.microbatches)
        let times = StepTimes(seconds: seconds) { geometry.batchSize(ofStep: $0) == geometry.batchSize }
        let outcome = try train(setup, log, taking: times, in: scratch)
        try check(outcome, times)
        return Result(
            workers: workers, lanes: lanes, batch: geometry.batchSize,
            milliseconds: times.milliseconds.sorted())
    }

    private func checkWorkers(microbatches: Int) throws {
        guard workers <= microbatches else {
            let count = TextFormat.count(microbatches, "microbatch", plural: "microbatches")
            throw UsageError(
                "--workers \(workers): the job has \(count), so more workers have nothing to do; "
                    + "use fewer, or --set batch.microbatches=\(workers)")
        }
    }

    private func train(
        _ setup: RunSetup, _ log: Log, taking times: StepTimes, in scratch: ScratchDirectory
    ) throws -> RunOutcome {
        var options = CoordinatorOptions(
            listen: Endpoint(host: "127.0.0.1", port: 0), minimumWorkers: workers)
        options.trace = trace
        options.protection = protection
        let program = RunProgram(
            job: setup.job, request: .init(), coordinator: options, printsJSON: false, isOpen: false,
            verbosity: .quiet,
            command: ResumableCommand(try Arguments([], options: [], command: "bench step")))
        let local = WorkerProcessOptions(
            count: workers, lanes: lanes, restarts: 0, cacheDirectory: Path.join(scratch.path, "cache"))
        let session = TrainingSession(
            token: .random(), local: local, log: log, signals: try StopSignals(),
            console: .silent)
        defer { session.workers?.finish() }
        return try program.train(setup, options, isNew: true, in: session) { coordinator in
            coordinator.stepTimed = { [unowned coordinator] step, time in
                times.isDisturbed = coordinator.recoveries > 0
                if times.add(step: step - 1, at: time) || times.isDisturbed { coordinator.stop() }
            }
        }.0
    }

    private func check(_ outcome: RunOutcome, _ times: StepTimes) throws {
        if case .failed(let reason) = outcome.end {
            throw SystemError("the steps could not be measured: \(reason)")
        }
        guard !times.isDisturbed else {
            throw SystemError("a worker died while the steps were measured; measure again")
        }
        guard !times.milliseconds.isEmpty else {
            throw SystemError("stopped before a step was measured; let it run for longer")
        }
    }
}

extension StepBenchmark {
    /// The measured times of some steps.
    struct Result {
        let workers: Int
        let lanes: Int
        /// Samples in a batch.
        let batch: Int
        /// The time of each step, ascending.
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

        func text(named name: String) -> String {
            let workers = TextFormat.count(workers, "worker")
            let lanes = TextFormat.count(lanes, "lane")
            let steps = TextFormat.count(milliseconds.count, "step")
            let rate = TextFormat.grouped(Int((1e3 * Double(batch) / median).rounded()))
            return """
                \(name): \(workers) × \(lanes), batch \(batch), \(steps)
                  per step     \(TextFormat.fixed(best, 2)) ms best, \(TextFormat.fixed(median, 2)) ms median
                  samples/s    \(rate) median
                """
        }
    }
}
