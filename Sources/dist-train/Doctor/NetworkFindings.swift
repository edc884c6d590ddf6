import Cluster
import System
import Transport

/// The side of this machine that others see: the port, the addresses, the token.
enum NetworkFindings {
    static func all(tokenFile: String?) throws -> [Finding] {
        [port, addresses, token(tokenFile), try loopback()]
    }

    private static var port: Finding {
        do {
            let reactor = try Reactor(name: "doctor")
            let credentials = Credentials(.random())
            let listener = try reactor.listen(
                Endpoint(host: "", port: Endpoint.coordinatorPort),
                handshake: { .listener(credentials, program: Version.program) },
                accepted: { connection, _ in connection.close() })
            let families = listener.localAddress.isIPv6 ? "IPv4 and IPv6" : "IPv4 alone"
            listener.close()
            return Finding("port \(Endpoint.coordinatorPort)", .good, "free (\(families))")
        } catch {
            return Finding(
                "port \(Endpoint.coordinatorPort)", .warning, "\(error)",
                cure: "a coordinator here needs another port: --listen :7071, and --join HOST:7071")
        }
    }

    private static var addresses: Finding {
        let all = InterfaceAddress.all()
        guard !all.isEmpty else {
            return Finding(
                "addresses", .warning, "loopback alone: only workers of this machine can join",
                cure: "connect the machine to a network")
        }
        let texts = all.map {
            "\($0.address.bracketedHost) (\($0.interface)"
                + ($0.isVirtual ? ", of containers" : "") + ")"
        }
        let isReachable = all.contains { !$0.isVirtual }
        return Finding(
            "addresses", isReachable ? .good : .warning, texts.joined(separator: ", "),
            cure: isReachable
                ? nil : "others hardly reach a bridge of containers: connect the machine to a network")
    }

    private static func token(_ file: String?) -> Finding {
        let path = file ?? TokenStore.defaultPath
        if file == nil, Environment.value("DIST_TRAIN_TOKEN") != nil {
            return existing(nil, "DIST_TRAIN_TOKEN")
        }
        guard let path else {
            return Finding("token", .fact, "no home directory: a coordinator keeps it in its run directory")
        }
        guard file != nil || File.exists(path) else {
            return Finding("token", .fact, "\(path) (none yet: a coordinator makes one)")
        }
        return existing(file, path)
    }

    private static func existing(_ file: String?, _ place: String) -> Finding {
        do {
            _ = try TokenStore.existing(file: file)
            return Finding("token", .good, place)
        } catch {
            return Finding("token", .bad, "\(error)", cure: "mend or remove \(place)")
        }
    }

    private static func loopback() throws -> Finding {
        let loopback = try LoopbackMeasurement.run()
        let rate = TextFormat.fixed(1e-9 * loopback.bytesPerSecond, 1)
        let handover = TextFormat.fixed(1e6 * loopback.handover, 0)
        return Finding("loopback", .fact, "\(rate) GB/s, \(handover) µs from thread to thread")
    }
}
