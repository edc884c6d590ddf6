import System
import TestSupport
import Testing

/// A coordinator that lacks workers says so, and again. Apart from the other suites, because it waits for most of its time.
@Suite(.serialized) struct BadInputPatienceTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func start(_ arguments: [String]) throws -> ChildProcess {
        try Program.start(arguments, in: home.path, [Tokens.variable: Tokens.ours])
    }

    @Test func theLackOfWorkersIsSaidAgainAndAgain() throws {
        let coordinator = try start(
            [
                "coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", home.file("run"),
                "--min-workers", "2",
            ])
        defer { coordinator.terminate() }
        let worker = [
            "worker", "--join", "127.0.0.1:\(try coordinator.listeningPort())", "--listen", "127.0.0.1:0",
            "--lanes", "1",
        ]
        let first = try start(worker)
        defer { first.terminate() }
        let words = "no progress: waiting for 1 more worker (1 of 2 are ready)"
        let isRepeated = eventually(within: 30) { coordinator.standardError().occurrences(of: words) >= 2 }
        #expect(isRepeated, "\(coordinator.standardError())")
        #expect(coordinator.standardError().holds("start them, or restart with a smaller --min-workers"))
        let second = try start(worker)
        defer { second.terminate() }
        try Program.finish(coordinator).expect(status: 0, "starts with 2 workers")
        try Program.finish(first).expect(status: 0)
        try Program.finish(second).expect(status: 0)
    }
}
