import Cluster
import Transport

enum RunCommand {
    static let command = Command(
        name: "run", arguments: "CONFIG",
        summary: """
            Train on this machine, with worker processes of its own.
            Progress goes to standard error, the result to standard output.
            With --everywhere, the same line is started on every node, by srun, mpirun, an Indexed Job of \
            Kubernetes, or by hand. Rank 0 coordinates and computes, the others join it. The rank is \
            --rank, or OMPI_COMM_WORLD_RANK, PMI_RANK, PMIX_RANK, SLURM_PROCID within srun, or \
            JOB_COMPLETION_INDEX.
            """,
        options: [
            .workerProcesses, .workerLanes,
            Option(name: "--listen", value: "HOST:PORT", help: "let workers of other machines join too"),
            Option(
                name: "--hosts", value: "USER@HOST,…",
                help: """
                    start a worker on each of these hosts too, by ssh, which must ask for nothing;
                    --workers may be 0 then
                    """),
            Option(
                name: "--advertise", value: "HOST",
                help:
                    "the address at which the workers of --hosts find this machine (default: as they see it)"
            ),
            Option(
                name: "--restarts", value: "N",
                help: "start each worker again so often when it dies (default 3)"),
        ] + Option.ofEverywhere + Option.ofTrainings + Option.settings,
        example: "dist-train run config/digits-mlp.json5 --workers 2 epochs=10", aliases: ["train"],
        prepare: prepare)

    private static func prepare(_ arguments: Arguments) throws -> Command.Action {
        if arguments.has("--everywhere") {
            guard !arguments.has("--hosts") else {
                throw UsageError(
                    "--hosts starts the workers, --everywhere is started by others: give one of them")
            }
            return try EverywhereProgram(arguments).run
        }
        if let option = Option.ofEverywhere.first(where: { arguments.has($0.name) }) {
            throw UsageError("\(option.name) belongs to --everywhere: give both, or neither")
        }
        let hosts = try arguments.hosts()
        let workers = try arguments.integer("--workers", (hosts.isEmpty ? 1 : 0)...1024) ?? 1
        let lanes = try arguments.integer("--lanes", 1...1024)
        let listen = try arguments.endpoint("--listen", defaultPort: Endpoint.coordinatorPort)
        let program = try RunProgram.prepare(
            arguments, listen: listen ?? Endpoint(host: hosts.isEmpty ? "127.0.0.1" : "", port: 0),
            minimumWorkers: workers + hosts.count, maximumWorkers: .max, isOpen: listen != nil)
        let isOpen = listen != nil || arguments.has("--token-file")
        let local = WorkerProcessOptions(
            count: workers, lanes: lanes, restarts: try arguments.restarts(),
            grace: try arguments.ending().grace, hosts: hosts, advertise: try arguments.advertisedHost())
        return {
            let file = arguments.string("--token-file")
            return try program().run(
                token: isOpen ? TokenStore.forCoordinator(file: file) : .random(), local: local)
        }
    }
}

extension Arguments {
    /// The number of times that each worker process is started again when it dies.
    func restarts() throws -> Int { try integer("--restarts", 0...1_000_000) ?? 3 }

    /// The hosts that `--hosts` names; none without it.
    fileprivate func hosts() throws -> [RemoteHost] {
        guard let text = string("--hosts") else {
            guard !has("--advertise") else {
                throw UsageError("--advertise is for the workers of --hosts: leave it out, or give --hosts")
            }
            return []
        }
        do { return try RemoteHost.list(text) } catch {
            throw UsageError("--hosts \(error)")
        }
    }
}
