import Platform
import System
import TestSupport
import Testing

/// Workers that come before their coordinator, or stay after it; signals that are not for them.
@Suite(.serialized) struct WorkerWaitTests {
    private static let job = DigitsJob(steps: 12)

    /// A port on which a coordinator has listened, and where nobody listens now.
    private func freePort(_ hands: ByHand) throws -> Int {
        let first = try hands.coordinator(["--set", "epochs=1"])
        first.send(SIGINT)
        _ = try Program.finish(first, seconds: 20)
        try Directory.remove(hands.runDirectory)
        return hands.port
    }

    @Test func aWorkerWaitsForItsCoordinator() throws {
        let hands = try ByHand(Self.job)
        _ = try freePort(hands)
        let worker = try hands.worker()
        let event = try hands.log(of: worker).wait(for: "session_waiting", from: worker)
        #expect(event.isBecause("refused the connection"))
        #expect(event.text("address") == "127.0.0.1:\(hands.port)")
        let coordinator = try hands.coordinator()
        #expect(try hands.bits(coordinator) == hands.bench.quiet())
        try expectGoodEnd(worker)
        #expect(try hands.log(of: worker).events("session_waiting").count == 1, "it is said once")
    }

    @Test func aWorkerDoesNotWaitForEver() throws {
        let hands = try ByHand(Self.job)
        _ = try freePort(hands)
        try expectRefusal(
            try hands.worker(["--wait", "0.3"]),
            naming: [
                "no coordinator at 127.0.0.1:\(hands.port) within", "(--wait)", "refused the connection",
            ])
        try expectRefusal(try hands.worker(["--wait", "0"]), naming: ["refused the connection"])
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func aWorkerThatWaitsIsStopped(signal: Int32) throws {
        let hands = try ByHand(Self.job)
        _ = try freePort(hands)
        let worker = try hands.worker()
        try hands.log(of: worker).wait(for: "session_waiting", from: worker)
        worker.send(signal)
        try expectGoodEnd(worker, seconds: 5)
    }

    @Test func aWorkerThatStaysComputesTheNextJob() throws {
        let hands = try ByHand(Self.job)
        let first = try hands.coordinator()
        let worker = try hands.worker(["--keep"])
        let bits = try hands.bits(first)
        try hands.log(of: worker).wait(for: "session_staying", from: worker)
        hands.runDirectory = hands.bench.runDirectory("second")
        #expect(try hands.bits(hands.coordinator()) == bits)
        let hasStayed = try eventually(within: 20) {
            try hands.log(of: worker).events("session_staying").count == 2
        }
        #expect(hasStayed)
        worker.send(SIGTERM)
        try expectGoodEnd(worker)
    }

    /// Schedulers send SIGUSR1 and SIGUSR2 to every process of a job.
    @Test func signalsThatNobodyUses() throws {
        let hands = try ByHand(Self.job)
        let coordinator = try hands.coordinator(["--min-workers", "2"])
        let workers = try (0..<2).map { _ in try hands.worker(fault: "rank1:forward:5:stop:1") }
        let stopped = try #require(
            try waitForStopped(workers), "one of both is rank 1")
        for process in [coordinator] + workers {
            for signal in [SIGUSR2, SIGPIPE, SIGXFSZ, SIGWINCH, SIGURG] { process.send(signal) }
        }
        for worker in workers { worker.send(SIGUSR1) }
        stopped.send(SIGCONT)
        #expect(try hands.bits(coordinator) == hands.bench.quiet())
        for worker in workers { try expectGoodEnd(worker) }
    }

    private func waitForStopped(_ workers: [ChildProcess]) throws -> ChildProcess? {
        var found: ChildProcess?
        _ = eventually(within: 30) {
            found = workers.first { Processes.state($0.processID) == "T" }
            return found != nil
        }
        return found
    }
}
