import Cluster
import Kernels
import System
import Training
import Transport

/// The obstacles between this machine and a coordinator: name, way, TLS, token, version, both directions, the
/// platform, and the links to the workers that are there.
struct JoinFindings {
    let coordinator: Endpoint
    let credentials: Credentials
    let listen: Endpoint

    func all() throws -> [Finding] {
        let probe = try LinkProbe(credentials, listen: listen)
        defer { probe.close() }
        let hosts =
            listen.host.isEmpty || SocketAddress(host: listen.host, port: 0)?.isAny == true
            ? SocketAddress.localInterfaces().map(\.host) : [listen.host]
        let link: LinkProbe.Link
        do { link = try probe.link(to: coordinator, back: []) } catch let error as TransportError {
            return [failure(error)]
        }
        var findings = [
            Finding("coordinator", .good, "\(coordinator) answers at \(link.remote.host)"),
            Finding("protection", .good, credentials.protection == .tls ? "TLS 1.3" : "none (--plaintext)"),
            Finding("token", .good, "both sides have the same one"),
            Finding("version", .good, "both sides run \(Version.program)"),
            Self.platform(link.answer.platform),
            Self.measured("link", link),
        ]
        // This machine's coordinator reaches it by loopback.
        let back = link.local.isLoopback ? [link.local.host] : [link.local.host] + hosts
        findings.append(try reverse(probe, back))
        for worker in link.answer.workers { findings.append(Self.worker(worker, probe)) }
        return findings
    }

    /// The step at which the way to the coordinator ends.
    private func failure(_ error: TransportError) -> Finding {
        let name =
            switch error {
            case .tokensDiffer: "token"
            case .otherVersion: "version"
            case .protectionDiffers, .handshakeFailed: "protection"
            case .unknownHost: "name"
            default: "coordinator"
            }
        let found = Finding(name, failure: "\(error)")
        if case .connectionRefused = error {
            return Finding(
                name, .bad, found.text,
                cure:
                    "start the coordinator there, or compare the port: `dist-train coordinator CONFIG"
                    + " --listen :\(coordinator.port)`")
        }
        return found
    }

    private static func platform(_ name: String) -> Finding {
        guard let core = Fingerprint.core(ofPlatform: name) else {
            return Finding(
                "platform", .fact, "no worker has come yet; this machine would compute with \(BLAS.coreName)")
        }
        let fixed = AdoptedCore.isFixedByUser ? Environment.value("OPENBLAS_CORETYPE") : nil
        if core == BLAS.coreName { return Finding("platform", .good, "\(name), as here") }
        return Finding(
            "platform", fixed == nil && Processor.supports(core: core),
            "the run computes with \(name); a worker here takes over its core \(core)",
            cure: fixed == nil
                ? "start the run with `numerics: {blas_core: \"Haswell\"}`, which this processor has too"
                : "unset OPENBLAS_CORETYPE=\(fixed ?? "")")
    }

    private static func measured(_ name: String, _ link: LinkProbe.Link) -> Finding {
        let interface =
            InterfaceAddress.all(loopback: true).first { $0.address.host == link.local.host }?.interface
        let rate = TextFormat.fixed(8e-6 * link.bytesPerSecond, 0)
        let time = TextFormat.fixed(1e3 * link.roundTrip, 2)
        return Finding(
            name, .good,
            "\(rate) Mbit/s each way at once, \(time) ms there and back, through"
                + " \(interface ?? link.local.host)")
    }

    private func reverse(_ probe: LinkProbe, _ hosts: [String]) throws -> Finding {
        let places = hosts.map { "\(Endpoint(host: $0, port: probe.port))" }.joined(separator: ", ")
        let answer = try probe.link(to: coordinator, back: hosts).answer
        return Finding(
            "way back", answer.failure.isEmpty,
            answer.failure.isEmpty
                ? "the coordinator's machine reaches this one"
                : "the coordinator's machine does not reach this one at \(places): \(answer.failure)",
            cure:
                "let a port through this machine's firewall and name it: `dist-train worker --listen :7071`;"
                + " behind an address translation also `--advertise HOST`")
    }

    private static func worker(_ worker: ProbeAnswer.Worker, _ probe: LinkProbe) -> Finding {
        var failure = "it tells no address"
        for endpoint in worker.endpoints {
            do { return measured(worker.name, try probe.link(to: endpoint, back: [])) } catch {
                failure = "\(error)"
            }
        }
        return Finding(
            worker.name, .bad, "cannot be reached: \(failure)",
            cure: "let its port through the firewall of its machine (`dist-train worker --listen :7071`)")
    }
}
