import Synchronization
import System
import TestSupport
import Testing
import Transport

/// Ports, strangers and other versions: each side says who it met and what to do about it.
@Suite(.serialized) struct BadInputNetworkTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private let token = [Tokens.variable: Tokens.ours]
    private var log: EventLog { EventLog(run: home.file("run")) }

    /// As `--version` says it.
    private func ourProgram() throws -> String {
        String(try Program.run(["--version"], in: home.path, seconds: 30).output.prefix { $0 != "\n" })
    }

    private func ourVersion() throws -> String {
        "\(try ourProgram()) (protocol \(FrameHeader.protocolVersion))"
    }

    private func startCoordinator(_ more: String...) throws -> ChildProcess {
        let arguments =
            ["coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", home.file("run")]
            + more
        return try Program.start(arguments, in: home.path, token)
    }

    private func startWorker(_ port: UInt16, _ more: String...) throws -> ChildProcess {
        try Program.start(
            ["worker", "--join", "127.0.0.1:\(port)", "--listen", "127.0.0.1:0", "--lanes", "1"] + more,
            in: home.path, token)
    }

    // MARK: The coordinator's port

    @Test(arguments: ["coordinator", "run"])
    func aPortInUse(command: String) throws {
        let holder = try RawSocket.bound()
        let place = "127.0.0.1:\(holder.port)"
        let arguments = [command, Repository.digits, "--listen", place, "--run-dir", home.file("run")]
        let end = try Program.run(arguments, in: home.path, token, seconds: 30)
        end.expect(status: 1, "error: \(place) is in use by another program", "--listen HOST:PORT", "port 0")
        // The same command works once the port is free or another one: nothing is in its way.
        #expect(!File.exists(home.file("run")))
    }

    @Test func aPortInUseWhenARunIsResumed() throws {
        let command = ["run", Repository.digits, "--run-dir", home.file("run"), "--set"]
        try Program.run(command + ["epochs=1"], in: home.path, token).expect(status: 0)
        let holder = try RawSocket.bound()
        let again = command + ["epochs=2", "--resume"]
        try Program.run(again + ["--listen", "127.0.0.1:\(holder.port)"], in: home.path, token).expect(
            status: 1, "is in use")
        try Program.run(again, in: home.path, token).expect(status: 0)
        #expect(try log.events("run_resumed").last?.integer("step") == 12)
    }

    @Test func aWorkersOwnPortInUse() throws {
        let holder = try RawSocket.bound()
        let arguments = ["worker", "--join", "127.0.0.1:1", "--listen", "127.0.0.1:\(holder.port)"]
        try Program.run(arguments, in: home.path, token, seconds: 30).expect(
            status: 1, "error: 127.0.0.1:\(holder.port) is in use by another program", "--listen HOST:PORT")
    }

    @Test func anAddressOfAnotherMachine() throws {
        let arguments = [
            "coordinator", Repository.digits, "--listen", "203.0.113.7:0", "--run-dir", home.file("run"),
        ]
        try Program.run(arguments, in: home.path, token, seconds: 30).expect(
            status: 1, "cannot listen on 203.0.113.7:0", "choose an address of this machine")
    }

    // MARK: Other versions

    /// A greeting whose first fields stand where they stand in every version.
    private static func greeting(role: UInt8, version: UInt16, program: String) -> [UInt8] {
        let name = Array(program.utf8)
        return [role, UInt8(version & 255), UInt8(version >> 8), UInt8(name.count), 0] + name
            + [UInt8](repeating: 7, count: 50)
    }

    private static let (hello, challenge) = (
        FrameHeader.firstHandshakeKind, FrameHeader.firstHandshakeKind + 1
    )

    @Test func aWorkerOfAnotherVersion() throws {
        let coordinator = try startCoordinator("--plaintext")
        defer { coordinator.terminate() }
        let stranger = try RawSocket.connected(to: coordinator.listeningPort())
        let payload = Self.greeting(role: 1, version: 9, program: "dist-train 9.8.7")
        stranger.send(FrameHeader(kind: Self.hello).encoded(payload: payload, version: 9))
        // It is told who it met, so that its side can name both versions too.
        #expect(try String(decoding: stranger.receive(), as: UTF8.self).holds(ourProgram()))
        let event = try log.wait(for: "connection_rejected", from: coordinator)
        let versions = "runs dist-train 9.8.7 (protocol 9), this side \(try ourVersion())"
        #expect(event.isBecause("\(versions); install the same version on both"), "\(event)")
        #expect(coordinator.exitStatus() == nil, "the coordinator goes on")
    }

    /// The protocol may stay when the arithmetic changes, so the programs must be the same.
    @Test func aWorkerWithTheSameProtocolOfAnotherProgram() throws {
        let coordinator = try startCoordinator()
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let token = try #require(SharedToken(hex: Tokens.ours))
        let reactor = try Reactor()
        let refusal = Mutex<String?>(nil)
        reactor.post {
            reactor.dial(
                [Endpoint(host: "127.0.0.1", port: port)], timeout: 20,
                handshake: {
                    .dialler(Credentials(token), program: "dist-train 9.8.7", context: [])
                }
            ) { result in
                if case .failure(let error) = result { refusal.withLock { $0 = "\(error)" } }
                reactor.stop()
            }
        }
        try reactor.start()
        let deadline = Clock.monotonicSeconds() + 30
        while refusal.withLock({ $0 == nil }) && Clock.monotonicSeconds() < deadline {
            Clock.sleep(seconds: 0.01)
        }
        reactor.stopAndJoin()
        let text = try #require(refusal.withLock { $0 })
        #expect(
            try text.holds(
                "the coordinator is \(ourProgram()), the worker dist-train 9.8.7; install the same version"),
            "\(text)")
    }

    @Test func aCoordinatorOfAnotherVersion() throws {
        let listener = try RawSocket.bound()
        let worker = try startWorker(listener.port, "--plaintext")
        defer { worker.terminate() }
        let stranger = try #require(listener.accepted())
        #expect(stranger.receive(until: { $0.count > 100 }).starts(with: Array("DTRN".utf8)))
        let payload = Self.greeting(role: 2, version: 9, program: "dist-train 9.8.7")
        stranger.send(FrameHeader(kind: Self.challenge).encoded(payload: payload, version: 9))
        let end = try Program.finish(worker, seconds: 20)
        end.expect(
            status: 1,
            "127.0.0.1:\(listener.port) runs dist-train 9.8.7 (protocol 9), this side \(try ourVersion())",
            "install the same version on both")
    }

    // MARK: Strangers at the coordinator's door

    @Test func aBrowserAtTheCoordinatorsPort() throws {
        let coordinator = try startCoordinator("--plaintext")
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let browser = try RawSocket.connected(to: port)
        browser.send(Array("GET / HTTP/1.1\r\nHost: here\r\n\r\n".utf8))
        #expect(browser.receive().isEmpty)
        try log.wait(for: "connection_rejected", from: coordinator) {
            $0.isBecause("does not speak dist-train's protocol")
        }
        // Bytes of ours that were damaged on the way.
        let damaged = try RawSocket.connected(to: port)
        var frame = FrameHeader(kind: Self.hello).encoded(payload: [1, 2, 3])
        frame[frame.count - 1] ^= 1
        damaged.send(frame)
        _ = damaged.receive()
        try log.wait(for: "connection_rejected", from: coordinator) { $0.isBecause("checksum is wrong") }
        let worker = try startWorker(port, "--plaintext")
        try Program.finish(worker).expect(status: 0)
        try Program.finish(coordinator).expect(status: 0)
    }

    // MARK: Whom a worker may meet

    @Test func anUnknownHost() throws {
        try Program.run(
            ["worker", "--join", "host.invalid", "--wait", "0"], in: home.path, token, seconds: 30
        ).expect(
            status: 1, "the host `host.invalid` is unknown", "check its spelling")
    }

    @Test func aClosedPort() throws {
        let holder = try RawSocket.bound(listening: false)
        try Program.finish(try startWorker(holder.port, "--wait", "0"), seconds: 30).expect(
            status: 1, "127.0.0.1:\(holder.port) refused the connection",
            "check that the coordinator runs there")
    }

    @Test func aWebServer() throws {
        let listener = try RawSocket.bound()
        let worker = try startWorker(listener.port)
        defer { worker.terminate() }
        let server = try #require(listener.accepted())
        _ = server.receive(until: { $0.count > 40 })
        server.send(Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8))
        try Program.finish(worker, seconds: 20).expect(
            status: 1, "127.0.0.1:\(listener.port) does not speak dist-train's protocol",
            "check the host and the port")
    }

    @Test func aListenerThatClosesAtOnce() throws {
        let listener = try RawSocket.bound()
        let worker = try startWorker(listener.port, "--wait", "0")
        defer { worker.terminate() }
        do { _ = try #require(listener.accepted()).receive(until: { $0.count > 100 }) }
        try Program.finish(worker, seconds: 20).expect(status: 1, "127.0.0.1:\(listener.port)")
    }

    @Test func aListenerThatSaysNothing() throws {
        let listener = try RawSocket.bound()
        let worker = try startWorker(listener.port, "--wait", "0")
        defer { worker.terminate() }
        try Program.finish(worker, seconds: 25).expect(
            status: 1, "127.0.0.1:\(listener.port) did not answer within 10 s",
            "check the address, the network and the firewall")
    }
}
