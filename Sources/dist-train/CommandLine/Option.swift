/// An option of a command: `--workers N`, or a flag without a value.
package struct Option: Sendable {
    package let name: String
    /// The name of the value in the help; nil for a flag. One in brackets may be left out: `[N]` is a whole
    /// number, `[=WORD]` is given behind an equals sign alone.
    package let value: String?
    /// The explanation; its lines stand below each other in the help.
    package let help: String
    /// Whether the option may be given several times.
    package let isRepeated: Bool
    /// Other names of the same option.
    package let aliases: [String]

    package init(
        name: String, value: String?, help: String, isRepeated: Bool = false, aliases: [String] = []
    ) {
        self.name = name
        self.value = value
        self.help = help
        self.isRepeated = isRepeated
        self.aliases = aliases
    }

    /// The names and the value, as help shows them: `-q, --quiet`, `--workers N`.
    var usage: String {
        let short = aliases.filter { !$0.hasPrefix("--") }
        let long = [name] + aliases.filter { $0.hasPrefix("--") }
        return (short + long).joined(separator: ", ") + (value.map { isAttached ? $0 : " \($0)" } ?? "")
    }

    /// Whether a value is never the next word.
    var isAttached: Bool { value?.hasPrefix("[=") ?? true }
}

// The settings of a config that have options of their own.
extension Option {
    /// Options that set a field of the config, with the field's path.
    static let fields: [(option: Option, path: String)] = [
        (Option(name: "--epochs", value: "N", help: "passes through the training set"), "epochs"),
        (Option(name: "--batch-size", value: "N", help: "samples in a mini-batch"), "batch.size"),
        (
            Option(
                name: "--learning-rate", value: "RATE", help: "the optimizer's learning rate",
                aliases: ["--lr"]), "optimizer.*.learning_rate"
        ),
        (Option(name: "--seed", value: "N", help: "seed of everything that is drawn at random"), "seed"),
        (Option(name: "--name", value: "NAME", help: "name of the job and of its run directory"), "name"),
    ]
    package static let settings = fields.map(\.option) + [set]
}

// Options of several commands.
extension Option {
    /// Options that `run` and `coordinator` share, beside the fields of the config.
    static let ofTrainings: [Option] = [
        .runDirectory, .resume, .exitCodeWhenAsked, .grace, .json, .peerTimeout, .snapshotInterval,
        .tokenFile, .plaintext, .allowInexact,
        .audit, .trace, .tensorboard, .page, .noPage, .pageKeyFile, .noReport, .verbose, .quiet,
    ]
    /// Options of `run --everywhere` alone.
    static let ofEverywhere: [Option] = [
        Option(
            name: "--everywhere", value: nil,
            help: """
                this line is started on every node: rank 0 coordinates and computes, the others join it;
                goes on with the run in the run directory (default: runs/NAME-RENDEZVOUS, or runs/NAME)
                """),
        Option(name: "--rank", value: "R", help: "this process's rank, if no launcher gives it: 0, 1, 2, …"),
        Option(
            name: "--join", value: "HOST[:PORT]",
            help: """
                rank 0's host, the same on all ranks (default: the first name of SLURM_STEP_NODELIST, or
                MASTER_ADDR; not needed if all ranks are on one node)
                """),
        rendezvous, wait, rejoinTimeout,
    ]
    static let rendezvous = Option(
        name: "--rendezvous", value: "NAME",
        help: """
            the job's name, the same for all its processes: workers of another job are refused
            (run --everywhere: eight ports follow from it; default: the launcher's name for its job)
            """)
    static let wait = Option(
        name: "--wait", value: "S",
        help: "seconds to wait for a coordinator that is not there yet (default 300)")
    static let rejoinTimeout = Option(
        name: "--rejoin-timeout", value: "S",
        help: "seconds to look for a coordinator that was lost (default 600)")
    package static let set = Option(
        name: "--set", value: "PATH=VALUE",
        help: """
            set a field of the config, such as optimizer.adam.learning_rate=3e-4; elements of lists by index:
            model.0.dense=128; may be repeated; behind CONFIG, PATH=VALUE alone does the same
            """,
        isRepeated: true)
    static let json = Option(name: "--json", value: nil, help: "print the result as JSON on standard output")
    static let verbose = Option(
        name: "--verbose", value: nil, help: "show everything that happens, and where the time went",
        aliases: ["-v"])
    static let quiet = Option(
        name: "--quiet", value: nil, help: "show errors and the result alone", aliases: ["-q"])
    static let lanes = Option(
        name: "--lanes", value: "L", help: "compute threads (default: all cores)", aliases: ["--threads"])
    static let workerLanes = Option(
        name: "--lanes", value: "L", help: "compute threads of each worker (default: cores / workers)",
        aliases: ["--threads"])
    static let workerProcesses = Option(
        name: "--workers", value: "N", help: "worker processes to start (default 1)")
    static let tokenFile = Option(
        name: "--token-file", value: "FILE", help: "the shared token; - is standard input")
    static let noReport = Option(
        name: "--no-report", value: nil, help: "write neither report.html nor the model card at the end")
    static let runDirectory = Option(
        name: "--run-dir", value: "DIR", help: "where the run is kept (default: runs/NAME-TIME)")
    package static let resume = Option(
        name: "--resume", value: "[=auto]",
        help: """
            go on from the newest valid checkpoint of --run-dir, or of the newest run of that name;
            with auto, for programs that repeat a line: begin if --run-dir is missing or empty, go on
            if it has a run, and print the result again if that has reached its end
            """)
    package static let exitCodeWhenAsked = Option(
        name: "--exit-code-when-asked", value: "N",
        help: "the exit status when a signal has asked this process to end, 0 to 255 (default 0)")
    package static let grace = Option(
        name: "--grace", value: "S",
        help: """
            seconds from the first signal that asks for the end to the end: half of them are for the step at
            hand, the rest for the newest snapshot (default 20)
            """)
    static let peerTimeout = Option(
        name: "--peer-timeout", value: "S", help: "seconds of silence that count as death (default 5)")
    static let snapshotInterval = Option(
        name: "--snapshot-interval", value: "S",
        help: """
            seconds at least between the snapshots in the coordinator's memory
            to which a death goes back (default 1)
            """)
    static let audit = Option(
        name: "--audit", value: "P",
        help: """
            in this fraction of the steps, 0 to 1, another worker computes everyone's
            gradients too; one whose bits differ is named and dismissed (0.1 costs about a tenth)
            """)
    static let trace = Option(
        name: "--trace", value: "FILE",
        help: """
            write what each worker did when, in the first 2,000 steps,
            for https://ui.perfetto.dev or chrome://tracing
            """)
    static let page = Option(
        name: "--page", value: "HOST:PORT",
        help: """
            where the page of the run is served (default 127.0.0.1 and a free port);
            the link is shown on a terminal, and is in the file `page` of the run directory
            """)
    static let noPage = Option(name: "--no-page", value: nil, help: "serve no page")
    static let pageKeyFile = Option(
        name: "--page-key-file", value: "FILE",
        help: """
            the key of the page, for programs that send it as `Authorization: Bearer KEY`;
            made if it is missing (default: another key for each run)
            """)
    static let tensorboard = Option(
        name: "--tensorboard", value: nil,
        help: "write RUN/tensorboard too, for `tensorboard --logdir RUN` (logging.tensorboard of the config)")
    static let plaintext = Option(
        name: "--plaintext", value: nil,
        help: """
            no TLS: whoever is on the network can read and change everything;
            on both sides or on neither, and on trusted wires only
            """)
    static let allowInexact = Option(
        name: "--allow-inexact", value: nil,
        help: "let workers in whose arithmetic gives other bits; the result then says so")
}
