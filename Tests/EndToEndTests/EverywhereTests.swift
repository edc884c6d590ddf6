import Launch
import Platform
import System
import TestSupport
import Testing

/// `run --everywhere`: the same line for every rank of a job.
@Suite(.serialized) struct EverywhereTests {
    private static let job = DigitsJob(microbatches: 8)

    /// The others come before rank 0, wait for it, and compute.
    @Test func threeRanks() throws {
        let ranks = try Ranks(Self.job)
        let others = try [1, 2].map { try ranks.start($0) }
        for other in others { try Program.wait(for: "waiting for the coordinator", from: other) }
        let first = try ranks.start(0)
        try ranks.wait(workers: 3, of: first)
        try ranks.expectQuietBits(first)
        for other in others { try ranks.expectGoodEnd(other) }
        let launched = try #require(try ranks.log.events("launched").first)
        #expect(launched.integer("rank") == 0 && launched.text("rendezvous") == ranks.rendezvous)
        let port = try #require(try ranks.log.events("listening").first?.integer("port"))
        #expect(try #require(Rendezvous(ranks.rendezvous)).ports.contains(UInt16(port)))
    }

    /// Rank 0 is killed, its line is given again, and the others, which were never told, go on with it.
    @Test func rankZeroComesAgain() throws {
        let ranks = try Ranks(Self.job)
        let first = try ranks.start(0, fault: "coordinator:checkpoint-written:12:kill")
        let others = try [1, 2].map { try ranks.start($0) }
        try ranks.wait(workers: 3, of: first)
        #expect(try ranks.finish(first).status == .killed(signal: SIGKILL))
        let log = EventLog(run: ranks.hands.runDirectory, continues: true)
        let second = try ranks.start(0, holdingAt: 14)
        try ranks.wait(workers: 2, of: second, log)
        try ranks.expectQuietBits(second)
        for other in others { try ranks.expectGoodEnd(other) }
        #expect(try log.has("run_resumed"))
        let names = try log.events("worker_joined").compactMap { $0.text("name") }
        #expect(names.contains { name in others.contains { name.hasSuffix("/\($0.processID)") } }, "\(names)")
    }

    /// A scheduler's SIGTERM reaches all processes. The same lines, given again, go on.
    @Test func allRanksAreStoppedAndComeAgain() throws {
        let ranks = try Ranks(Self.job)
        let (first, other) = (try ranks.start(0), try ranks.start(1))
        try ranks.wait(workers: 2, of: first)
        let own = try Processes.children(of: first.processID)
        for id in [first.processID, other.processID] + own { kill(id, SIGTERM) }
        for process in [first, other] { try ranks.expectGoodEnd(process) }
        #expect(try ranks.log.has("run_stopped"))
        let again = try [0, 1].map { try ranks.start($0) }
        try ranks.expectQuietBits(again[0])
        try ranks.expectGoodEnd(again[1])
    }

    /// A line that is given again after the end ends at once.
    @Test func aRankAfterTheEnd() throws {
        let ranks = try Ranks(Self.job)
        try ranks.expectQuietBits(ranks.start(0))
        let late = try ranks.finish(ranks.start(1))
        #expect(late.status == .exited(0))
        #expect(late.errors.contains("the job has reached its end"), "\(late.errors)")
    }

    /// Two jobs of one user on one machine, whose names stand for the same ports: whoever comes first has the
    /// first port, and every rank finds its own job.
    @Test func twoJobsWithTheSamePorts() throws {
        let names = try Self.namesWithTheSamePorts()
        let token = randomHex(bytes: 32)
        let one = try Ranks(Self.job, rendezvous: names.0, token: token)
        let two = try Ranks(
            DigitsJob(microbatches: 8, optimizer: "{sgd: {learning_rate: 0.1}}"), rendezvous: names.1,
            token: token)
        let first = try one.start(0)
        let firstPort = try one.log.wait(for: "listening", from: first).integer("port")
        let early = try two.start(1)
        try Program.wait(for: "the worker belongs to `\(names.1)`", from: early)
        let second = try two.start(0)
        let secondPort = try two.log.wait(for: "listening", from: second).integer("port")
        #expect(try #require(secondPort) > (try #require(firstPort)))
        let late = try one.start(1)
        try one.wait(workers: 2, of: first)
        try two.wait(workers: 2, of: second)
        try one.expectQuietBits(first)
        try two.expectQuietBits(second)
        for (ranks, process) in [(one, late), (two, early)] { try ranks.expectGoodEnd(process) }
    }

    private static func namesWithTheSamePorts() throws -> (String, String) {
        let one = Ranks.randomName()
        let ports = try #require(Rendezvous(one)).ports
        let other = (0..<100_000).lazy.map { "\(one)-\($0)" }.first { Rendezvous($0)?.ports == ports }
        return (one, try #require(other))
    }

    /// Workers by hand that name a job, the right one, none, or another.
    @Test func anotherJobsWorkerIsRefused() throws {
        let hands = try ByHand(DigitsJob(steps: 12))
        let coordinator = try hands.coordinator(["--rendezvous", "mine", "--min-workers", "2"])
        try expectRefusal(
            hands.worker(["--rendezvous", "yours"]),
            naming: [
                "the coordinator serves the job `mine`, and the worker belongs to `yours`",
                "give both the same --rendezvous",
            ])
        let workers = [try hands.worker(["--rendezvous", "mine"]), try hands.worker()]
        #expect(try hands.bits(coordinator) == hands.bench.quiet())
        for worker in workers { try expectGoodEnd(worker) }
        hands.runDirectory = hands.bench.runDirectory("second")
        let nameless = try hands.coordinator()
        try expectRefusal(
            hands.worker(["--rendezvous", "yours"]), naming: ["the coordinator was given no name of a job"])
        nameless.send(SIGTERM)
        _ = try Program.finish(nameless)
    }

    /// Rank 0 makes the token in a home that all share, and the others wait for it.
    @Test func theTokenOfRankZero() throws {
        let ranks = try Ranks(Self.job, token: nil)
        let other = try ranks.start(1)
        try Program.wait(for: "there is no token in", from: other)
        let first = try ranks.start(0)
        try ranks.wait(workers: 2, of: first)
        try ranks.expectQuietBits(first)
        let end = try ranks.finish(other)
        #expect(end.status == .exited(0), "\(end.errors)")
        let said = end.errors.split(separator: "\n").count { $0.contains("there is no token in") }
        #expect(said == 1, "\(end.errors)")
    }

    @Test func aTokenThatNeverComes() throws {
        let ranks = try Ranks(Self.job, token: nil, ["--wait", "0.3"])
        let end = try ranks.finish(ranks.start(1))
        #expect(end.status == .exited(1))
        #expect(end.errors.contains("no token"), "\(end.errors)")
    }

    /// Variables of a launcher say what options say otherwise.
    @Test func aLaunchersVariables() throws {
        let ranks = try Ranks(Self.job)
        let namespace = randomHex(bytes: 4)
        func start(_ rank: Int) throws -> ChildProcess {
            let variables = [
                "OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "2",
                "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "PMIX_NAMESPACE": namespace,
            ]
            return try ranks.launch([], variables)
        }
        let (other, first) = (try start(1), try start(0))
        try ranks.wait(workers: 2, of: first)
        try ranks.expectQuietBits(first)
        try ranks.expectGoodEnd(other)
        let launched = try #require(try ranks.log.events("launched").first)
        #expect(launched.text("rendezvous") == "openmpi-\(namespace)")
        #expect(launched.text("message")?.hasPrefix("rank 0 of 2 (OMPI_COMM_WORLD_RANK); ") == true)
    }

    /// Without --run-dir the directory follows from the job, whether --resume=auto is given or implied.
    @Test(arguments: [[], ["--resume=auto"]]) func theUsualRunDirectory(more: [String]) throws {
        let home = try TemporaryDirectory()
        let name = Ranks.randomName()
        let line = [
            "run", Repository.digits, "--everywhere", "--rank", "0", "--rendezvous", name, "epochs=1",
        ]
        func run() throws -> Program.Finished {
            let words = ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", home.path, Program.path]
            return try Program.finish(
                ChildProcess(
                    "/bin/sh", words + line + more, environment: Program.environment(home.path),
                    standardOutput: .capture, standardError: .capture))
        }
        let first = try run()
        first.expect(status: 0)
        #expect(try Directory.list(home.file("runs")) == ["digits-mlp-\(name)"])
        let again = try run()
        again.expect(status: 0)
        #expect(again.output == first.output && again.errors.contains("has reached its end"))
    }

    @Test(arguments: [
        (["--everywhere"], "--everywhere needs a rank"),
        (["--everywhere", "--rank", "1"], "does not know where rank 0 is"),
        (["--everywhere", "--rank", "-1"], "--rank must be a whole number"),
        (["--everywhere", "--rank", "0", "--workers", "2"], "leave out --workers"),
        (["--everywhere", "--rank", "0", "--rendezvous", "a b"], "without blanks"),
        (["--everywhere", "--rank", "0", "--join", "a:1", "--listen", ":2"], "two ports"),
        (["--everywhere", "--rank", "0", "--join", ":1"], "--join needs rank 0's host"),
        (["--rank", "0"], "--rank belongs to --everywhere"),
        (["--rendezvous", "a"], "--rendezvous belongs to --everywhere"),
    ])
    func mistakes(options: [String], sentence: String) throws {
        let home = try TemporaryDirectory()
        let end = try Program.run(["run", Repository.digits] + options, in: home.path)
        #expect(end.status == .exited(64))
        #expect(end.errors.contains(sentence), "\(end.errors)")
    }
}
