import Cluster
import Jobs
import Runs
import System
import Training
import Transport

extension Commands {
    static let run = Command(
        name: "run", arguments: "CONFIG",
        summary:
            "Train on this machine: a coordinator that starts its own worker processes.\nProgress goes to standard error, the result to standard output.",
        options: [
            Option(name: "--workers", value: "N", help: "worker processes to start (default 1)"),
            Option(
                name: "--lanes", value: "L", help: "compute threads of each worker (default: cores / workers)"
            ),
            Option(name: "--listen", value: "HOST:PORT", help: "let workers of other machines join too"),
            Option(
                name: "--restarts", value: "N",
                help: "start each worker again so often when it dies (default 3)"),
            .runDirectory, .resume, .set, .json, .peerTimeout, .snapshotInterval, .tokenFile, .plaintext,
            .allowInexact, .audit, .trace,
        ],
        example: "dist-train run config/digits-mlp.json5 --workers 2 --set epochs=10"
    ) { arguments in
        let workers = try arguments.integer("--workers", 1...1024) ?? 1
        let lanes = try arguments.integer("--lanes", 1...1024)
        let restarts = try arguments.integer("--restarts", 0...1_000_000) ?? 3
        let listen = try arguments.endpoint("--listen", defaultPort: 7070)
        let program = try arguments.program(
            "run", listen: listen ?? Endpoint(host: "127.0.0.1", port: 0), minimum: workers, maximum: .max,
            isOpen: listen != nil)
        let isOpen = listen != nil || arguments.has("--token-file")
        let token = isOpen ? try TokenStore.forCoordinator(file: arguments.string("--token-file")) : .random()
        return try program.run(
            token: token, local: RunProgram.Local(count: workers, lanes: lanes, restarts: restarts))
    }
}

extension Arguments {
    func endpoint(_ name: String, defaultPort: UInt16) throws -> Endpoint? {
        guard let text = string(name) else { return nil }
        do { return try Endpoint(parsing: text, defaultPort: defaultPort) } catch {
            throw UsageError("\(name): \(error)")
        }
    }

    var protection: Protection { has("--plaintext") ? .plaintext : .tls }

    func trace() throws -> String? {
        guard let path = string("--trace") else { return nil }
        guard File.exists(Path.directory(of: path)) else {
            throw UsageError(
                "--trace: there is no directory `\(Path.directory(of: path))`; make it, or name another file")
        }
        return path
    }

    func auditFraction(_ job: Job) throws -> Double {
        guard let fraction = try number("--audit", 0...1) else { return 0 }
        guard job.task == .training || fraction == 0 else {
            throw UsageError("--audit compares gradients, and this job has none; leave it out")
        }
        return fraction
    }

    func snapshotInterval() throws -> Double {
        try seconds("--snapshot-interval", 0.1...1e7) ?? SnapshotPacer.usualInterval
    }

    /// Makes the program that `run` and `coordinator` share from their options.
    func program(_ name: String, listen: Endpoint, minimum: Int, maximum: Int, isOpen: Bool) throws
        -> RunProgram
    {
        let config = try only("a config file", name)
        let timeout = try seconds("--peer-timeout", 0.1...3600) ?? 5
        let overrides = all("--set")
        let job = try JobFile.load(path: config, overrides: overrides)
        var options = CoordinatorOptions(
            listen: listen, minimumWorkers: minimum, maximumWorkers: maximum, peerTimeout: timeout,
            allowInexact: has("--allow-inexact"))
        options.snapshotInterval = try snapshotInterval()
        options.auditFraction = try auditFraction(job.job)
        options.trace = try trace()
        options.protection = protection
        return RunProgram(
            job: job, setup: RunSetup.Request(runDirectory: string("--run-dir"), resume: has("--resume")),
            coordinator: options, printsJSON: has("--json"), isOpen: isOpen,
            command: [name] + words(without: ["--run-dir": true, "--resume": false]))
    }
}
