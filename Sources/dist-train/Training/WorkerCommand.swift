import Cluster
import Platform
import System
import Telemetry
import Transport

enum WorkerCommand {
    static let command = Command(
        name: "worker", arguments: "--join HOST[:PORT]",
        summary: """
            Join a coordinator and compute for it.
            Needs nothing but this program and the token: job and data come over the wire.
            """,
        options: [
            Option(name: "--join", value: "HOST[:PORT]", help: "the coordinator (port 7070 unless given)"),
            Option(
                name: "--lanes", value: "L",
                help: "compute threads (default: cores / workers on this machine)", aliases: ["--threads"]),
            Option(
                name: "--token-file", value: "FILE",
                help: """
                    the shared token; - is standard input (default: DIST_TRAIN_TOKEN, the file that
                    DIST_TRAIN_TOKEN_FILE names, dist-train-token in $CREDENTIALS_DIRECTORY or /run/secrets,
                    or ~/.config/dist-train/token; on a terminal it is asked for)
                    """),
            Option(
                name: "--listen", value: "HOST:PORT",
                help: "where other workers reach this one (default: every address, any port)"),
            Option(name: "--advertise", value: "HOST", help: "the address that other workers should dial"),
            Option(
                name: "--cache-dir", value: "DIR",
                help: "where fetched data sets are kept (default ~/.cache/dist-train)"),
            .rendezvous, .wait,
            Option(
                name: "--keep", value: nil,
                help: "stay after the end of a job, for the next one of a coordinator at this address"),
            .rejoinTimeout,
            Option(
                name: "--log-file", value: "FILE",
                help: "every event is added to this file too, a JSON object per line"),
            .exitCodeWhenAsked, .grace, .plaintext, .verbose, .quiet,
        ],
        example: "dist-train worker --join 192.168.1.10", prepare: prepare)

    private static func prepare(_ arguments: Arguments) throws -> Command.Action {
        let options = try options(arguments)
        let verbosity = try arguments.verbosity()
        return { try run(arguments, options, verbosity) }
    }

    private static func run(_ arguments: Arguments, _ options: WorkerOptions, _ verbosity: Verbosity) throws
        -> Int32
    {
        try Signals.endAtOnce(status: options.ending.chosenStatus)
        let token = try TokenStore.forWorker(file: arguments.string("--token-file"))
        try InheritedDescriptors.endWithParent(afterToken: true)
        let log = Log(source: "worker", verbosity: verbosity)
        if let file = arguments.string("--log-file") { log.write(to: try AppendFile(file)) }
        return try work(options, token, log, verbosity)
    }

    /// Works until the end, and returns the process's exit status. Another token than a rejected one is asked
    /// for on a terminal.
    static func work(_ options: WorkerOptions, _ token: WorkerToken, _ log: Log, _ verbosity: Verbosity)
        throws
        -> Int32
    {
        var token = token
        if options.protection == .plaintext { log.record(.run(.encryptionOff)) }
        while true {
            let worker = try Worker(options, token: token, log: log, console: verbosity.progressConsole)
            let status = try worker.run()
            guard status != 0, worker.hadWrongToken, TokenStore.canAskAgain(after: token.origin) else {
                return status
            }
            token = try TokenStore.forWorker(file: nil, rejected: token.origin)
        }
    }

    private static func options(_ arguments: Arguments) throws -> WorkerOptions {
        if let extra = arguments.positionals.first {
            throw UsageError(
                "`dist-train worker` takes options only, found `\(extra)`: did you mean --join \(extra)?")
        }
        guard let coordinator = try arguments.endpoint("--join", defaultPort: Endpoint.coordinatorPort) else {
            throw UsageError("`dist-train worker` needs the coordinator's address: --join HOST[:PORT]")
        }
        guard !coordinator.host.isEmpty else {
            throw UsageError("--join needs the coordinator's host: --join HOST[:PORT]")
        }
        var options = WorkerOptions(
            coordinator: CoordinatorPlace(coordinator), lanes: try arguments.integer("--lanes", 1...1024),
            listen: try arguments.endpoint("--listen", defaultPort: 0) ?? Endpoint(host: "", port: 0),
            advertise: try arguments.advertisedHost(), cacheDirectory: arguments.string("--cache-dir"),
            patience: try patience(arguments, keeps: arguments.has("--keep")))
        options.protection = arguments.protection
        options.ending = try arguments.ending()
        options.rendezvous = try arguments.rendezvous()?.name
        return options
    }

    static func patience(_ arguments: Arguments, keeps: Bool) throws -> RejoinPolicy.Limits {
        RejoinPolicy.Limits(
            wait: try arguments.seconds("--wait", 0...864_000) ?? 300,
            rejoin: try arguments.seconds("--rejoin-timeout", 0...864_000) ?? 600,
            keeps: keeps)
    }
}
