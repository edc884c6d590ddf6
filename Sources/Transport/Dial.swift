import Platform
import Threads

/// An attempt to reach a peer that may have several addresses. They are tried in order, each with an equal
/// share of the time that is left.
///
/// A dial belongs to its reactor's thread. It is `@unchecked Sendable` because the thread that resolves names
/// posts its result back to the loop.
package final class Dial: @unchecked Sendable {
    private let reactor: Reactor
    private let priority: Int
    private let timeout: Double
    private let deadline: Double
    private let handshake: () -> Handshake
    private var completion: HandshakeDriver.Completion?

    private var endpoints: [Endpoint]
    private var addresses: [SocketAddress] = []
    private var failures: [TransportError] = []

    private var timer: ReactorTimer?
    private var connecting: (registration: Registration, stream: PlainStream)?
    private var driver: HandshakeDriver?
    private var attempt = 0

    init(
        _ reactor: Reactor, _ endpoints: [Endpoint], priority: Int, timeout: Double,
        handshake: @escaping () -> Handshake,
        _ completion: @escaping HandshakeDriver.Completion
    ) {
        precondition(!endpoints.isEmpty, "a dial needs an endpoint")
        self.reactor = reactor
        self.endpoints = endpoints
        self.priority = priority
        self.timeout = timeout
        self.handshake = handshake
        self.completion = completion
        deadline = Reactor.now + timeout
    }

    /// Cancels the dial; the completion is not called after this.
    package func cancel() {
        completion = nil
        abandonAttempt()
    }

    private func abandonAttempt() {
        attempt += 1
        timer?.cancel()
        driver?.abandon()
        driver = nil
        if let connecting {
            reactor.remove(connecting.registration)
            connecting.stream.close()
        }
        connecting = nil
    }

    /// Seconds for the next candidate.
    private var share: Double {
        max(0.05, (deadline - Reactor.now) / Double(max(1, addresses.count + endpoints.count)))
    }

    func next() {
        guard completion != nil else { return }
        guard Reactor.now < deadline || failures.isEmpty else { return end() }
        if !addresses.isEmpty {
            let limit = share
            connect(addresses.removeFirst(), limit)
        } else if !endpoints.isEmpty {
            let limit = share
            resolve(endpoints.removeFirst(), limit)
        } else {
            end()
        }
    }

    private func failed(_ error: TransportError) {
        abandonAttempt()
        failures.append(error)
        next()
    }

    private func end() {
        let completion = self.completion
        self.completion = nil
        let telling = failures.max { $0.tellingness < $1.tellingness }
        completion?(.failure(telling ?? .timedOut(peer: "the peer", during: "dialling", seconds: timeout)))
    }
}

// MARK: - The stages of an attempt

extension Dial {
    /// Resolves a name on a thread of its own, because the system's resolver blocks, sometimes for long.
    private func resolve(_ endpoint: Endpoint, _ limit: Double) {
        if let address = SocketAddress(host: endpoint.host, port: endpoint.port) {
            return connect(address, limit)
        }
        let current = attempt
        timer = reactor.after(limit) { [self] in
            failed(.timedOut(peer: "\(endpoint)", during: "looking up its name", seconds: limit))
        }
        do {
            let thread = try Thread(named: "resolver") { [self, reactor] in
                let result = Result { () throws(TransportError) in try endpoint.resolve() }
                reactor.post { [self] in
                    if attempt == current { resolved(result) }
                }
            }
            thread.detach()
        } catch {
            failed(.system(call: "pthread_create", reason: errorText(error.code)))
        }
    }

    private func resolved(_ result: Result<[SocketAddress], TransportError>) {
        timer?.cancel()
        switch result {
        case .failure(let error): failed(error)
        case .success(let found):
            addresses = found
            next()
        }
    }

    private func connect(_ address: SocketAddress, _ limit: Double) {
        do throws(TransportError) {
            let descriptor = try makeSocket(address.family)
            let stream = PlainStream(descriptor: descriptor)
            let status = address.withSocketAddress { Platform.connect(descriptor, $0, $1) }
            if status != 0 && errno != EINPROGRESS { throw connectError(errno, address, limit) }
            let registration = reactor.register(
                descriptor, reads: false, writes: true,
                handler: { [self] _ in connected(stream, address, limit) }, abandon: { stream.close() })
            connecting = (registration, stream)
            timer = reactor.after(limit) { [self] in
                failed(.timedOut(peer: "\(address)", during: "connecting", seconds: limit))
            }
        } catch {
            failed(error)
        }
    }

    private func connected(_ stream: PlainStream, _ address: SocketAddress, _ limit: Double) {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(stream.descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { return failed(connectError(code, address, limit)) }
        guard let local = SocketAddress(of: stream.descriptor, .local),
            let remote = SocketAddress(of: stream.descriptor, .remote),
            local != remote  // A socket can connect to itself when it dials a free port of its own machine.
        else { return failed(.connectionRefused(peer: "\(address)")) }
        timer?.cancel()
        if let connecting { reactor.remove(connecting.registration) }
        connecting = nil
        let handshake = handshake()
        let connection = Connection(
            handshake.protected(stream), reactor: reactor, local: local, remote: remote, priority: priority)
        let limit = min(Handshake.timeLimit, max(0.05, deadline - Reactor.now))
        driver = HandshakeDriver(connection, handshake, timeLimit: limit) { [self] result in
            driver = nil
            switch result {
            case .failure(let error): failed(error)
            case .success(let success):
                let completion = self.completion
                self.completion = nil
                completion?(.success(success))
            }
        }
    }

    private func connectError(_ code: Int32, _ address: SocketAddress, _ limit: Double) -> TransportError {
        switch code {
        case ECONNREFUSED: .connectionRefused(peer: "\(address)")
        case ETIMEDOUT: .timedOut(peer: "\(address)", during: "connecting", seconds: limit)
        default: .unreachable(peer: "\(address)", reason: errorText(code))
        }
    }
}

extension TransportError {
    /// How much an error says about the cause, 0 (little) to 5. Of several failures the most telling one is
    /// reported.
    fileprivate var tellingness: Int {
        switch self {
        case .otherVersion, .tokensDiffer, .protectionDiffers, .refused, .runOver, .otherJob, .rejected: 5
        case .reflected, .malformedHandshake, .lost, .closedDuringHandshake: 4
        case .notOurProtocol, .spokeHTTP, .handshakeFailed: 3
        case .connectionRefused: 2
        case .unknownHost: 1
        default: 0
        }
    }
}
