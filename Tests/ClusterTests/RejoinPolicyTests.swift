import Cluster
import Telemetry
import Testing
import Transport

/// A worker's decisions after a session, in virtual time.
@Suite struct RejoinPolicyTests {
    private let coordinator = Endpoint(host: "10.0.0.1", port: 7070)
    private let silent = TransportError.timedOut(peer: "the coordinator", during: "dialling", seconds: 10)
    private let wrongToken = TransportError.tokensDiffer(peer: "the coordinator")

    private func policy(timeout: Double = 600) -> RejoinPolicy {
        RejoinPolicy(coordinator: coordinator, timeout: timeout)
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

    /// A worker that was never let in does not wait for anybody.
    @Test func aCoordinatorThatIsNotThere() {
        var policy = policy()
        let (next, events) = policy.ended(.lost(silent, wasLetIn: false), now: 5)
        #expect(next == .exit(status: 1))
        #expect(events == [.failed(reason: "\(silent)")])
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
        #expect(events == [.failed(reason: "\(wrongToken)")])
    }

    @Test func noTimeToRejoin() {
        var policy = policy(timeout: 0)
        let (next, events) = policy.ended(.lost(silent, wasLetIn: true), now: 100)
        #expect(next == .exit(status: 1))
        #expect(events.count == 2, "the reason of the loss, and that nobody was found")
    }
}
