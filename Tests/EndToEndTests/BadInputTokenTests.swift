import Platform
import System
import TestSupport
import Testing

/// The shared token: wrong, missing or malformed ones are explained, and no token ever appears where others
/// can read it.
@Suite(.serialized) struct BadInputTokenTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func coordinator(
        _ more: String..., environment: [String: String] = [Tokens.variable: Tokens.ours]
    ) throws -> ChildProcess {
        let arguments = [
            "coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", home.file("run"),
        ]
        return try Program.start(arguments + more, in: home.path, environment)
    }

    private func worker(_ port: UInt16, _ more: [String] = [], _ environment: [String: String] = [:]) throws
        -> ChildProcess
    {
        let arguments = ["worker", "--join", "127.0.0.1:\(port)", "--listen", "127.0.0.1:0", "--lanes", "1"]
        return try Program.start(arguments + more, in: home.path, environment)
    }

    @Test func aWrongTokenIsRefusedAndTheCoordinatorGoesOn() throws {
        let coordinator = try coordinator()
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let refused = try Program.finish(worker(port, [], [Tokens.variable: Tokens.others]), seconds: 20)
        refused.expect(
            status: 1, "the token of 127.0.0.1:\(port) differs from the token here",
            "give both sides the same one", "--token-file")
        try EventLog(run: home.file("run")).wait(for: "connection_rejected", from: coordinator) {
            $0.isBecause("the token of 127.0.0.1:")
        }
        #expect(coordinator.exitStatus() == nil)

        try Program.finish(worker(port, [], [Tokens.variable: Tokens.ours])).expect(status: 0)
        let end = try Program.finish(coordinator)
        end.expect(status: 0)
        for text in [refused.errors, refused.output, end.errors, end.output] {
            #expect(!text.holds(Tokens.ours) && !text.holds(Tokens.others))
        }
    }

    @Test func aMissingTokenIsAskedForNowhereButOnATerminal() throws {
        let place = Path.join(home.path, ".config/dist-train/token")
        try Program.finish(worker(1), seconds: 20).expect(
            status: 1, "error: no token: copy the one that the coordinator shows", place,
            "--token-file, DIST_TRAIN_TOKEN or DIST_TRAIN_TOKEN_FILE")
    }

    /// A mistyped token is asked for again, and only one that a coordinator has accepted is stored.
    @Test(.enabled(if: File.exists(OutputTests.script), "there is no `script`"))
    func aMistypedTokenIsAskedForAgain() throws {
        let coordinator = try coordinator()
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let place = Path.join(home.path, ".config/dist-train/token")
        let keyboard = try Pipe()
        // `script` gives its command a terminal, and types what comes through the pipe.
        let command = "\(Program.path) worker --join 127.0.0.1:\(port) --listen 127.0.0.1:0 --lanes 1"
        let worker = try ChildProcess(
            OutputTests.script, ["-qec", command, "/dev/null"], environment: Program.environment(home.path),
            descriptors: [0: keyboard.readEnd], standardOutput: .capture, standardError: .capture)
        defer { worker.terminate() }
        for (count, line) in ["no token", Tokens.others, Tokens.ours].enumerated() {
            let isAsked = eventually(within: 20) {
                worker.standardOutput().occurrences(of: "token (as the coordinator shows it): ") > count
            }
            #expect(isAsked && !File.exists(place), "\(line): \(worker.standardOutput())")
            try keyboard.write(Array((line + "\n").utf8))
        }
        try Program.finish(worker).expect(status: 0)
        #expect(try File.readText(place, limit: 200) == Tokens.ours + "\n")
        let shown = worker.standardOutput()
        #expect(!shown.holds(Tokens.ours) && !shown.holds(Tokens.others), "what is typed is not shown")
        try Program.finish(coordinator).expect(status: 0)
    }

    @Test func aMalformedTokenIsNamedByItsSource() throws {
        let file = try home.write("token", "5a5a5a\n")
        let words = "does not hold a token (64 hexadecimal digits)"
        try Program.finish(worker(1, ["--token-file", file]), seconds: 20).expect(
            status: 1, "`\(file)` \(words)")
        try Program.finish(worker(1, [], [Tokens.variable: "secret"]), seconds: 20).expect(
            status: 1, "DIST_TRAIN_TOKEN \(words)")
        try Program.finish(worker(1, ["--token-file", "-"]), seconds: 20).expect(
            status: 1, "standard input \(words)")
        try Program.finish(worker(1, ["--token-file", home.file("none")]), seconds: 20).expect(
            status: 1, "`\(home.file("none"))`", "it does not exist")
        for command in ["coordinator", "run"] {
            let end = try Program.run(
                [command, Repository.digits, "--run-dir", home.file("run"), "--token-file", file],
                in: home.path, seconds: 20)
            end.expect(status: 1, "`\(file)` \(words)")
            #expect(!end.errors.holds("5a5a5a"), "not even a broken token is shown")
            #expect(!File.exists(home.file("run")))
        }
    }

    /// The token that the coordinator makes is for its user alone, and workers of the same user find it.
    @Test func aCoordinatorKeepsTheTokenThatItMakes() throws {
        let coordinator = try coordinator(environment: [:])
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let file = Path.join(home.path, ".config/dist-train/token")
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let token = String(try File.readText(file, limit: 200).prefix { $0 != "\n" })
        #expect(token.utf8.count == 64)
        try Program.finish(worker(port)).expect(status: 0)
        let end = try Program.finish(coordinator)
        end.expect(status: 0)
        #expect(!end.errors.holds(token) && !end.output.holds(token), "standard error is no terminal")
    }

    @Test func theTokenAppearsNowhere() throws {
        let file = try home.write("token", Tokens.ours + "\n")
        let forever = ["--set", "epochs=100000"]
        let run = try Program.start(
            ["run", Repository.digits, "--workers", "2", "--run-dir", home.file("run"), "--token-file", file]
                + forever, in: home.path)
        defer { run.terminate() }
        try EventLog(run: home.file("run")).wait(for: "epoch_finished", from: run)
        let workers = try Processes.children(of: run.processID)
        #expect(workers.count == 2)
        for process in [run.processID] + workers {
            let arguments = try #require(Processes.commandLine(of: process))
            #expect(arguments.holds("dist-train"))
            #expect(!arguments.holds(Tokens.ours), "\(process): \(arguments)")
            #expect(!(Processes.environment(of: process) ?? "").holds(Tokens.ours))
        }
        run.send(SIGTERM)
        let end = try Program.finish(run)
        end.expect(status: 0)
        #expect(!end.errors.holds(Tokens.ours) && !end.output.holds(Tokens.ours))
        for name in ["log.jsonl", "metrics.jsonl", "job.json5"] {
            let text = try File.readText(Path.join(home.file("run"), name), limit: 1 << 30)
            #expect(!text.isEmpty && !text.holds(Tokens.ours), "\(name)")
        }
    }
}
