import Checkpoints
import Cluster
import Configuration
import Jobs
import Kernels
import Platform
import Runs
import Synchronization
import System
import Telemetry
import Threads
import Training
import Transport

/// The course that `run` and `coordinator` have in common, from the job to the printed result.
struct RunProgram {
    var job: JobFile
    var setup: RunSetup.Request
    var coordinator: CoordinatorOptions
    var printsJSON: Bool
    /// Whether workers that this program did not start may know its address.
    var isOpen: Bool
    /// The command that resumes this run, but for `--run-dir` and `--resume`.
    var command: [String]

    /// The workers that `run` starts; nil: others start them.
    struct Local {
        var count: Int
        var lanes: Int?
        /// How often each of them is started again when it dies.
        var restarts: Int
        /// The directory in which they keep fetched data; nil: the workers' usual one.
        var cacheDirectory: String? = nil
    }

    /// Runs to the end; the process's exit status.
    func run(token: SharedToken, local: Local?) throws -> Int32 {
        establishFloatingPointMode()
        if job.job.ensemble != nil { return try EnsembleProgram(self, token, local).run() }
        let log = Log(source: "coordinator")
        let isResuming = setup.resume
        let setup = try RunSetup(job, setup, log: log)
        let session = TrainingSession(token: token, local: local, log: log, signals: try StopSignals())
        let (outcome, address) = try train(setup, coordinator, isNew: !isResuming, in: session)
        let lastWords = session.workers?.finish() ?? []
        if case .finished = outcome.end { for event in lastWords { log.record(.process(event)) } }
        return try report(outcome, setup, in: setup.directory.path, address, log)
    }

    /// Runs one training, from listening to its end.
    ///
    /// - Parameters:
    ///   - isNew: true if the run directory was created for this training.
    ///   - prepare: called before any worker can join.
    func train(
        _ setup: RunSetup, _ options: CoordinatorOptions, isNew: Bool, in session: TrainingSession,
        prepare: (Coordinator) -> Void = { _ in }
    ) throws -> (RunOutcome, SocketAddress) {
        let (log, token) = (session.log, session.token)
        log.write(to: try AppendFile(setup.directory.logPath))
        let coordinator = try Coordinator(setup, options, log: log, console: session.console)
        let address: SocketAddress
        do { address = try coordinator.listen(token) } catch {
            if isNew { setup.directory.discard() }
            throw error
        }
        prepare(coordinator)
        session.signals.setTarget(coordinator)
        log.record(
            .run(
                .started(
                    name: job.job.name, parameters: setup.plan.network.layout.parameterCount,
                    steps: setup.plan.totalSteps, epochs: setup.job.job.epochs,
                    directory: setup.directory.path)))
        if options.protection == .plaintext { log.record(.run(.encryptionOff)) }
        if let local = session.local {
            let workers = try session.workers ?? start(local, address, token)
            let isOpen = isOpen
            coordinator.childStatus = { [unowned coordinator] in
                workers.supervise(
                    hasBegun: coordinator.hasBegun, hasOthers: isOpen || coordinator.hasWorkers,
                    isOver: coordinator.isOver)
            }
            session.workers = workers
        }
        if session.local == nil || !address.isLoopback { showHowToJoin(address, token, log) }
        return (try coordinator.run(), address)
    }

    private func start(_ local: Local, _ address: SocketAddress, _ token: SharedToken) throws -> LocalWorkers
    {
        let host = address.isAny ? (address.isIPv6 ? "::1" : "127.0.0.1") : address.host
        let lanes = local.lanes ?? max(1, Processor.cores / max(1, local.count))
        var arguments = [
            "worker", "--join", "\(Endpoint(host: host, port: address.port))", "--lanes", "\(lanes)",
        ]
        if let directory = local.cacheDirectory { arguments += ["--cache-dir", directory] }
        if address.isLoopback { arguments += ["--listen", "127.0.0.1:0"] }
        if coordinator.protection == .plaintext { arguments.append("--plaintext") }
        return try LocalWorkers(
            count: local.count, arguments: arguments, token: token, restarts: local.restarts)
    }

    private func showHowToJoin(_ address: SocketAddress, _ token: SharedToken, _ log: Log) {
        let port = address.port == 7070 ? "" : ":\(address.port)"
        let hosts =
            address.isAny ? SocketAddress.localInterfaces().filter { !$0.isIPv6 }.map(\.host) : [address.host]
        let host = hosts.first ?? "localhost"
        let command =
            "dist-train worker --join \(host.contains(":") ? "[\(host)]" : host)\(port)"
            + (coordinator.protection == .plaintext ? " --plaintext" : "")
        log.record(
            .run(
                .listening(
                    host: address.host, port: Int(address.port), joinCommand: command,
                    others: Array(hosts.dropFirst()))))
        guard isatty(STDERR_FILENO) == 1 else { return }
        // On the terminal only: log files must not hold it.
        Console.standardError.writeLine("  the token, asked for once on each machine:\n  \(token.hex)")
    }

    private func report(
        _ outcome: RunOutcome, _ setup: RunSetup, in directory: String, _ address: SocketAddress, _ log: Log
    ) throws -> Int32 {
        if case .finished = outcome.end {
            guard let result = outcome.result else { return 1 }
            if printsJSON { print(result.value.prettyJSON()) } else { print(summary(result, setup)) }
        }
        return recordEnding(outcome, setup, in: directory, address, log)
    }

    /// The exit status; of a training that has not reached its end, the command that resumes it.
    func recordEnding(
        _ outcome: RunOutcome, _ setup: RunSetup, in directory: String, _ address: SocketAddress, _ log: Log
    ) -> Int32 {
        switch outcome.end {
        case .finished:
            if let result = outcome.result { log.record(.ending(.finished(RunEvent.Finish(result)))) }
            return 0
        case .stopped(let step):
            log.record(
                .ending(
                    .stopped(
                        step: step, steps: setup.plan.totalSteps,
                        resumeCommand: resumeCommand(directory, address))))
            return 0
        case .failed(let reason):
            let newest = try? setup.directory.checkpoints.list().first
            log.record(
                .ending(
                    .failed(
                        reason: reason, checkpoint: newest?.path,
                        resumeCommand: resumeCommand(directory, address))))
            return 1
        }
    }

    /// With the port that was chosen, where the system chose one: workers look for the coordinator there.
    private func resumeCommand(_ directory: String, _ address: SocketAddress) -> String {
        var command = command
        if let index = command.firstIndex(of: "--listen"), index + 1 < command.count {
            command[index + 1] = "\(address)"
        }
        if let index = command.firstIndex(where: { $0.hasPrefix("--listen=") }) {
            command[index] = "--listen=\(address)"
        }
        return (["dist-train"] + command + ["--run-dir", directory, "--resume"]).map(quoted).joined(
            separator: " ")
    }

    private func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_./:=,@%+".utf8.contains(byte)
        }
        return plain && !word.isEmpty
            ? word
            : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
                + "'"
    }

    private func summary(_ result: RunResult, _ setup: RunSetup) -> String {
        func line(_ name: String, _ totals: Totals?) -> String? {
            totals.map { totals in
                let values = totals.values.map { "\($0.name) \(TextFormat.measure($0.value))" }.joined(
                    separator: "   ")
                return "  \(TextFormat.left(name, 12)) \(values)"
            }
        }
        // The value that is minimised. Scikit-learn's regressions take half of it.
        func objective() -> String? {
            guard let loss = result.train?.loss, let penalty = result.penalty else { return nil }
            let whole = TextFormat.measure(loss + penalty)
            let half =
                setup.job.job.loss.kind == .meanSquaredError
                ? ", in scikit-learn's scaling \(TextFormat.measure((loss + penalty) / 2))" : ""
            return "  objective    \(whole) with a penalty of \(TextFormat.measure(penalty))\(half)"
        }
        let classes = setup.data.train.classNames ?? []
        func confusion(_ name: String, _ totals: Totals?) -> String? {
            totals?.confusionMatrix.map {
                "  \(name)'s confusion matrix:\n" + ConfusionTable.text($0, classNames: classes, indent: 4)
            }
        }
        let lines: [String?] = [
            "\(setup.job.job.name): \(TextFormat.count(result.steps, "step")) (\(TextFormat.count(result.epochs, "epoch"))) with \(TextFormat.count(result.workers, "worker")) in \(TextFormat.duration(result.seconds))",
            line("train", result.train), objective(), line("validation", result.validation),
            line("test", result.test),
            confusion("validation", result.validation), confusion("test", result.test),
            "  state_sha256 \(result.stateSHA256)",
            "  platform     \(result.platform)\(result.isExact ? "" : " (not exact: workers of other platforms took part)")",
            "  results in   \(setup.directory.path)",
        ]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }
}

/// The parts that the trainings of one command have in common: an ensemble trains several, one after the other.
final class TrainingSession {
    let token: SharedToken
    /// The workers that this program starts; nil: others start them.
    let local: RunProgram.Local?
    let log: Log
    let signals: StopSignals
    let console: Console
    /// The workers that were started, which the next training on the same address uses too.
    var workers: LocalWorkers?

    init(
        token: SharedToken, local: RunProgram.Local?, log: Log, signals: StopSignals,
        console: Console = .standardError
    ) {
        self.token = token
        self.local = local
        self.log = log
        self.signals = signals
        self.console = console
    }
}

/// SIGINT and SIGTERM: the first stops the training at hand, and what would follow it; a second one ends the
/// process at once. SIGUSR1: a checkpoint now.
final class StopSignals: Sendable {
    private let state = Mutex<(coordinator: Coordinator?, count: Int)>((nil, 0))

    init() throws {
        try Signals.deliver([SIGINT, SIGTERM, SIGUSR1]) { [self] signal in
            guard signal != SIGUSR1 else {
                state.withLock { $0.coordinator }?.checkpoint()
                return
            }
            let (coordinator, count) = state.withLock { state in
                state.count += 1
                return (state.coordinator, state.count)
            }
            if count > 1 { _exit(130) }
            coordinator?.stop()
        }
    }

    /// Makes this coordinator the target of signals. It is stopped at once if one has come before.
    func setTarget(_ coordinator: Coordinator) {
        let count = state.withLock { state in
            state.coordinator = coordinator
            return state.count
        }
        if count > 0 { coordinator.stop() }
    }
}

extension RunEvent.Finish {
    init(_ result: RunResult) {
        self.init(
            steps: result.steps, epochs: result.epochs, workers: result.workers,
            recoveries: result.recoveries,
            seconds: result.seconds, stateSHA256: result.stateSHA256, isExact: result.isExact)
    }
}
