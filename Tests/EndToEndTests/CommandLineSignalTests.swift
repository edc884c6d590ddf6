import Platform
import System
import TestSupport
import Testing

/// Stopping: at a step boundary with a checkpoint and the command that resumes, or at once; workers end with
/// their `run`.
@Suite(.serialized) struct CommandLineSignalTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private var directory: String { home.file("a run") }

    /// A run that goes on for long; returns when it has trained for a while.
    private func start(workers: Int = 1) throws -> ChildProcess {
        let run = try Program.start(
            [
                "run", Repository.digits, "--workers", "\(workers)", "--run-dir", directory, "--set",
                "epochs=100000",
            ], in: home.path)
        do { try log.wait(for: "epoch_finished", from: run) } catch {
            run.terminate()
            throw error
        }
        return run
    }

    private var log: EventLog { EventLog(run: directory) }

    /// The step after which the newest process has stopped, and the command that resumes the run. The command
    /// is also on standard error, for the user.
    private func stopped(_ errors: String) throws -> (step: Int, command: String) {
        let event = try #require(log.events("run_stopped").last, "\(errors)")
        let command = try #require(event.text("resume_command"))
        #expect(errors.holds("; resume with:  \(command)\n"), "\(errors)")
        return (try #require(event.integer("step")), command)
    }

    private func hash(_ directory: String) throws -> String {
        let end = try Program.run(["checkpoint", "hash", directory], in: home.path)
        end.expect(status: 0)
        return end.output
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalStopsAtABoundaryAndThePrintedCommandResumes(signal: Int32) throws {
        let run = try start(workers: 2)
        defer { run.terminate() }
        run.send(signal)
        let end = try Program.finish(run, seconds: 20)
        end.expect(status: 0)
        #expect(try log.has("stop_requested"))
        #expect(end.output.isEmpty, "no result yet")
        let (step, command) = try stopped(end.errors)
        let verified = try Program.run(["checkpoint", "verify", directory], in: home.path)
        verified.expect(status: 0)
        #expect(verified.output.holds("step-\(TextFormat.padded(step, 8)): whole"), "\(verified.output)")

        // The command as it was printed, in a shell; the program is found as a user's would be.
        let search = ["PATH": "\(Path.directory(of: Program.path)):/usr/bin:/bin"]
        let resumed = try ChildProcess(
            "/bin/sh", ["-c", "exec " + command], environment: Program.environment(home.path, search),
            standardOutput: .capture,
            standardError: .capture)
        defer { resumed.terminate() }
        let before = try log.events("epoch_finished").count
        try log.wait(for: "run_resumed", from: resumed) { $0.integer("step") == step }
        let hasTrained = try eventually(within: 30) { try log.events("epoch_finished").count > before }
        #expect(hasTrained, "\(resumed.standardError())")
        resumed.send(signal)
        let second = try Program.finish(resumed, seconds: 20)
        second.expect(status: 0)
        let last = try stopped(second.errors).step
        #expect(last > step)

        // Two interruptions have changed no bit.
        let quiet = home.file("quiet")
        let arguments = [
            "run", Repository.digits, "--run-dir", quiet, "--set", "epochs=100000", "--set",
            "max_steps=\(last)",
        ]
        try Program.run(arguments, in: home.path).expect(status: 0)
        #expect(try hash(directory) == hash(quiet))
    }

    @Test func aSecondSignalEndsAtOnce() throws {
        let run = try start()
        defer { run.terminate() }
        run.send(SIGINT)
        run.send(SIGTERM)
        try Program.finish(run, seconds: 10).expect(status: 130)
    }

    @Test func aCoordinatorWithoutWorkersStops() throws {
        let coordinator = try Program.start(
            ["coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", directory],
            in: home.path)
        defer { coordinator.terminate() }
        _ = try coordinator.listeningPort()
        coordinator.send(SIGINT)
        let end = try Program.finish(coordinator, seconds: 20)
        end.expect(status: 0)
        let (step, command) = try stopped(end.errors)
        #expect(step == 0)
        #expect(command.hasPrefix("dist-train coordinator ") && command.hasSuffix(" --resume"))
        // Nobody had computed anything, so any worker may go on.
        let resumed = try Program.run(
            ["run", Repository.digits, "--run-dir", directory, "--resume", "--set", "max_steps=3", "--json"],
            in: home.path)
        resumed.expect(status: 0)
        #expect(field("exact", in: resumed.output) == "true")
    }

    /// A machine that slept counts as dead meanwhile; it was not told to end, so it comes back.
    @Test func aWorkerThatSleptJoinsAnew() throws {
        let token = [Tokens.variable: Tokens.ours]
        let coordinator = try Program.start(
            [
                "coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", directory,
                "--min-workers", "2", "--peer-timeout",
                "1",
            ],
            in: home.path, token)
        defer { coordinator.terminate() }
        let sleeper = try Program.start(
            [
                "worker", "--join", "127.0.0.1:\(try coordinator.listeningPort())", "--listen", "127.0.0.1:0",
                "--lanes", "1",
            ], in: home.path,
            token)
        defer {
            sleeper.send(SIGKILL)
            sleeper.terminate()
        }
        try log.wait(for: "worker_ready", from: coordinator)
        sleeper.send(SIGSTOP)
        try log.wait(for: "worker_lost", from: coordinator) { $0.isBecause("nothing was heard of it") }
        sleeper.send(SIGCONT)
        try log.wait(for: "worker_ready", from: coordinator) { $0.integer("worker") == 2 }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func workersEndWithTheirRun(signal: Int32) throws {
        let run = try start(workers: 2)
        defer { run.terminate() }
        let workers = try Processes.children(of: run.processID)
        #expect(workers.count == 2)
        #expect(workers.allSatisfy(Processes.isAlive))
        run.send(signal)
        #expect(run.wait(seconds: 10) != nil)
        let areGone = eventually(within: 10) { !workers.contains(where: Processes.isAlive) }
        #expect(areGone, "workers \(workers.filter(Processes.isAlive)) outlive their run")
    }

    @Test func aWorkerLeavesOnSIGTERM() throws {
        let token = [Tokens.variable: Tokens.ours]
        let coordinator = try Program.start(
            [
                "coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", directory, "--set",
                "epochs=100000",
            ],
            in: home.path, token)
        defer { coordinator.terminate() }
        let arguments = [
            "worker", "--join", "127.0.0.1:\(try coordinator.listeningPort())", "--listen", "127.0.0.1:0",
            "--lanes", "1",
        ]
        let workers = try (0..<2).map { _ in try Program.start(arguments, in: home.path, token) }
        defer { workers.forEach { $0.terminate() } }
        try log.wait(for: "generation_started", from: coordinator) { $0.integer("workers") == 2 }
        workers[0].send(SIGTERM)
        try Program.finish(workers[0], seconds: 20).expect(status: 0)
        try log.wait(for: "worker_left", from: coordinator)
        try log.wait(for: "generation_started", from: coordinator) {
            $0.integer("workers") == 1 && ($0.integer("generation") ?? 0) > 1
        }
        coordinator.send(SIGTERM)
        try Program.finish(coordinator, seconds: 20).expect(status: 0)
        try Program.finish(workers[1], seconds: 20).expect(status: 0)
    }
}
