import Cluster
import System
import Transport

/// The worker processes that `run` starts on its own machine and, with `--hosts`, on others.
struct WorkerProcessOptions {
    var count: Int
    /// The compute threads of each; nil: those of this machine share its cores, and one of another host uses
    /// all of that one's.
    var lanes: Int?
    /// The number of times that each of them is started again when it dies.
    var restarts: Int
    /// The directory in which they keep fetched data; nil: the workers' usual one.
    var cacheDirectory: String? = nil
    /// Other processes may start workers on this machine too: the coordinator counts them.
    var sharesMachine = false
    /// Seconds from a signal that asks a worker to end to its end.
    var grace = EndingOptions().grace
    /// The other hosts, a worker on each.
    var hosts: [RemoteHost] = []
    /// The host at which they find the coordinator; nil: this machine as each of them sees it.
    var advertise: String? = nil

    var lanesOfEach: Int { lanes ?? max(1, Processor.cores / max(1, count)) }

    /// Starts them.
    /// - Parameter address: the coordinator's.
    func start(address: SocketAddress, protection: Protection, token: SharedToken) throws -> WorkerProcesses {
        let local = try LocalPlace(arguments: localArguments(address, protection), token: token)
        let places: [any WorkerPlace] = Array(repeating: local, count: count)
        return try WorkerProcesses(
            places + remotePlaces(address, protection, token), restarts: restarts)
    }

    private func localArguments(_ address: SocketAddress, _ protection: Protection) -> [String] {
        // `::` takes IPv4 connections too.
        let host = address.isAny ? "127.0.0.1" : address.host
        var arguments = [
            "worker", "--join", "\(Endpoint(host: host, port: address.port))", "--grace", "\(grace)",
        ]
        if !sharesMachine { arguments += ["--lanes", "\(lanesOfEach)"] }
        if let cacheDirectory { arguments += ["--cache-dir", cacheDirectory] }
        if address.isLoopback { arguments += ["--listen", "\(Endpoint(host: address.host, port: 0))"] }
        if protection == .plaintext { arguments.append("--plaintext") }
        return arguments
    }

    /// Seconds that a worker of another host looks for the coordinator, which is there: at the beginning, and
    /// when it has lost it. Later another one takes its place.
    private static let patience = ["--wait", "30", "--rejoin-timeout", "60"]

    private func remotePlaces(_ address: SocketAddress, _ protection: Protection, _ token: SharedToken) throws
        -> [any WorkerPlace]
    {
        guard !hosts.isEmpty else { return [] }
        let program = try RemoteProgram.ofThisProcess()
        let options =
            Self.patience + ["--grace", "\(grace)"] + (lanes.map { ["--lanes", "\($0)"] } ?? [])
            + (protection == .plaintext ? ["--plaintext"] : [])
        return hosts.map {
            RemotePlace(
                $0, program: program, address: advertise ?? (address.isAny ? nil : address.host),
                port: address.port, options: options, token: token)
        }
    }
}
