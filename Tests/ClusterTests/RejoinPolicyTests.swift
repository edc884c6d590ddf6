import Cluster
import Telemetry
import Testing
import Transport

/// A worker's decisions after a session, in virtual time.
@Suite struct RejoinPolicyTests {
    private let coordinator = CoordinatorPlace(Endpoint(host: "10.0.0.1", port: 7070))
    private let silent = TransportError.timedOut(peer: "the coordinator", during: "dialling", seconds: 10)
    private let wrongToken = TransportError.tokensDiffer(peer: "the coordinator")

    private func policy(timeout: Double = 600, wait: Double = 300, keeps: Bool = false) -> RejoinPolicy {
        RejoinPolicy(
            coordinator: coordinator, RejoinPolicy.Limits(wait: wait, rejoin: timeout, keeps: keeps),
            tokenFile: "/home/me/token")
    }

    @Test func theEndOfTheJob() {
        var policy = policy()
        let (next, events) = policy.ended(.finished("the job has reached its end"), now: 5)
        #expect(next == .exit(status: 0))
        #expect(events == [.finished(reason: "the job has reached its end")])
    }

    @Test func refusals() {
        var policy = policy()
        #expect(policy.ended(.joinAgain("another job follows"), now: 5).next == .join(afterSeconds: 0.1))
        let (next, events) = policy.ended(.refused("its arithmetic differs"), now: 6)
        #expect(next == .exit(status: 1))
        #expect(events == [.failed(reason: "its arithmetic differs")])
    }

    /// The worker waits with growing pauses, and says so once a minute.
    @Test(arguments: [
        TransportError.unknownHost(host: "node1", reason: "Name or service not known"),
        .connectionRefused(peer: "10.0.0.1:7070"),
        .unreachable(peer: "10.0.0.1:7070", reason: "no route to host"),
        .timedOut(peer: "10.0.0.1:7070", during: "connecting", seconds: 10),
        .closedDuringHandshake(peer: "10.0.0.1:7070"),
        .lost(peer: "10.0.0.1:7070", reason: "Connection reset by peer"),
        .truncated(peer: "10.0.0.1:7070"),
        .evicted(peer: "10.0.0.1:7070"),
        .system(call: "socket", reason: "too many open files"),
    ])
    func aCoordinatorThatIsNotThereYet(error: TransportError) {
        var policy = policy()
        var (now, pauses, said) = (1000.0, [Double](), [RunEvent.Session]())
        while true {
            let (next, events) = policy.ended(.lost(error, wasLetIn: false), now: now)
            said += events
            guard case .join(let pause) = next else { break }
            pauses.append(pause)
            now += pause
        }
        #expect(pauses.prefix(6) == [0.25, 0.5, 1, 2, 4, 5])
        #expect(pauses.allSatisfy { $0 <= 5 } && now == 1300, "the last attempt comes when the time is over")
        #expect(
            said.first == .waiting(address: "10.0.0.1:7070", reason: "\(error)", seconds: 300))
        #expect(said.count == 6, "once a minute, and the end: \(said)")
        #expect(
            said.last
                == .failed(reason: "no coordinator at 10.0.0.1:7070 within 5 min 00 s (--wait): \(error)"))
    }

    @Test func noTimeToWait() {
        var policy = policy(wait: 0)
        let (next, events) = policy.ended(.lost(silent, wasLetIn: false), now: 5)
        #expect(next == .exit(status: 1))
        #expect(events == [.failed(reason: "\(silent)")])
    }

    /// An error that no repetition mends ends a worker at once.
    @Test(arguments: [
        TransportError.otherVersion(peer: "x", theirs: 3, theirProgram: nil, ours: 4, ourProgram: nil),
        .protectionDiffers(peer: "x", ours: .tls), .notOurProtocol(peer: "x"), .spokeHTTP(peer: "x"),
        .refused(peer: "x", sentence: "the worker is of another version"),
        .otherJob(peer: "x", sentence: "the worker belongs to `b`"),
        .rejected(peer: "x", reason: "y"), .reflected(peer: "x"), .runOver(peer: "x"),
        .handshakeFailed(peer: "x", reason: "y"), .malformedHandshake(peer: "x", reason: "y"),
        .invalidEndpoint(text: "x", reason: "y"),
    ])
    func aCoordinatorThatIsNotOurs(error: TransportError) {
        var policy = policy()
        let (next, events) = policy.ended(.lost(error, wasLetIn: false), now: 5)
        #expect(next == .exit(status: 1))
        #expect(events == [.failed(reason: "\(error)")])
    }

    // MARK: A coordinator on one of several ports

    private func policyOfThreePorts(wait: Double = 300) -> RejoinPolicy {
        RejoinPolicy(
            coordinator: CoordinatorPlace(host: "fd00::1", ports: 7...9),
            RejoinPolicy.Limits(wait: wait, rejoin: 10))
    }

    /// Others may have the other ports: whatever they say, all are tried before a pause, again and again.
    @Test(arguments: [
        TransportError.otherJob(peer: "x", sentence: "the worker belongs to `b`"),
        .tokensDiffer(peer: "x"), .notOurProtocol(peer: "x"), .spokeHTTP(peer: "x"),
        .otherVersion(peer: "x", theirs: 3, theirProgram: nil, ours: 4, ourProgram: nil),
        .connectionRefused(peer: "x"),
    ])
    func severalPorts(error: TransportError) {
        var policy = policyOfThreePorts()
        var (ports, pauses) = ([UInt16](), [Double]())
        for _ in 0..<6 {
            ports.append(policy.endpoint.port)
            let (next, events) = policy.ended(.lost(error, wasLetIn: false), now: 100)
            guard case .join(let pause) = next else { return #expect(Bool(false), "\(next)") }
            pauses.append(pause)
            #expect(events.count == (ports.count == 1 ? 1 : 0), "it is said once")
        }
        #expect(ports == [7, 8, 9, 7, 8, 9])
        #expect(pauses == [0, 0, 0.25, 0, 0, 0.5])
    }

    /// The last sentence names the ports, and the reason that says most.
    @Test func noCoordinatorOnAnyPort() {
        var policy = policyOfThreePorts(wait: 0)
        _ = policy.ended(.lost(wrongToken, wasLetIn: false), now: 100)
        _ = policy.ended(.lost(.connectionRefused(peer: "x"), wasLetIn: false), now: 100)
        let (next, events) = policy.ended(.lost(.connectionRefused(peer: "x"), wasLetIn: false), now: 100)
        #expect(next == .exit(status: 1), "all ports were tried once")
        #expect(events == [.failed(reason: "\(wrongToken)")])
        policy = policyOfThreePorts(wait: 1)
        _ = policy.ended(.lost(wrongToken, wasLetIn: false), now: 100)
        _ = policy.ended(.lost(wrongToken, wasLetIn: false), now: 100)
        let (_, last) = policy.ended(.lost(.connectionRefused(peer: "x"), wasLetIn: false), now: 101)
        #expect(
            last == [.failed(reason: "no coordinator at [fd00::1]:7-9 within 1.00 s (--wait): \(wrongToken)")]
        )
    }

    /// A coordinator that was lost is looked for where it was, then on the other ports: it may come back on
    /// any.
    @Test func aCoordinatorComesBackOnAnotherPort() {
        var policy = policyOfThreePorts()
        _ = policy.ended(.lost(wrongToken, wasLetIn: false), now: 1)
        #expect(policy.endpoint == Endpoint(host: "fd00::1", port: 8))
        _ = policy.ended(.lost(nil, wasLetIn: true), now: 2)
        #expect(policy.endpoint.port == 8)
        _ = policy.ended(.lost(.connectionRefused(peer: "x"), wasLetIn: false), now: 3)
        #expect(policy.endpoint.port == 9)
        #expect(policy.ended(.lost(.runOver(peer: "x"), wasLetIn: false), now: 4).next == .exit(status: 1))
    }

    /// A wrong token is named with its file.
    @Test func aWrongToken() {
        var policy = policy()
        let (next, events) = policy.ended(.lost(wrongToken, wasLetIn: false), now: 5)
        #expect(next == .exit(status: 1))
        #expect(
            events == [.failed(reason: "\(wrongToken). The token here is the one in `/home/me/token`")])
    }

    /// With `--keep` the end of a job, good or bad, begins a search without an end.
    @Test func theNextJob() {
        for end in [SessionEnd.finished("the end"), .runFailed("no worker is left")] {
            var policy = policy(keeps: true)
            let (next, events) = policy.ended(end, now: 100)
            #expect(next == .join(afterSeconds: 1))
            #expect(events.count == 1)
            for error in [TransportError.runOver(peer: "x"), silent, .connectionRefused(peer: "x")] {
                for now in [101.0, 10_000, 1e7] {
                    let (next, events) = policy.ended(.lost(error, wasLetIn: false), now: now)
                    #expect(next != .exit(status: 1) && events.isEmpty, "\(error) at \(now)")
                }
            }
            #expect(policy.ended(.lost(wrongToken, wasLetIn: false), now: 2e7).next == .exit(status: 1))
            #expect(policy.ended(.refused("its arithmetic differs"), now: 2e7).next == .exit(status: 1))
        }
    }

    @Test func theEndOfARunThatFailed() {
        var policy = policy()
        let (next, events) = policy.ended(.runFailed("no worker is left"), now: 5)
        #expect(next == .exit(status: 1))
        #expect(events == [.failed(reason: "no worker is left")])
    }

    /// After a loss the worker dials again every second, without a word, until the time is over.
    @Test func aCoordinatorThatIsGone() {
        var policy = policy()
        let (next, events) = policy.ended(.lost(nil, wasLetIn: true), now: 100)
        #expect(next == .join(afterSeconds: 1))
        #expect(
            events == [.coordinatorLost(address: "10.0.0.1:7070", reason: nil, rejoinSeconds: 600)])
        for now in stride(from: 101.0, to: 700, by: 50) {
            let (next, events) = policy.ended(.lost(silent, wasLetIn: false), now: now)
            #expect(next == .join(afterSeconds: 1) && events.isEmpty, "\(now)")
        }
        let (last, words) = policy.ended(.lost(silent, wasLetIn: false), now: 700)
        #expect(last == .exit(status: 1))
        #expect(
            words == [
                .failed(
                    reason: "no coordinator at 10.0.0.1:7070 within 10 min 00 s;"
                        + " start it again with --resume, then this worker")
            ])
    }

    /// Every session that began starts the time anew.
    @Test func theTimeBeginsAnew() {
        var policy = policy(timeout: 2)
        #expect(policy.ended(.lost(nil, wasLetIn: true), now: 100).next == .join(afterSeconds: 0.5))
        #expect(policy.ended(.lost(nil, wasLetIn: true), now: 101.9).next == .join(afterSeconds: 0.5))
        #expect(policy.ended(.lost(silent, wasLetIn: false), now: 103.8).next == .join(afterSeconds: 0.5))
        #expect(policy.ended(.joinAgain("it fell behind"), now: 103.9).next == .join(afterSeconds: 0.1))
        #expect(policy.ended(.lost(silent, wasLetIn: false), now: 105.8).next == .join(afterSeconds: 0.5))
        #expect(policy.ended(.lost(silent, wasLetIn: false), now: 105.9).next == .exit(status: 1))
    }

    /// A wrong token stays wrong: the worker exits, whether or not it was let in before.
    @Test func errorsThatNoRetryMends() {
        var policy = policy()
        #expect(policy.ended(.lost(nil, wasLetIn: true), now: 100).next == .join(afterSeconds: 1))
        let (next, events) = policy.ended(.lost(wrongToken, wasLetIn: false), now: 101)
        #expect(next == .exit(status: 1))
        #expect(
            events == [.failed(reason: "\(wrongToken). The token here is the one in `/home/me/token`")])
    }

    @Test func noTimeToRejoin() {
        var policy = policy(timeout: 0)
        let (next, events) = policy.ended(.lost(silent, wasLetIn: true), now: 100)
        #expect(next == .exit(status: 1))
        #expect(events.count == 2, "the reason of the loss, and that nobody was found")
    }
}
