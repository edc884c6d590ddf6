import System
import TestSupport
import Testing

/// A coordinator that lacks workers says so, and again. Apart from the other suites, because it waits for
/// most of its time.
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
        let log = EventLog(run: home.file("run"))
        let isRepeated = try eventually(within: 30) {
            try log.events("workers_missing").count { $0.integer("ready") == 1 && $0.integer("needed") == 2 }
                >= 2
        }
        #expect(isRepeated, "\(coordinator.standardError())")
        let second = try start(worker)
        defer { second.terminate() }
        try Program.finish(coordinator).expect(status: 0)
        #expect(try log.events("generation_started").first?.integer("workers") == 2)
        try Program.finish(first).expect(status: 0)
        try Program.finish(second).expect(status: 0)
    }
}
