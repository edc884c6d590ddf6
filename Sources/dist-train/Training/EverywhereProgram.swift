import Checkpoints
import Cluster
import Jobs
import Launch
import Runs
import System
import Telemetry
import Transport

/// `run --everywhere`: the same line on every node. Rank 0 coordinates and computes, the others join it.
///
/// A rank other than 0 needs of the line only what leads to rank 0: whatever else it says is rank 0's.
struct EverywhereProgram {
    private let options: Launch.Options
    private let configPath: String
    private let runDirectory: String?
    private let tokenFile: String?
    private let overrides: [String]
    private let verbosity: Verbosity
    /// Rank 0's program, which reads the config.
    private let program: () throws -> RunProgram
    /// Times that rank 0 starts its own worker again.
    private let restarts: Int
    /// The other ranks' options, without the place of the coordinator.
    private let worker: (CoordinatorPlace) -> WorkerOptions

    /// Reads the options. Variables, and so the rank, are for `run`.
    init(_ arguments: Arguments) throws {
        if arguments.has("--workers") {
            throw UsageError(
                "--everywhere computes with one worker in each process: leave out --workers, and let the"
                    + " launcher start more")
        }
        options = try arguments.launchOptions()
        configPath = try arguments.only("a config file")
        runDirectory = arguments.string("--run-dir")
        tokenFile = arguments.string("--token-file")
        overrides = arguments.overrides
        verbosity = try arguments.verbosity()
        restarts = try arguments.restarts()
        let listen = try arguments.endpoint("--listen", defaultPort: 0)
        program = try RunProgram.prepare(
            arguments, listen: Endpoint(host: listen?.host ?? "", port: 0), minimumWorkers: 1,
            maximumWorkers: .max, isOpen: true)
        let patience = try WorkerCommand.patience(arguments, keeps: false)
        let (protection, ending) = (arguments.protection, try arguments.ending())
        worker = { place in
            var options = WorkerOptions(coordinator: place, patience: patience)
            (options.protection, options.ending) = (protection, ending)
            return options
        }
    }

    /// Runs this process's part to the end, and returns its exit status.
    func run() throws -> Int32 {
        let launch: Launch
        do { launch = try Launch(options, .ofThisProcess()) } catch { throw UsageError("\(error)") }
        guard launch.rank.value > 0, let host = launch.host?.value else { return try coordinate(launch) }
        return try work(launch, CoordinatorPlace(host: host, ports: launch.ports.value))
    }

    private func coordinate(_ launch: Launch) throws -> Int32 {
        var program = try program()
        let ports = launch.ports.value
        program.coordinator.listen.port = ports.lowerBound
        program.coordinator.furtherPorts = UInt16(ports.count - 1)
        program.coordinator.rendezvous = launch.rendezvous?.value.name
        if program.request.start != .resumed {
            let directory = directory(of: program.job, launch)
            program.request = RunSetup.Request(runDirectory: directory, start: .automatic)
        }
        program.preface = [.run(launch.event)]
        let local = WorkerProcessOptions(
            count: 1, lanes: launch.lanes?.value, restarts: restarts, sharesMachine: launch.lanes == nil,
            grace: program.ending.grace)
        return try program.run(token: TokenStore.forCoordinator(file: tokenFile), local: local)
    }

    private func directory(of job: JobFile, _ launch: Launch) -> String {
        runDirectory ?? RunDirectory.lastingPath(named: job.job.name, rendezvous: launch.lastingName)
    }

    private func work(_ launch: Launch, _ place: CoordinatorPlace) throws -> Int32 {
        var options = worker(place)
        options.lanes = launch.lanes?.value
        options.rendezvous = launch.rendezvous?.value.name
        options.isJobOver = try endOfJob(launch)
        try Signals.endAtOnce(status: options.ending.chosenStatus)
        let log = Log(source: "worker", verbosity: verbosity)
        log.record(.run(launch.event))
        if options.isJobOver() {
            log.record(.session(.finished(reason: "the job has reached its end before")))
            return 0
        }
        let seconds = options.patience.wait
        let token = try TokenStore.forWorker(file: tokenFile, waiting: seconds) { file in
            log.record(.run(.awaitingToken(file: file, seconds: seconds)))
        }
        return try WorkerCommand.work(options, token, log, verbosity)
    }

    /// Tells whether the run has reached its end, where this node sees its directory: schedulers repeat a
    /// line after the end, too. A node without the config gets the job from rank 0, and can look at what
    /// --run-dir names alone.
    private func endOfJob(_ launch: Launch) throws -> @Sendable () -> Bool {
        guard File.exists(configPath) else {
            guard let runDirectory else { return { false } }
            return { File.exists(Path.join(runDirectory, "result.json")) }
        }
        let job = try JobFile.load(path: configPath, overrides: overrides)
        let directory = directory(of: job, launch)
        return { FinishedRun(directory, of: job) != nil }
    }
}

extension Launch {
    fileprivate var event: RunEvent.Run {
        .launched(
            rank: rank.value, ranks: ranks?.value, host: host?.value,
            firstPort: Int(ports.value.lowerBound), lastPort: Int(ports.value.upperBound),
            rendezvous: rendezvous?.value.name, lanes: lanes?.value, origins: origins)
    }
}

extension Arguments {
    /// The name of the job that `--rendezvous` gives.
    func rendezvous() throws -> Rendezvous? {
        guard let text = string("--rendezvous") else { return nil }
        guard let name = Rendezvous(text) else {
            throw UsageError(
                "--rendezvous takes a name of 1 to \(Rendezvous.longest) visible characters of ASCII, without"
                    + " blanks")
        }
        return name
    }

    fileprivate func launchOptions() throws -> Launch.Options {
        var options = Launch.Options()
        options.rank = try integer("--rank", 0...Launch.mostRanks)
        options.rendezvous = try rendezvous()
        options.lanes = try integer("--lanes", 1...1024)
        // Port 0 stands for none.
        let (join, listen) = (
            try endpoint("--join", defaultPort: 0), try endpoint("--listen", defaultPort: 0)
        )
        if let join {
            guard !join.host.isEmpty else {
                throw UsageError("--join needs rank 0's host: --join HOST[:PORT]")
            }
            options.host = join.host
        }
        let given = [join?.port, listen?.port].compactMap(\.self).filter { $0 != 0 }
        guard Set(given).count <= 1 else {
            throw UsageError("--join and --listen name two ports for rank 0: leave one of them out")
        }
        options.port = given.first
        return options
    }
}
