import Cluster
import Transport

enum CoordinatorCommand {
    static let command = Command(
        name: "coordinator", arguments: "CONFIG",
        summary: """
            Train with workers that are started by hand, anywhere.
            Prints the command with which a worker joins; the token is shown on a terminal only.
            """,
        options: [
            Option(
                name: "--listen", value: "HOST:PORT",
                help: "where workers join (default: every address, port 7070)"),
            Option(
                name: "--min-workers", value: "N", help: "begin when so many workers are ready (default 1)"),
            Option(name: "--max-workers", value: "N", help: "further workers wait as spares"),
            .rendezvous,
        ] + Option.ofTrainings + Option.settings,
        example: "dist-train coordinator config/digits-mlp.json5 --min-workers 3", prepare: prepare)

    private static func prepare(_ arguments: Arguments) throws -> Command.Action {
        let minimum = try arguments.integer("--min-workers", 1...1024) ?? 1
        let maximum = try arguments.integer("--max-workers", 1...1024)
        if let maximum, maximum < minimum {
            throw UsageError("--max-workers \(maximum) is less than --min-workers \(minimum)")
        }
        let port = Endpoint.coordinatorPort
        let listen = try arguments.endpoint("--listen", defaultPort: port) ?? Endpoint(host: "", port: port)
        let rendezvous = try arguments.rendezvous()?.name
        let program = try RunProgram.prepare(
            arguments, listen: listen, minimumWorkers: minimum, maximumWorkers: maximum ?? .max, isOpen: true)
        return {
            var program = try program()
            program.coordinator.rendezvous = rendezvous
            return try program.run(
                token: TokenStore.forCoordinator(file: arguments.string("--token-file")), local: nil)
        }
    }
}
