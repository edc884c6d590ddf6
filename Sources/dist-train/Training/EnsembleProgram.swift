import Checkpoints
import Cluster
import Configuration
import Jobs
import Runs
import System
import Telemetry
import Training
import Transport

/// `run` and `coordinator` for an ensemble: its members are trained one after the other, each in a run
/// directory of its own within the ensemble's.
struct EnsembleProgram {
    private let program: RunProgram
    /// Nil: it is kept in the ensemble's directory.
    private let token: SharedToken?
    private let local: WorkerProcessOptions?
    /// The number of members.
    private let count: Int
    private let log: Log

    init(_ program: RunProgram, _ token: SharedToken?, _ local: WorkerProcessOptions?, _ log: Log) {
        self.program = program
        self.token = token
        self.local = local
        self.log = log
        count = program.job.job.ensemble ?? 1
    }

    /// Runs to the end, and returns the process's exit status.
    func run() throws -> Int32 {
        let request = program.request
        let path = try RunSetup.path(program.job.job.name, request)
        let resumed = request.resumes ? try RunDirectory.resume(path) : nil
        let earlier = try resumed.map { try JobFile.load(resolvedFile: $0.jobPath) }
        let given = try earlier.map { try program.job.inheriting(from: $0) } ?? program.job
        log.record(.run(.readingData))
        let data = try given.decodedData()
        log.record(data)
        let whole = given.withMicrobatches(ofRun: earlier, data.facts)
        // Mistakes are told before there is a directory.
        let plan = try whole.trainingPlan(with: data)
        try program.requireMemory(plan, data, local)
        let job = whole.planned(plan)
        if let resumed, let earlier {
            try job.requireSame(as: earlier.withMicrobatches(ofRun: earlier, data.facts), in: resumed)
        }
        let directory = try resumed ?? RunDirectory.create(path)
        // Whoever finds a result may take the ensemble for finished.
        if try members(job, in: path).contains(where: { try !$0.isFinished(with: data) }) {
            try File.remove(directory.resultPath)
        }
        try File.writeAtomically(job.resolved.prettyJSON(nonFinite: .json5) + "\n", to: directory.jobPath)
        do {
            if let status = try train(job, in: path, data) { return status }
        } catch {
            if !request.resumes && EnsembleDirectory.members(of: path).isEmpty { directory.discard() }
            throw error
        }
        let result = try EnsembleResult(of: path, members: count)
        try File.writeAtomically(result.value.prettyJSON() + "\n", to: directory.resultPath)
        program.show(result)
        if program.writesReport {
            FinalReport(of: path, data, seconds: result.seconds).write(log)
        }
        return 0
    }

    private func members(_ job: JobFile, in path: String) -> [Member] {
        (0..<count).map {
            Member(index: $0, job: job.member($0), directory: EnsembleDirectory.member($0, of: path))
        }
    }

    /// Trains the members that are not finished. Returns the exit status of one that has not reached its end;
    /// nil once all have.
    private func train(_ job: JobFile, in path: String, _ data: DecodedData) throws -> Int32? {
        let faults = try FaultPoints.ofEnvironment()
        let session = TrainingSession(
            token: try token ?? RunProgram.token(keptIn: path, log), local: local, log: log,
            signals: try StopSignals(program.ending), console: program.verbosity.progressConsole,
            display: RunDisplay(program, directory: path, log: log))
        defer {
            _ = session.finishWorkers()
            session.display?.end()
        }
        var options = program.coordinator
        for member in members(job, in: path) {
            let index = member.index
            faults.reach("coordinator", "member", index)
            if try member.isFinished(with: data) {
                log.record(.ensemble(.memberSkipped(member: index)))
                continue
            }
            options.trace = program.coordinator.trace.map { "\($0).member-\(index)" }
            // Workers that know the address come again for the next member; others are started anew.
            options.isFollowed = program.isOpen && index < count - 1
            let (outcome, setup, address) = try train(member, data, options, in: session)
            guard case .finished = outcome.end else {
                let status = program.status(of: outcome)
                session.signals.trainingEnded(status: status)
                program.recordEnding(outcome, of: setup, directory: path, address: address, in: log)
                return status
            }
            outcome.result.map { session.display?.finish($0) }
            if program.isOpen, options.furtherPorts == 0 {
                options.listen = Endpoint(host: options.listen.host, port: address.port)
            } else {
                // Workers that others have started look at all ports.
                _ = session.finishWorkers()
            }
        }
        // Evaluating them all can be repeated: a signal may end it.
        session.signals.trainingEnded(status: program.ending.status)
        return nil
    }

    private func train(
        _ member: Member, _ data: DecodedData, _ options: CoordinatorOptions, in session: TrainingSession
    ) throws -> (RunOutcome, RunSetup, SocketAddress) {
        let seed = Int(clamping: member.job.job.seed)
        log.record(.ensemble(.memberStarted(member: member.index, members: count, seed: seed)))
        let isResumed = member.hasBegun
        let request = RunSetup.Request(
            runDirectory: member.directory, start: isResumed ? .resumed : .new)
        let setup = try RunSetup(member.job, request, log: log, data: data)
        let (outcome, address) = try program.train(setup, options, isNew: !isResumed, in: session)
        return (outcome, setup, address)
    }
}

/// One model of an ensemble.
private struct Member {
    let index: Int
    let job: JobFile
    /// Its run directory.
    let directory: String

    var hasBegun: Bool { File.exists(Path.join(directory, "job.json5")) }

    /// Whether an earlier run has trained this job to its end.
    func isFinished(with data: DecodedData) throws -> Bool {
        let job = try job.completed(with: data)
        guard File.exists(Path.join(directory, "result.json")),
            let earlier = try? JobFile.load(resolvedFile: Path.join(directory, "job.json5"))
        else { return false }
        return earlier.resolved == job.resolved
    }
}
