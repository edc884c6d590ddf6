import Platform
import Synchronization
import Testing
import Transport

@Suite(.serialized) struct ReactorAuthenticationTests {
    /// Returns the errors of both sides of a dial that must fail.
    private func dialError(
        _ dialled: SharedToken, _ dialling: Protection, _ listening: Protection
    ) async throws -> (dialler: TransportError, listener: TransportError) {
        struct Both: Sendable { var dialler: TransportError; var listener: TransportError }
        let loop = try TestLoop()
        let both: Both = try await loop.run { reactor, finish in
            final class State { var dialler: TransportError?; var listener: TransportError? }
            let state = State()
            func check() {
                if let one = state.dialler, let two = state.listener {
                    finish(.success(Both(dialler: one, listener: two)))
                }
            }
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener(token, listening) },
                accepted: { _, _ in finish(.failure(Unexpected(what: "accepted"))) },
                failed: {
                    state.listener = $0
                    check()
                })
            reactor.dial(
                [server.localAddress.endpoint], timeout: 120, handshake: { dialler(dialled, dialling) }
            ) { result in
                switch result {
                case .success: finish(.failure(Unexpected(what: "connected")))
                case .failure(let error):
                    state.dialler = error
                    check()
                }
            }
        }
        return (both.dialler, both.listener)
    }

    @Test(arguments: protections) func wrongTokenIsToldToBoth(_ protection: Protection) async throws {
        let (dialler, listener) = try await dialError(.random(), protection, protection)
        guard case .tokensDiffer(let peer) = dialler, case .tokensDiffer = listener else {
            throw Unexpected(what: "\(dialler) \(listener)")
        }
        #expect(peer.hasPrefix("127.0.0.1:"))
    }

    /// Both ends name the protection of each side, and a dialler without TLS is told in plaintext.
    @Test(arguments: protections) func protectionsThatDiffer(_ protection: Protection) async throws {
        let (dialler, listener) = try await dialError(
            token, protection, protection == .tls ? .plaintext : .tls)
        guard case .protectionDiffers(let listening, protection) = dialler,
            case .protectionDiffers(let dialling, let other) = listener
        else {
            throw Unexpected(what: "\(dialler) \(listener)")
        }
        #expect(other != protection && listening.hasPrefix("127.0.0.1:") && dialling.hasPrefix("127.0.0.1:"))
        let advice = "start both sides without --plaintext, or both with it if you trust the network"
        let (plain, encrypted) = protection == .plaintext ? (dialler, listener) : (listener, dialler)
        #expect("\(plain)".hasSuffix(" uses TLS, this side was started with --plaintext; \(advice)"))
        #expect("\(encrypted)".hasSuffix(" was started with --plaintext, this side uses TLS; \(advice)"))
    }

    @Test func theContextReachesTheListener() async throws {
        let loop = try TestLoop()
        let peer: HandshakePeer = try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() },
                accepted: { finish(.success($1)) })
            reactor.dial([server.localAddress.endpoint], handshake: { dialler(context: [7]) }) { result in
                if case .failure(let error) = result { finish(.failure(error)) }
            }
        }
        #expect(peer == HandshakePeer(program: "test 1", context: [7]))
    }

    /// Frames that the listener sends right after its welcome wait until the dialler's new owner wants them.
    @Test func framesWaitForTheirOwner() async throws {
        let loop = try TestLoop()
        let got: [UInt8] = try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() },
                accepted: { connection, _ in connection.send(FrameHeader(kind: 1), [4, 5, 6]) })
            reactor.dial([server.localAddress.endpoint], handshake: { dialler() }) { result in
                guard case .success(let (connection, _)) = result else {
                    return finish(.failure(Unexpected(what: "\(result)")))
                }
                reactor.after(0.05) {
                    connection.received = { _, payload in finish(.success(Array(payload))) }
                }
            }
        }
        #expect(got == [4, 5, 6])
    }

    @Test func endpointsAreTriedInTurn() async throws {
        let loop = try TestLoop()
        let found: String = try await loop.run { reactor, finish in
            let closed = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in })
            let dead = closed.localAddress.endpoint
            closed.close()
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in })
            let good = Endpoint(host: "localhost", port: server.localAddress.port)
            reactor.dial([dead, good], timeout: 120, handshake: { dialler() }) { result in
                finish(
                    result.map { "\($0.0.remoteAddress)" == "\(server.localAddress)" ? "good" : "other" }
                        .mapError { $0 })
            }
        }
        #expect(found == "good")
    }

    @Test func refusedAndUnknown() async throws {
        let loop = try TestLoop()
        let refused: [String] = try await loop.run { reactor, finish in
            let closed = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in })
            let dead = closed.localAddress.endpoint
            closed.close()
            reactor.dial([dead], handshake: { dialler() }) { result in
                guard case .failure(let error) = result else {
                    return finish(.failure(Unexpected(what: "connected")))
                }
                finish(.success(["\(dead)", "\(error)"]))
            }
        }
        #expect(
            refused[1]
                == "\(refused[0]) refused the connection;"
                + " check that the coordinator runs there and listens on this port"
        )
        let unknown: TransportError = try await loop.run { reactor, finish in
            reactor.dial(
                [Endpoint(host: "no-such-host.invalid", port: 1)], timeout: 120, handshake: { dialler() }
            ) { result in
                if case .failure(let error) = result {
                    finish(.success(error))
                } else {
                    finish(.failure(Unexpected(what: "connected")))
                }
            }
        }
        guard case .unknownHost("no-such-host.invalid", _) = unknown else {
            throw Unexpected(what: "\(unknown)")
        }
    }

    @Test func portInUse() async throws {
        let loop = try TestLoop()
        let texts: [String] = try await loop.run { reactor, finish in
            let first = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in })
            do throws(TransportError) {
                _ = try reactor.listen(
                    first.localAddress.endpoint, handshake: { listener() }, accepted: { _, _ in })
                finish(.failure(Unexpected(what: "bound twice")))
            } catch {
                finish(.success(["\(first.localAddress)", "\(error)"]))
            }
        }
        #expect(
            texts[1]
                == "\(texts[0]) is in use by another program;"
                + " end that one, or choose another port with `--listen HOST:PORT` (port 0: any free one)"
        )
    }

    /// Returns the error of a listener to which a client writes these bytes.
    private func listenerError(
        _ bytes: [UInt8], _ protection: Protection, ends: Bool = false, timeLimit: Double = 20
    ) async throws -> TransportError {
        let loop = try TestLoop()
        return try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), timeLimit: timeLimit,
                handshake: { listener(token, protection) },
                accepted: { _, _ in finish(.failure(Unexpected(what: "accepted"))) },
                failed: { finish(.success($0)) })
            let port = server.localAddress.port
            try startClient {
                let client = try RawClient(port: port)
                try client.write(bytes)
                if ends { client.endWriting() }
                _ = try client.readToEnd()
            }
        }
    }

    @Test(arguments: protections) func strangers(_ protection: Protection) async throws {
        let http = try await listenerError(Array("GET / HTTP/1.1\r\n\r\n".utf8), protection)
        guard case .spokeHTTP(let peer) = http else { throw Unexpected(what: "\(http)") }
        #expect(
            "\(http)" == "\(peer) does not speak dist-train's protocol, but HTTP; check the host and the port"
        )
        for seed in 1...20 {
            let error = try await listenerError(pattern(200, seed: UInt64(seed)), protection)
            guard case .notOurProtocol = error else { throw Unexpected(what: "\(error)") }
        }
        let silent = try await listenerError([], protection, timeLimit: 0.1)
        guard case .timedOut(_, "handshake", _) = silent else { throw Unexpected(what: "\(silent)") }
        let gone = try await listenerError([], protection, ends: true)
        guard case .closedDuringHandshake = gone else { throw Unexpected(what: "\(gone)") }
        let cut = try await listenerError(
            Array(FrameHeader(kind: 0xf0).encoded(payload: [1]).prefix(20)), .plaintext, ends: true)
        guard case .closedDuringHandshake = cut else { throw Unexpected(what: "\(cut)") }
    }

    /// A client that sends byte by byte has no more time than others.
    @Test(arguments: protections) func slowness(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let error: TransportError = try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), timeLimit: 0.5,
                handshake: { listener(token, protection) },
                accepted: { _, _ in finish(.failure(Unexpected(what: "accepted"))) },
                failed: { finish(.success($0)) })
            let port = server.localAddress.port
            try startClient {
                let client = try RawClient(port: port)
                // This is the beginning of a record, or of a frame, that is never completed.
                let bytes =
                    protection == .tls
                    ? [0x16, 3, 1, 1, 0, 1] : Array(FrameHeader(kind: 0xf0).encoded(payload: [1]).prefix(40))
                for index in 0..<1000 {
                    try client.write([index < bytes.count ? UInt8(bytes[index]) : 0])
                    usleep(50_000)
                }
            }
        }
        guard case .timedOut(_, "handshake", 0.5) = error else { throw Unexpected(what: "\(error)") }
    }

    @Test func beforeAuthentication() async throws {
        let long = try await listenerError(
            FrameHeader(kind: 0xf0).encoded(payload: [UInt8](repeating: 1, count: 4097)), .plaintext)
        guard case .frameTooLong(_, 4097, 4096, false) = long else { throw Unexpected(what: "\(long)") }
        #expect(
            "\(long)".contains("sent a frame of 4097 bytes, at most 4096 are allowed before authentication"))
        let ordinary = try await listenerError(FrameHeader(kind: 1).encoded(payload: [1]), .plaintext)
        guard case .unknownKind(_, 1) = ordinary else { throw Unexpected(what: "\(ordinary)") }
    }

    /// A peer of another protocol version is told the names of both programs, whatever else has changed.
    @Test func otherVersionIsToldToBoth() async throws {
        let loop = try TestLoop()
        let box = AnswerBox()
        let error: TransportError = try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0),
                handshake: { .listener(Credentials(token, .plaintext), program: "dist-train 0.1") },
                accepted: { _, _ in finish(.failure(Unexpected(what: "accepted"))) },
                failed: { error in
                    // The refusal goes out before the test ends.
                    box.whenAnswered { finish(.success(error)) }
                })
            let port = server.localAddress.port
            try startClient {
                let client = try RawClient(port: port)
                let program = Array("dist-train 9".utf8)
                try client.write(
                    FrameHeader(kind: 0xf0).encoded(
                        payload: [1, 9, 0, UInt8(program.count), 0] + program + [0xff, 0xff], version: 9))
                box.answer(try client.readFrame().payload)
            }
        }
        guard case .otherVersion(_, 9, "dist-train 9", FrameHeader.protocolVersion, "dist-train 0.1") = error
        else {
            throw Unexpected(what: "\(error)")
        }
        let answer = try #require(box.value)
        #expect(answer[..<3] == [2, 4, 0] && answer.contains(Array("dist-train 0.1".utf8)))
    }

    private final class AnswerBox: Sendable {
        private let state = Mutex<(answer: [UInt8]?, waiting: (@Sendable () -> Void)?)>((nil, nil))
        var value: [UInt8]? { state.withLock { $0.answer } }
        func answer(_ bytes: [UInt8]) {
            let waiting = state.withLock { state in
                state.answer = bytes
                return state.waiting
            }
            waiting?()
        }
        func whenAnswered(_ body: @escaping @Sendable () -> Void) {
            let isAnswered = state.withLock { state in
                state.waiting = body
                return state.answer != nil
            }
            if isAnswered { body() }
        }
    }

    /// The system completes the connection, and nobody ever answers.
    @Test func aSilentListenerTimesOut() async throws {
        let silent = try Reactor(name: "silent")
        let deaf = try silent.listen(
            Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in })
        let loop = try TestLoop()
        let endpoint = deaf.localAddress.endpoint
        let error: TransportError = try await loop.run { reactor, finish in
            reactor.dial([endpoint], timeout: 0.2, handshake: { dialler() }) { result in
                if case .failure(let error) = result {
                    finish(.success(error))
                } else {
                    finish(.failure(Unexpected(what: "connected")))
                }
            }
        }
        guard case .timedOut("\(endpoint)", "handshake", _) = error else {
            throw Unexpected(what: "\(error)")
        }
        deaf.close()
    }

    @Test func aCancelledDialIsSilent() async throws {
        let loop = try TestLoop()
        let quiet: Bool = try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in })
            let dial = reactor.dial([server.localAddress.endpoint], handshake: { dialler() }) { _ in
                finish(.success(false))
            }
            reactor.after(0) { dial.cancel() }
            reactor.after(0.1) { finish(.success(true)) }
        }
        #expect(quiet)
    }

    static let hasIPv6 = SocketAddress.localInterfaces(loopback: true).contains { $0.isIPv6 && $0.isLoopback }

    @Test(.enabled(if: hasIPv6, "this machine has no IPv6 loopback")) func bothFamilies() async throws {
        for (listening, dialled, seen) in [
            ("::1", "::1", "::1"), ("::", "127.0.0.1", "127.0.0.1"), ("::", "::1", "::1"),
        ] {
            let loop = try TestLoop()
            let remote: String = try await loop.run { reactor, finish in
                let server = try reactor.listen(
                    Endpoint(host: listening, port: 0), handshake: { listener() },
                    accepted: { connection, _ in finish(.success(connection.remoteAddress.host)) })
                reactor.dial(
                    [Endpoint(host: dialled, port: server.localAddress.port)], handshake: { dialler() }
                ) { result in
                    if case .failure(let error) = result { finish(.failure(error)) }
                }
            }
            #expect(remote == seen)
        }
    }

    @Test(arguments: protections) func aListenerThatSpeaksSomethingElse(_ protection: Protection) async throws
    {
        // Two diallers meet: both say hello, over a listener whose handshake is a dialler's.
        let loop = try TestLoop()
        let error: TransportError = try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { dialler(token, protection) },
                accepted: { _, _ in })
            reactor.dial([server.localAddress.endpoint], handshake: { dialler(token, protection) }) {
                result in
                if case .failure(let error) = result {
                    finish(.success(error))
                } else {
                    finish(.failure(Unexpected(what: "connected")))
                }
            }
        }
        switch (error, protection) {
        case (.malformedHandshake, .plaintext), (.reflected, .tls): break
        default: throw Unexpected(what: "\(error)")
        }
    }
}
