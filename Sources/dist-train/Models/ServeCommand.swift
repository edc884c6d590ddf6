import HTTP
import Platform
import Runs
import Serving
import System
import Telemetry
import Threads
import Transport

enum ServeCommand {
    static let command = Command(
        name: "serve", arguments: "RUN_OR_CHECKPOINT…",
        summary: """
            Let trained models answer over HTTP.
            POST JSON, CSV, PNG or JPEG to /v1/predict, or with several models to /v1/models/NAME/predict; \
            /v1/models lists them, and / is a page to try one. Language models continue texts: POST \
            /v1/completions, in the form of OpenAI's interface. Answers are those of `predict`, bit for bit. \
            Of a run directory the best checkpoint counts, or else the newest. SIGTERM or SIGINT ends it.
            """,
        options: [
            Option(
                name: "--listen", value: "HOST:PORT",
                help: "where to answer (default 127.0.0.1:7071; port 0: any free one)"),
            Option(
                name: "--key-file", value: "FILE",
                help: """
                    answer only who sends the key in this file, with `Authorization: Bearer KEY`
                    or by the link /?key=KEY
                    """),
            Option(
                name: "--open", value: nil,
                help: "answer everybody, although other machines reach the address"),
            Option(
                name: "--watch", value: nil,
                help: "go over to a new best checkpoint of a run as soon as there is one"),
            .tokenizer, .lanes,
        ],
        example: "dist-train serve runs/digits-mlp-20260101-120000", prepare: prepare)

    private static func prepare(_ arguments: Arguments) throws -> Command.Action {
        guard !arguments.positionals.isEmpty else {
            throw UsageError(
                "`dist-train serve` needs a run directory or a checkpoint: see `dist-train serve --help`")
        }
        let endpoint =
            try arguments.endpoint("--listen", defaultPort: 7071) ?? Endpoint(host: "127.0.0.1", port: 7071)
        guard !arguments.has("--key-file") || !arguments.has("--open") else {
            throw UsageError("--key-file and --open exclude each other; leave one out")
        }
        let lanes = try arguments.integer("--lanes", 1...1024)
        return { try run(arguments, at: endpoint, lanes: lanes ?? Processor.cores) }
    }

    private static func run(_ arguments: Arguments, at endpoint: Endpoint, lanes: Int) throws -> Int32 {
        let audience = try audience(arguments, at: endpoint)
        let runs = try runs(arguments.positionals)
        try adoptCore(of: runs[0].path)
        let ending = try EndSignal()
        let tokenizer = try arguments.tokenizer()
        let models = try runs.map {
            try Served.load(
                at: $0.path, named: $0.name, tokenizer: tokenizer, lanes: lanes,
                warn: { say("warning: \($0)") })
        }
        let server = try PredictionServer(models, at: endpoint, for: audience)
        let watch = ModelWatch(server, tokenizer: tokenizer, lanes: lanes) { say($0) }
        try server.start()
        if arguments.has("--watch") {
            try watch.start(zip(runs, models).filter { isRun($0.0.path) }.map { ($0, $1.checkpoints) })
        }
        announce(server, models, audience)
        ending.wait()
        watch.stop()
        server.stop()
        return 0
    }

    /// Whoever reaches the address may ask: elsewhere than on loopback that must have been said.
    private static func audience(_ arguments: Arguments, at endpoint: Endpoint) throws
        -> PredictionServer.Audience
    {
        if let file = arguments.string("--key-file") { return .key(try PageKey.read(file)) }
        let isLoopback = try !endpoint.host.isEmpty && endpoint.resolve().allSatisfy(\.isLoopback)
        guard isLoopback || arguments.has("--open") else {
            throw UsageError(
                "other machines reach \(endpoint); say who may ask: --key-file FILE for those with a key, or"
                    + " --open for everybody")
        }
        return .everybody
    }

    /// The runs by the names under which they are served.
    private static func runs(_ words: [String]) throws -> [ModelWatch.Run] {
        var runs: [ModelWatch.Run] = []
        for word in words {
            let path = try RunCatalog().path(of: word)
            let own = name(of: path)
            var (name, number) = (own, 2)
            while runs.contains(where: { $0.name == name }) {
                (name, number) = ("\(own)-\(number)", number + 1)
            }
            runs.append(ModelWatch.Run(name: name, path: path))
        }
        return runs
    }

    /// The name of the run's directory, also for one of its checkpoints.
    private static func name(of path: String) -> String {
        let full = Path.real(path) ?? path
        let parent = Path.directory(of: full)
        return Path.name(of: Path.name(of: parent) == "checkpoints" ? Path.directory(of: parent) : full)
    }

    private static func isRun(_ path: String) -> Bool {
        !File.exists(Path.join(path, "manifest.json"))
    }

    private static func adoptCore(of path: String) throws {
        guard let checkpoint = try TrainedModel.checkpoints(at: path, reporting: { _ in }).first else {
            return
        }
        try TrainedModels.adoptCore(of: TrainedModel(checkpoint).state.platform)
    }

    private static func announce(
        _ server: PredictionServer, _ models: [Served], _ audience: PredictionServer.Audience
    ) {
        for model in models {
            say(
                "serving `\(model.name)` of step \(model.step) from "
                    + model.checkpoints.joined(separator: ", ")
            )
        }
        if !server.address.isLoopback {
            say(
                "warning: HTTP is not encrypted: who is on the network can read requests, answers and the key"
            )
        }
        if case .key = audience { say("in a browser, put `?key=` and the key behind the address") }
        say("listening on \(server.access.origin)/")
    }

    private static func say(_ text: String) { Console.standardError.write(message: text) }
}

/// The signal that ends a server. A second SIGINT or SIGTERM ends the process at once.
private final class EndSignal: Sendable {
    private let count = Monitor(0)

    init() throws {
        try Signals.deliver(Signals.ofEnding) { [count] signal in
            let times = count.change { count in
                count += 1
                return count
            }
            if times > 1, !Signals.isPatient(signal) { _exit(130) }
        }
    }

    func wait() { count.wait { $0 > 0 ? () : nil } }
}
