import Cluster
import Jobs
import Platform
import Runs
import System
import Telemetry
import Training
import Transport

/// The course that `run` and `coordinator` have in common, from the job to the printed result.
struct RunProgram {
    let job: JobFile
    var request: RunSetup.Request
    var coordinator: CoordinatorOptions
    let printsJSON: Bool
    /// Whether workers that this program did not start may know its address.
    let isOpen: Bool
    var ending = EndingOptions()
    let verbosity: Verbosity
    /// The command that resumes this run.
    let command: ResumableCommand
    /// The page that shows the run; nil: none.
    var page: RunDisplay.Options?
    /// Whether a finished run gets a report.
    var writesReport = true
    /// The config and what the command line set in it.
    var origin = RunOrigin(config: "", overrides: [])
    /// Events from before the run, which come first in its log.
    var preface: [RunEvent] = []

    /// Runs to the end, and returns the process's exit status.
    ///
    /// - Parameters:
    ///   - local: the workers that this program starts; nil: others start them.
    ///   - token: nil: it is kept in the run directory. A finished run whose result is printed again needs
    ///     none.
    func run(token: @autoclosure () throws -> SharedToken?, local: WorkerProcessOptions?) throws -> Int32 {
        try Signals.endAtOnce(status: ending.chosenStatus)
        let log = Log(source: "coordinator", verbosity: verbosity)
        for event in preface { log.record(event) }
        if let finished = finishedRun {
            log.record(.run(.alreadyFinished(directory: finished.directory)))
            printAgain(finished)
            return 0
        }
        var program = self
        // An engine may stop this process alone, and start it elsewhere. Workers of its own end with it.
        program.coordinator.isRepeated = request.start == .automatic && local == nil
        program.request = request.decided
        return try job.job.ensemble == nil
            ? program.train(token(), local, log) : EnsembleProgram(program, token(), local, log).run()
    }

    private func train(_ token: SharedToken?, _ local: WorkerProcessOptions?, _ log: Log) throws -> Int32 {
        let setup = try RunSetup(job, request, log: log) { try requireMemory($0, $1, local) }
        let session = TrainingSession(
            token: try token ?? Self.token(keptIn: setup.directory.path, log), local: local, log: log,
            signals: try StopSignals(ending), console: verbosity.progressConsole,
            display: RunDisplay(self, directory: setup.directory.path, log: log))
        defer { session.display?.end() }
        let (outcome, address) = try train(setup, coordinator, isNew: !request.resumes, in: session)
        session.signals.trainingEnded(status: status(of: outcome))
        let lastEvents = session.finishWorkers()
        if case .finished = outcome.end {
            for event in lastEvents { log.record(.process(event)) }
            guard let result = outcome.result else { return 1 }
            show(result.value, setup.job.job, in: setup.directory.path)
        }
        recordEnding(outcome, of: setup, directory: setup.directory.path, address: address, in: log)
        if writesReport, case .finished = outcome.end, let result = outcome.result {
            let board = setup.job.job.logsTensorBoard ? setup.directory.tensorBoardPath : nil
            FinalReport(of: setup.directory.path, setup.data, seconds: result.seconds, board: board)
                .write(log)
        }
        return status(of: outcome)
    }

    /// Returns the token that is kept in a run directory, because there is no home directory for it.
    static func token(keptIn directory: String, _ log: Log) throws -> SharedToken {
        log.record(.run(.tokenKept(file: TokenStore.runTokenPath(directory))))
        return try TokenStore.kept(inRun: directory)
    }

    // MARK: Training

    /// Runs one training, from listening to its end. Returns the address on which it listened, too.
    ///
    /// - Parameters:
    ///   - isNew: true if the run directory was created for this training.
    ///   - prepare: called before any worker can join.
    func train(
        _ setup: RunSetup, _ options: CoordinatorOptions, isNew: Bool, in session: TrainingSession,
        prepare: (Coordinator) -> Void = { _ in }
    ) throws -> (RunOutcome, SocketAddress) {
        let log = session.log
        log.write(to: try AppendFile(setup.directory.logPath))
        // A run that was killed before its first checkpoint may lack it, too.
        if isNew || setup.start.step == 0 && !File.exists(setup.directory.originPath) {
            do {
                try File.writeAtomically(origin.value.prettyJSON() + "\n", to: setup.directory.originPath)
            } catch {
                if isNew { setup.directory.discard() }
                throw error
            }
        }
        let coordinator = try Coordinator(setup, options, log: log, console: session.console)
        let (address, sinks): (SocketAddress, RunSinks)
        do {
            (address, sinks) = (try coordinator.listen(session.token), try RunSinks(setup, log))
        } catch {
            if isNew { setup.directory.discard() }
            throw error
        }
        prepare(coordinator)
        defer { sinks.close() }
        session.signals.setTarget(coordinator)
        session.display?.begin(setup)
        log.record(.run(Self.started(job.job.name, setup)))
        let work = setup.plan.geometry.microbatches
        if options.minimumWorkers > work {
            let wanted = TextFormat.count(options.minimumWorkers, "worker")
            let have = TextFormat.count(work, "microbatch", plural: "microbatches")
            log.record(
                .run(
                    .doubtful(
                        reason: "\(wanted) are asked for, but a batch has \(have), and each worker needs one:"
                            + " the others would compute nothing. Set `batch.microbatches` to"
                            + " \(options.minimumWorkers) or more (at most `batch.size`), or ask for fewer"
                            + " workers")))
        }
        for doubt in setup.plan.doubts { log.record(.run(.doubtful(reason: doubt))) }
        if options.protection == .plaintext { log.record(.run(.encryptionOff)) }
        if let local = session.local { try startWorkers(local, of: coordinator, at: address, in: session) }
        if isOpen, session.local == nil || !address.isLoopback { tellHowToJoin(address, session.token, log) }
        return (try coordinator.run(), address)
    }

    /// Refuses a job that needs more memory than there is.
    func requireMemory(_ plan: TrainingPlan, _ data: DecodedData, _ local: WorkerProcessOptions?) throws {
        let workers = local?.count ?? 0
        let demand = MemoryDemand(
            plan, workers: workers, lanes: local?.lanesOfEach ?? Processor.cores, dataBytes: data.byteCount)
        if let shortage = demand.shortage() { throw SystemError(shortage) }
    }

    private static func started(_ name: String, _ setup: RunSetup) -> RunEvent.Run {
        .started(
            name: name, parameters: setup.plan.network.layout.parameterCount, steps: setup.plan.totalSteps,
            epochs: setup.job.job.epochs, directory: setup.directory.path)
    }

    /// Starts worker processes, unless the session has them already, and lets the coordinator supervise them.
    private func startWorkers(
        _ local: WorkerProcessOptions, of coordinator: Coordinator, at address: SocketAddress,
        in session: TrainingSession
    ) throws {
        let workers =
            try session.workers
            ?? local.start(address: address, protection: self.coordinator.protection, token: session.token)
        let isOpen = isOpen
        coordinator.childStatus = { [unowned coordinator] in
            workers.supervise(
                hasBegun: coordinator.hasBegun, hasOthers: isOpen || coordinator.hasWorkers,
                isOver: coordinator.isOver)
        }
        session.workers = workers
    }

    private func tellHowToJoin(_ address: SocketAddress, _ token: SharedToken, _ log: Log) {
        let all = address.isAny ? SocketAddress.localInterfaces() : [address]
        let hosts = all.filter { address.isIPv6 || !$0.isIPv6 }.map(\.bracketedHost)
        let host = hosts.first ?? "localhost"
        let port = address.port == Endpoint.coordinatorPort ? "" : ":\(address.port)"
        let command =
            "dist-train worker --join \(host)\(port)"
            + (coordinator.protection == .plaintext ? " --plaintext" : "")
        log.record(
            .run(
                .listening(
                    host: address.host, port: Int(address.port), joinCommand: command,
                    others: Array(hosts.dropFirst()))))
        guard isatty(STDERR_FILENO) == 1, verbosity > .quiet else { return }
        // On a terminal only, because no log file may hold the token.
        Console.standardError.writeLine("  the token, asked for once on each machine:\n  \(token.hex)")
    }

    // MARK: The end

    /// The exit status after a training.
    func status(of outcome: RunOutcome) -> Int32 {
        switch outcome.end {
        case .finished: outcome.result == nil ? 1 : 0
        case .stopped: ending.status
        case .failed: 1
        }
    }

    /// Records how a training ended, with the command that resumes it if it is not finished.
    /// - Parameter directory: the run directory that is resumed: an ensemble's, of a member.
    func recordEnding(
        _ outcome: RunOutcome, of setup: RunSetup, directory: String, address: SocketAddress, in log: Log
    ) {
        let resumeCommand = command.line(resuming: directory, listeningOn: "\(address)")
        switch outcome.end {
        case .finished:
            if let result = outcome.result { log.record(.ending(.finished(RunEvent.Finish(result)))) }
        case .stopped(let step):
            let steps = setup.plan.totalSteps
            log.record(.ending(.stopped(step: step, steps: steps, resumeCommand: resumeCommand)))
        case .failed(let reason):
            let newest = try? setup.directory.checkpoints.list().first
            log.record(
                .ending(
                    .failed(
                        reason: reason, checkpoint: newest?.path, resumeCommand: resumeCommand,
                        retryCommand: retryCommand(after: reason, setup, newest?.path))))
        }
    }

    /// The command that begins a new run with a tenth of the learning rate, after a run has left the finite
    /// numbers: one that is resumed would do so again.
    private func retryCommand(after reason: String, _ setup: RunSetup, _ checkpoint: String?) -> String? {
        guard reason.contains(DivergedError.advice),
            case .object(let members)? = setup.job.resolved["optimizer"]?.kind, let name = members.first?.key
        else { return nil }
        let rate = setup.job.job.optimizer.learningRate / 10
        let begin = checkpoint.map { [(path: "weights", value: "{file: \"\($0)\"}")] } ?? []
        return command.line(
            setting: [(path: "optimizer.\(name).learning_rate", value: "\(Float(rate))")] + begin)
    }
}

extension RunEvent.Finish {
    init(_ result: RunResult) {
        self.init(
            steps: result.steps, epochs: result.epochs, workers: result.workers,
            recoveries: result.recoveries, seconds: result.seconds, stateSHA256: result.stateSHA256,
            isExact: result.isExact)
    }
}
