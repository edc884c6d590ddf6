import Cluster
import HTTP
import Jobs
import Runs
import System
import Telemetry
import Training
import Transport

extension RunProgram {
    /// Makes the program from the options that `run` and `coordinator` share.
    init(
        _ arguments: Arguments, listen: Endpoint, minimumWorkers: Int, maximumWorkers: Int, isOpen: Bool
    ) throws {
        let config = try arguments.only("a config file")
        let timeout = try arguments.seconds("--peer-timeout", 0.1...3600) ?? 5
        let job = try JobFile.load(path: config, overrides: arguments.overrides)
        var options = CoordinatorOptions(
            listen: listen, minimumWorkers: minimumWorkers, maximumWorkers: maximumWorkers,
            peerTimeout: timeout, allowInexact: arguments.has("--allow-inexact"))
        options.snapshotInterval =
            try arguments.seconds("--snapshot-interval", 0.1...1e7) ?? SnapshotPacer.usualInterval
        options.auditFraction = try arguments.auditFraction(job.job)
        options.trace = try arguments.trace()
        options.protection = arguments.protection
        self.init(
            job: job,
            request: RunSetup.Request(
                runDirectory: arguments.string("--run-dir"), start: try arguments.start()),
            coordinator: options, printsJSON: arguments.has("--json"), isOpen: isOpen,
            ending: try arguments.ending(), verbosity: try arguments.verbosity(),
            command: ResumableCommand(arguments), page: try arguments.page(),
            writesReport: !arguments.has("--no-report"),
            origin: RunOrigin(config: config, overrides: arguments.overrides))
    }
}

extension Verbosity {
    /// Where progress is shown.
    var progressConsole: Console { self == .quiet ? .silent : .standardError }
}

extension Arguments {
    /// The verbosity that `--verbose` and `--quiet` choose.
    func verbosity() throws -> Verbosity {
        guard !has("--verbose") || !has("--quiet") else {
            throw UsageError("--verbose and --quiet exclude each other: give one of them")
        }
        return has("--verbose") ? .verbose : has("--quiet") ? .quiet : .normal
    }

    /// How the process ends when a signal asks it to.
    package func ending() throws -> EndingOptions {
        var ending = EndingOptions()
        ending.chosenStatus = try integer(Option.exitCodeWhenAsked.name, 0...255).map(Int32.init)
        ending.grace = try seconds(Option.grace.name, 0.1...86_400) ?? ending.grace
        return ending
    }

    /// Whether `--resume` goes on with a run.
    package func start() throws -> RunSetup.Request.Start {
        switch string(Option.resume.name) {
        case nil: return .new
        case "": return .resumed
        case "auto":
            guard has(Option.runDirectory.name) else {
                throw UsageError("--resume=auto needs a directory that stays the same: add --run-dir DIR")
            }
            return .automatic
        case .some(let word): throw UsageError("--resume stands alone or as --resume=auto, found `\(word)`")
        }
    }

    /// The file that `--trace` names, in a directory that exists.
    func trace() throws -> String? {
        guard let path = string("--trace") else { return nil }
        let directory = Path.directory(of: path)
        guard File.exists(directory) else {
            throw UsageError("--trace: there is no directory `\(directory)`; make it, or name another file")
        }
        return path
    }

    /// The page that `--page`, `--no-page` and `--page-key-file` ask for; nil: none. A key file that is
    /// missing is made.
    fileprivate func page() throws -> RunDisplay.Options? {
        let endpoint = try endpoint("--page", defaultPort: 0)
        let file = string("--page-key-file")
        guard !has("--no-page") else {
            guard endpoint == nil, file == nil else {
                throw UsageError("--no-page excludes --page and --page-key-file: leave one of them out")
            }
            return nil
        }
        if let file, !File.exists(file) {
            try File.writeAtomically(PageKey.random() + "\n", to: file, mode: 0o600)
        }
        return RunDisplay.Options(
            endpoint: endpoint ?? Endpoint(host: "127.0.0.1", port: 0),
            key: try file.map(PageKey.read) ?? PageKey.random())
    }

    fileprivate func auditFraction(_ job: Job) throws -> Double {
        guard let fraction = try number("--audit", 0...1) else { return 0 }
        guard job.task == .training || fraction == 0 else {
            throw UsageError("--audit compares gradients, and this job has none; leave it out")
        }
        return fraction
    }
}
