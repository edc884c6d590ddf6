import Threads
import Transport

/// Two event loops of this process that are joined by one authenticated connection over loopback: side 0
/// listens, side 1 dials.
///
/// It belongs to the thread that measures. Both loops only read the payload, which outlives them.
final class LoopbackPair: @unchecked Sendable {
    struct Failed: Error, CustomStringConvertible { let description: String }

    private struct State {
        var connections: [Connection?] = [nil, nil]
        /// Frames that have arrived, by side.
        var received = [0, 0]
        var failure: String?
    }

    private let reactors: [Reactor]
    private let state = Monitor(State())
    private let credentials = Credentials(.random())
    /// Like gradients, the payload is memory that exists already and stays until it is sent.
    private let payload: UnsafeMutableRawBufferPointer

    /// - Parameter largestFrame: bytes.
    init(largestFrame: Int) throws {
        reactors = [try Reactor(name: "loopback-a"), try Reactor(name: "loopback-b")]
        payload = .allocate(byteCount: largestFrame, alignment: 64)
        payload.initializeMemory(as: UInt8.self, repeating: 7)
    }

    deinit { payload.deallocate() }

    /// Starts both loops and returns when each side has the connection.
    ///
    /// - Throws: `Failed` if the two sides cannot connect.
    func connect() throws {
        let (dialling, credentials) = (reactors[1], credentials)
        let listener = try reactors[0].listen(
            Endpoint(host: "127.0.0.1", port: 0),
            handshake: { .listener(credentials, program: Version.program) },
            accepted: { [weak self] connection, _ in self?.serve(connection, side: 0) })
        for reactor in reactors { try reactor.start() }
        let endpoint = Endpoint(host: "127.0.0.1", port: listener.localAddress.port)
        dialling.post { [weak self] in
            dialling.dial(
                [endpoint], timeout: 5,
                handshake: { .dialler(credentials, program: Version.program, context: []) },
                completion: { self?.dialled($0) })
        }
        try wait { $0.connections.allSatisfy { $0 != nil } }
    }

    /// Ends both loops.
    func close() { for reactor in reactors { reactor.stopAndJoin() } }

    /// Sends a frame from one side to the other.
    func send(from side: Int, bytes: Int) {
        reactors[side].post { [self] in
            let connection = state.change { $0.connections[side] }
            connection?.send(
                FrameHeader(kind: 1), borrowing: UnsafeRawBufferPointer(rebasing: payload[..<bytes]))
        }
    }

    /// Frames that have arrived at a side.
    func received(at side: Int) -> Int { state.change { $0.received[side] } }

    /// Returns when so many frames have arrived at a side.
    ///
    /// - Throws: `Failed` if the connection is lost.
    func wait(forFrames count: Int, at side: Int) throws { try wait { $0.received[side] == count } }

    private func wait(until isDone: (State) -> Bool) throws {
        try state.wait { state -> Void? in
            if let failure = state.failure {
                throw Failed(description: "loopback cannot be measured: \(failure)")
            }
            return isDone(state) ? () : nil
        }
    }

    private func dialled(_ result: Result<(Connection, HandshakePeer), TransportError>) {
        switch result {
        case .success(let (connection, _)): serve(connection, side: 1)
        case .failure(let error): state.change { $0.failure = "\(error)" }
        }
    }

    private func serve(_ connection: Connection, side: Int) {
        let state = state
        connection.maximumPayload = payload.count
        connection.closed = { reason in
            let reason = reason.map { "\($0)" } ?? "closed"
            state.change { $0.failure = $0.failure ?? "the connection was lost (\(reason))" }
        }
        connection.received = { _, _ in state.change { $0.received[side] += 1 } }
        state.change { $0.connections[side] = connection }
    }
}
