import Collectives
import System
import Threads
import Transport

/// The cost of communication on this machine without a network: two event loops of this process exchange the
/// program's own frames over TLS on loopback.
package struct LoopbackMeasurement: Equatable, Sendable {
    /// Seconds from one thread's request, by way of both loops, to the other thread.
    package var handover: Double
    /// Bytes per second, one way.
    package var bytesPerSecond: Double
    /// Processor seconds to send and receive a byte, whatever else the machine does.
    package var secondsPerByte: Double

    private static let exchanges = 400
    private static let frameSize = 1 << 20
    private static let frames = 96

    package struct Failed: Error, CustomStringConvertible { package let description: String }

    private struct State {
        var connections: [Connection?] = [nil, nil]
        /// Frames that have arrived, by side.
        var received = [0, 0]
        var failure: String?
    }

    package static func run() throws -> Self {
        let (listening, dialling) = (try Reactor(name: "loopback-a"), try Reactor(name: "loopback-b"))
        let monitor = Monitor(State())
        let credentials = Credentials(.random())
        @Sendable func serve(_ connection: Connection, _ side: Int) {
            connection.maximumPayload = frameSize
            connection.closed = { reason in
                monitor.change {
                    $0.failure =
                        $0.failure ?? "the connection was lost (\(reason.map { "\($0)" } ?? "closed"))"
                }
            }
            connection.received = { _, _ in monitor.change { $0.received[side] += 1 } }
            monitor.change { $0.connections[side] = connection }
        }
        let listener = try listening.listen(
            Endpoint(host: "127.0.0.1", port: 0),
            handshake: {
                .listener(credentials, program: Version.program)
            },
            accepted: { connection, _ in serve(connection, 0) })
        try listening.start()
        try dialling.start()
        defer {
            listening.stopAndJoin()
            dialling.stopAndJoin()
        }
        let port = listener.localAddress.port
        dialling.post {
            dialling.dial(
                [Endpoint(host: "127.0.0.1", port: port)], timeout: 5,
                handshake: { .dialler(credentials, program: Version.program, context: []) }
            ) { result in
                switch result {
                case .success(let (connection, _)): serve(connection, 1)
                case .failure(let error): monitor.change { $0.failure = "\(error)" }
                }
            }
        }
        let reactors = [listening, dialling]
        func wait(_ isDone: @escaping (State) -> Bool) throws {
            try monitor.wait { state -> Void? in
                if let failure = state.failure {
                    throw Failed(description: "loopback cannot be measured: \(failure)")
                }
                return isDone(state) ? () : nil
            }
        }
        // Like gradients, the payload is memory that exists already and stays until it is sent.
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: frameSize, alignment: 64)
        payload.initializeMemory(as: UInt8.self, repeating: 7)
        defer { payload.deallocate() }
        let borrowed = Borrowed(bytes: UnsafeRawBufferPointer(payload))
        func send(_ side: Int, bytes: Int) {
            let connection = monitor.change { $0.connections[side] }
            reactors[side].post {
                connection?.send(
                    FrameHeader(kind: 1),
                    borrowing: UnsafeRawBufferPointer(rebasing: borrowed.bytes[..<bytes]))
            }
        }
        func sendAll() throws -> (seconds: Double, processor: Double) {
            let before = monitor.change { $0.received[1] }
            let (begin, processor) = (Reactor.now, Clock.processorSeconds())
            for _ in 0..<frames { send(0, bytes: frameSize) }
            try wait { $0.received[1] == before + frames }
            return (Reactor.now - begin, Clock.processorSeconds() - processor)
        }
        try wait { $0.connections.allSatisfy { $0 != nil } }
        var times: [Double] = []
        for turn in 1...exchanges {
            let begin = Reactor.now
            send(0, bytes: 256)
            try wait { $0.received[1] == turn }
            send(1, bytes: 256)
            try wait { $0.received[0] == turn }
            times.append((Reactor.now - begin) / 2)
        }
        _ = try sendAll()
        let (seconds, processor) = try sendAll()
        let bytes = Double(frames * frameSize)
        return Self(
            handover: times.sorted()[times.count / 2], bytesPerSecond: bytes / seconds,
            secondsPerByte: processor / bytes)
    }

    /// Both threads only read it, and it is freed when they have ended.
    private struct Borrowed: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer
    }
}
