import Cluster
import Configuration
import HTTP
import Jobs
import Runs
import System
import Telemetry
import Training
import Transport

extension RunProgram {
    /// Reads the options that `run` and `coordinator` share, and returns what makes the program of them, the
    /// config, and the key of the page.
    static func prepare(
        _ arguments: Arguments, listen: Endpoint, minimumWorkers: Int, maximumWorkers: Int, isOpen: Bool
    ) throws -> () throws -> RunProgram {
        let config = try arguments.only("a config file")
        try requireReadable(arguments.overrides)
        let timeout = try arguments.seconds("--peer-timeout", 0.1...3600) ?? 5
        var options = CoordinatorOptions(
            listen: listen, minimumWorkers: minimumWorkers, maximumWorkers: maximumWorkers,
            peerTimeout: timeout, allowInexact: arguments.has("--allow-inexact"))
        options.snapshotInterval =
            try arguments.seconds("--snapshot-interval", 0.1...1e7) ?? SnapshotPacer.usualInterval
        options.auditFraction = try arguments.number("--audit", 0...1) ?? 0
        options.protection = arguments.protection
        let request = RunSetup.Request(
            runDirectory: arguments.string("--run-dir"), start: try arguments.start())
        let ending = try arguments.ending()
        options.farewell = min(options.farewell, ending.grace / 16)
        let verbosity = try arguments.verbosity()
        let page = try arguments.page()
        return { [options] in
            var options = options
            let job = try JobFile.load(path: config, overrides: arguments.overrides)
            try requireGradients(job.job, auditing: options.auditFraction)
            options.trace = try arguments.trace()
            return RunProgram(
                job: job, request: request, coordinator: options, printsJSON: arguments.has("--json"),
                isOpen: isOpen, ending: ending, verbosity: verbosity, command: ResumableCommand(arguments),
                page: try page?.open(), writesReport: !arguments.has("--no-report"),
                origin: RunOrigin(config: config, overrides: arguments.overrides))
        }
    }

    /// Throws if one of `path=value` cannot be read, whatever the config is.
    private static func requireReadable(_ overrides: [String]) throws {
        let diagnostics = Diagnostics()
        for text in overrides { _ = ConfigOverride.parse(text, diagnostics: diagnostics) }
        try diagnostics.check()
    }

    private static func requireGradients(_ job: Job, auditing fraction: Double) throws {
        guard job.task == .training || fraction == 0 else {
            throw UsageError("--audit compares gradients, and this job has none; leave it out")
        }
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
            guard has(Option.runDirectory.name) || has("--everywhere") else {
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

    /// The page that `--page`, `--no-page` and `--page-key-file` ask for; nil: none.
    fileprivate func page() throws -> RequestedPage? {
        let endpoint = try endpoint("--page", defaultPort: 0)
        let file = string("--page-key-file")
        guard has("--no-page") else {
            return RequestedPage(endpoint: endpoint ?? Endpoint(host: "127.0.0.1", port: 0), keyFile: file)
        }
        guard endpoint == nil, file == nil else {
            throw UsageError("--no-page excludes --page and --page-key-file: leave one of them out")
        }
        return nil
    }
}

/// The page as the command line asks for it.
private struct RequestedPage {
    let endpoint: Endpoint
    /// Nil: a key of this run alone.
    let keyFile: String?

    /// Adds the key, which is made if its file is missing.
    func open() throws -> RunDisplay.Options {
        if let keyFile, !File.exists(keyFile) {
            try File.writeAtomically(PageKey.random() + "\n", to: keyFile, mode: 0o600)
        }
        return RunDisplay.Options(
            endpoint: endpoint, key: try keyFile.map(PageKey.read) ?? PageKey.random())
    }
}
