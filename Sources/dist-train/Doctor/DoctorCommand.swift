import Cluster
import Configuration
import Jobs
import System
import Telemetry
import Transport

enum DoctorCommand {
    static let command = Command(
        name: "doctor", arguments: "[CONFIG]",
        summary: """
            Diagnose this machine, and the way to a coordinator.
            CONFIG adds what a job asks of the machine. Each ✗ comes with its cure. The exit status is 1 if \
            there is one.
            """,
        options: [
            Option(
                name: "--join", value: "HOST[:PORT]",
                help: """
                    what stands between this machine and that coordinator: the way in both directions, TLS,
                    token, version, platform, and the speed of every link
                    """),
            Option(
                name: "--listen", value: "HOST:PORT",
                help: "with --join: where this machine is to be reached (default: every address, any port)"),
            .set, .tokenFile, .plaintext, .json,
            Option(name: "--faults", value: nil, help: "list the fault points, for tests of this program"),
        ],
        example: "dist-train doctor --join 192.168.1.10", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        if arguments.has("--faults") {
            try arguments.requireNoPositionals()
            printFaults()
            return 0
        }
        let findings = try findings(arguments)
        if arguments.has("--json") {
            print(json(findings).prettyJSON())
        } else {
            for finding in findings {
                print(finding.lines(.standardOutput, width: Console.standardOutputWidth))
            }
        }
        return findings.contains { $0.state == .bad } ? 1 : 0
    }

    private static func findings(_ arguments: Arguments) throws -> [Finding] {
        let tokenFile = arguments.string("--token-file")
        if let coordinator = try arguments.endpoint("--join", defaultPort: Endpoint.coordinatorPort) {
            try arguments.requireNoPositionals()
            let listen = try arguments.endpoint("--listen", defaultPort: 0) ?? Endpoint(host: "", port: 0)
            let token = try TokenStore.forWorker(file: tokenFile).token
            return try JoinFindings(
                coordinator: coordinator, credentials: Credentials(token, arguments.protection),
                listen: listen
            ).all()
        }
        guard !arguments.has("--listen") else {
            throw UsageError("--listen says where a coordinator reaches this machine: give --join HOST too")
        }
        // The job comes first, because it may start the process again.
        let job =
            arguments.positionals.isEmpty
            ? []
            : try JobFindings.all(
                JobFile.load(path: arguments.only("a config file"), overrides: arguments.overrides))
        return try MachineFindings.all() + NetworkFindings.all(tokenFile: tokenFile) + job
    }

    private static func json(_ findings: [Finding]) -> ConfigValue {
        .object([
            ("good", .bool(!findings.contains { $0.state == .bad })),
            ("program", .string(Version.program)), ("cores", .int(Processor.cores)),
            ("memory_bytes", .int(MemoryLimit.ofThisProcess().bytes)),
            ("findings", .array(findings.map(\.value))),
        ])
    }

    private static func printFaults() {
        print("fault points, for tests: DIST_TRAIN_FAULT=ROLE:PHASE:STEP:kill|stop|hang[:GENERATION],…")
        for (role, phases) in FaultPoints.phases {
            for (name, meaning) in phases {
                print("  \(TextFormat.left(role, 12)) \(TextFormat.left(name, 18)) \(meaning)")
            }
        }
    }
}
