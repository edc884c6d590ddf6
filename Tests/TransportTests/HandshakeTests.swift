import Synchronization
import Testing
import Transport

/// Passes frames between both sides until neither has any, and returns the outcomes. `tamper` may change a
/// message; messages are numbered from 0.
private func converse(
    _ dialler: inout Handshake, _ listener: inout Handshake,
    tamper: (Int, Handshake.Frame) -> Handshake.Frame = { $1 }
) -> (dialler: Handshake.Outcome, listener: Handshake.Outcome, messages: [Handshake.Frame]) {
    var outcomes = (dialler: Handshake.Outcome.proceeds, listener: Handshake.Outcome.proceeds)
    var messages: [Handshake.Frame] = []
    var toListener = dialler.start()
    var toDialler = listener.start()
    while !toListener.isEmpty || !toDialler.isEmpty {
        let (forListener, forDialler) = (toListener, toDialler)
        toListener = []
        toDialler = []
        for frame in forListener {
            let sent = tamper(messages.count, frame)
            messages.append(sent)
            let (frames, outcome) = listener.receive(sent.kind, sent.payload)
            toDialler += frames
            outcomes.listener = outcome
        }
        for frame in forDialler {
            let sent = tamper(messages.count, frame)
            messages.append(sent)
            let (frames, outcome) = dialler.receive(sent.kind, sent.payload)
            toListener += frames
            outcomes.dialler = outcome
        }
    }
    return (outcomes.dialler, outcomes.listener, messages)
}

private func isAuthenticated(_ outcome: Handshake.Outcome) -> Bool {
    if case .authenticated = outcome { true } else { false }
}

@Suite struct HandshakeTests {
    @Test func succeedsAndCarriesTheContext() {
        var one = Handshake.dialler(Credentials(token), program: "dist-train 0.1", context: [1, 2, 3])
        let seen = Mutex<[HandshakePeer]>([])
        var two = Handshake.listener(Credentials(token), program: "dist-train 0.2") { peer in
            seen.withLock { $0.append(peer) }
            return .accept
        }
        let (dialler, listener, messages) = converse(&one, &two)
        #expect(seen.withLock { $0 } == [HandshakePeer(program: "dist-train 0.1", context: [1, 2, 3])])
        #expect(dialler == .authenticated(HandshakePeer(program: "dist-train 0.2", context: [])))
        #expect(listener == .authenticated(HandshakePeer(program: "dist-train 0.1", context: [1, 2, 3])))
        #expect(messages.count == 4)
    }

    @Test func theTokenIsNowhere() {
        var (one, two) = (dialler(), listener())
        let messages = converse(&one, &two).messages
        let secret = token.hex
        for message in messages {
            let digits = message.payload.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(!digits.contains(secret))
        }
        var dumped = ""
        dump(token, to: &dumped)
        #expect("\(token)" == "(token)" && !dumped.contains(secret) && String(reflecting: token) == "(token)")
    }

    @Test func wrongToken() {
        var (one, two) = (dialler(.random()), listener())
        one.peer = "10.0.0.3:7070"
        let (dialler, listener, _) = converse(&one, &two)
        #expect(dialler == .failed(.tokensDiffer(peer: "10.0.0.3:7070")))
        #expect(listener == .failed(.tokensDiffer(peer: "the peer")))
        #expect(
            "\(TransportError.tokensDiffer(peer: "10.0.0.3:7070"))"
                == "the token of 10.0.0.3:7070 differs from the token here;"
                + " give both sides the same one (`--token-file` or DIST_TRAIN_TOKEN)"
        )
    }

    @Test func aListenerWithoutTheTokenIsNotBelieved() {
        // The listener accepts any proof and makes up a welcome.
        var fresh = dialler()
        var other = listener(.random())
        let hello = fresh.start()[0]
        let answer = other.receive(hello.kind, hello.payload).frames[0]
        #expect(fresh.receive(answer.kind, answer.payload).outcome == .proceeds)
        let outcome = fresh.receive(0xf3, pattern(32, seed: 1)).outcome
        #expect(outcome == .failed(.tokensDiffer(peer: "the peer")))
    }

    @Test func everyFlippedBitFails() {
        for message in 0..<4 {
            let length = { () -> Int in
                var (one, two) = (dialler(context: [5, 6]), listener())
                return converse(&one, &two).messages[message].payload.count
            }()
            for bit in 0..<8 * length {
                var (one, two) = (dialler(context: [5, 6]), listener())
                let (dialler, listener, _) = converse(&one, &two) { index, frame in
                    var frame = frame
                    if index == message { frame.payload[bit / 8] ^= 1 << (bit % 8) }
                    return frame
                }
                #expect(!isAuthenticated(dialler), "message \(message) bit \(bit)")
                #expect(!isAuthenticated(listener) || message == 3, "message \(message) bit \(bit)")
            }
        }
    }

    @Test func everyTruncationAndExtensionFails() {
        for message in 0..<4 {
            for change in -40...2 where change != 0 {
                var (one, two) = (dialler(), listener())
                let (dialler, _, _) = converse(&one, &two) { index, frame in
                    var frame = frame
                    if index == message {
                        frame.payload =
                            change < 0
                            ? frame.payload.dropLast(-change) : frame.payload + [0, 0].prefix(change)
                    }
                    return frame
                }
                #expect(!isAuthenticated(dialler), "message \(message) change \(change)")
            }
        }
    }

    @Test func replayFails() {
        var (one, two) = (dialler(), listener())
        let recorded = converse(&one, &two).messages
        var victim = listener()
        #expect(victim.receive(recorded[0].kind, recorded[0].payload).outcome == .proceeds)
        #expect(
            victim.receive(recorded[2].kind, recorded[2].payload).outcome
                == .failed(.tokensDiffer(peer: "the peer")))
        var caller = dialler()
        _ = caller.start()
        #expect(caller.receive(recorded[1].kind, recorded[1].payload).outcome == .proceeds)
        #expect(
            caller.receive(recorded[3].kind, recorded[3].payload).outcome
                == .failed(.tokensDiffer(peer: "the peer")))
    }

    @Test func reflectionFails() {
        // The peer echoes what it gets, once unchanged and once with the kinds that would be right.
        for relabel in [false, true] {
            var one = dialler()
            let hello = one.start()[0]
            let (_, outcome) = one.receive(relabel ? 0xf1 : hello.kind, hello.payload)
            #expect(outcome == .failed(.reflected(peer: "the peer")))
        }
        // The listener's own challenge comes back as a hello.
        var two = listener()
        var probe = dialler()
        let hello = probe.start()[0]
        let challenge = two.receive(hello.kind, hello.payload).frames[0]
        var victim = listener()
        #expect(!isAuthenticated(victim.receive(0xf0, challenge.payload).outcome))
        // A dialler's proof is not accepted as a listener's welcome.
        let proof = probe.receive(challenge.kind, challenge.payload).frames[0]
        #expect(probe.receive(0xf3, proof.payload).outcome == .failed(.tokensDiffer(peer: "the peer")))
    }

    @Test func aRefusalIsToldToBoth() {
        var one = dialler()
        var two = Handshake.listener(Credentials(token), program: "p") { _ in .refuse("the job is full") }
        let (dialler, listener, messages) = converse(&one, &two)
        #expect(dialler == .failed(.refused(peer: "the peer", sentence: "the job is full")))
        #expect(listener == .failed(.rejected(peer: "the peer", reason: "the job is full")))
        #expect(messages.count == 4)
    }

    /// A peer that does not know the token is refused without a question to the listener's owner.
    @Test func nobodyIsAuthorizedWithoutTheToken() {
        let asked = Mutex(0)
        var one = dialler(.random())
        var two = Handshake.listener(Credentials(token), program: "p") { _ in
            asked.withLock { $0 += 1 }
            return .accept
        }
        #expect(!isAuthenticated(converse(&one, &two).listener))
        #expect(asked.withLock { $0 } == 0)
    }

    @Test func otherVersionNamesBothPrograms() {
        func versioned(_ frame: Handshake.Frame) -> Handshake.Frame {
            var frame = frame
            frame.payload[1] = 9
            return frame
        }
        var one = Handshake.dialler(Credentials(token), program: "dist-train 0.9", context: [])
        var two = Handshake.listener(Credentials(token), program: "dist-train 0.1")
        let (_, listener, messages) = converse(&one, &two) { index, frame in versioned(frame) }
        let expected = TransportError.otherVersion(
            peer: "the peer", theirs: 9, theirProgram: "dist-train 0.9", ours: FrameHeader.protocolVersion,
            ourProgram: "dist-train 0.1"
        )
        #expect(listener == .failed(expected))
        #expect(
            expected.description
                == "the peer runs dist-train 0.9 (protocol 9), this side dist-train 0.1 (protocol 4);"
                + " install the same version on both"
        )
        // The refusal tells the dialler the same.
        var again = Handshake.dialler(Credentials(token), program: "dist-train 0.9", context: [])
        _ = again.start()
        let outcome = again.receive(messages[1].kind, messages[1].payload).outcome
        #expect(
            outcome
                == .failed(
                    .otherVersion(
                        peer: "the peer", theirs: 9, theirProgram: "dist-train 0.1",
                        ours: FrameHeader.protocolVersion,
                        ourProgram: "dist-train 0.9")))
    }

    @Test func randomMessagesAreRefused() {
        for seed in 1...2000 {
            let bytes = pattern(seed % 120, seed: UInt64(seed))
            var (one, two) = (dialler(), listener())
            _ = one.start()
            for kind in UInt8(0xf0)...0xf5 {
                #expect(
                    !isAuthenticated(one.receive(kind, bytes).outcome)
                        && !isAuthenticated(two.receive(kind, bytes).outcome))
            }
        }
    }

    @Test func textOfARefusalCannotDriveATerminal() {
        var one = dialler()
        var two = Handshake.listener(Credentials(token), program: "p") { _ in .refuse("a\u{1b}[2Jb\nc") }
        #expect(converse(&one, &two).dialler == .failed(.refused(peer: "the peer", sentence: "a?[2Jb?c")))
    }

    /// A dialler of another job learns that from the kind of the refusal, so that it can look elsewhere.
    @Test func anotherJobIsNotARefusalOfEveryKind() {
        var one = dialler()
        var two = Handshake.listener(Credentials(token), program: "p") { _ in .refuseOtherJob("not yours") }
        let (first, second, _) = converse(&one, &two)
        #expect(first == .failed(.otherJob(peer: "the peer", sentence: "not yours")))
        #expect(second == first)
    }

    @Test func tokenFromText() {
        #expect(SharedToken(hex: " \(token.hex)\n")?.hex == token.hex)
        #expect(SharedToken(hex: String(token.hex.dropLast())) == nil)
        #expect(SharedToken(hex: token.hex + "0") == nil)
        #expect(SharedToken(hex: "") == nil)
        #expect(SharedToken(hex: "g" + token.hex.dropFirst()) == nil)
        #expect(SharedToken.random().hex != SharedToken.random().hex)
    }
}
