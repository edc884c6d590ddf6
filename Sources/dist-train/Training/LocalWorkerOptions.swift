import Cluster
import System
import Transport

/// The worker processes that `run` starts on its own machine.
struct LocalWorkerOptions {
    var count: Int
    /// The compute threads of each; nil: they share the machine's cores.
    var lanes: Int?
    /// The number of times that each of them is started again when it dies.
    var restarts: Int
    /// The directory in which they keep fetched data; nil: the workers' usual one.
    var cacheDirectory: String? = nil
    /// Other processes may start workers on this machine too: the coordinator counts them.
    var sharesMachine = false

    /// Seconds from a signal that asks a worker to end to its end.
    var grace = EndingOptions().grace

    var lanesOfEach: Int { lanes ?? max(1, Processor.cores / max(1, count)) }

    /// Starts them.
    /// - Parameter address: the coordinator's.
    func start(address: SocketAddress, protection: Protection, token: SharedToken) throws -> LocalWorkers {
        // `::` takes IPv4 connections too.
        let host = address.isAny ? "127.0.0.1" : address.host
        var arguments = [
            "worker", "--join", "\(Endpoint(host: host, port: address.port))", "--grace", "\(grace)",
        ]
        if !sharesMachine { arguments += ["--lanes", "\(lanesOfEach)"] }
        if let cacheDirectory { arguments += ["--cache-dir", cacheDirectory] }
        if address.isLoopback { arguments += ["--listen", "\(Endpoint(host: address.host, port: 0))"] }
        if protection == .plaintext { arguments.append("--plaintext") }
        return try LocalWorkers(count: count, arguments: arguments, token: token, restarts: restarts)
    }
}
