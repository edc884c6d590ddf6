import Configuration
import Platform
import System
import TestSupport
import Testing

/// `dist-train doctor`: what is wrong with a machine, with a job on it, or with the way to a coordinator,
/// each with its cure.
@Suite(.serialized) struct DoctorTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func doctor(_ arguments: [String], _ more: [String: String] = [:]) throws -> Program.Finished {
        try Program.run(["doctor"] + arguments, in: home.path, more)
    }

    /// The states of the findings, by name.
    private func states(_ finished: Program.Finished) throws -> [String: String] {
        let diagnostics = Diagnostics()
        let value = try #require(
            JSON5.parse(finished.output, name: "doctor", diagnostics: diagnostics), "\(finished.output)")
        guard case .array(let findings)? = value["findings"]?.kind else { return [:] }
        var states: [String: String] = [:]
        for finding in findings {
            if case .string(let name)? = finding["name"]?.kind,
                case .string(let state)? = finding["state"]?.kind
            {
                states[name] = state
            }
        }
        return states
    }

    @Test func thisMachine() throws {
        let end = try doctor(["--json"])
        end.expect(status: 0)
        let states = try states(end)
        for name in ["processor", "memory", "OpenBLAS", "TLS", "disk", "clock", "open files"] {
            #expect(states[name] == "good" || states[name] == "warning", "\(name): \(states)")
        }
        #expect(states["token"] == "fact" && states["home"] == "good")
        let text = try doctor([])
        #expect(text.output.holds("✓ processor") && text.output.holds("· token"))
        #expect(!text.output.holds("DIST_TRAIN_FAULT"))
        #expect(try doctor(["--faults"]).output.holds("DIST_TRAIN_FAULT"))
    }

    /// Each thing that is wrong is marked and has a cure.
    @Test func whatIsWrong() throws {
        let token = try home.write("token", Tokens.ours + "\n", mode: 0o644)
        let exposed = try doctor(["--token-file", token])
        #expect(exposed.status == .exited(1))
        #expect(exposed.output.holds("✗ token") && exposed.output.holds("chmod 600"))
        let malformed = try doctor([], [Tokens.variable: "secret"])
        #expect(malformed.status == .exited(1) && malformed.output.holds("✗ token"))
        let homeless = try doctor(["--json"], ["HOME": "/"])
        #expect(try states(homeless)["home"] == "warning")
        let job = try doctor(["no-such-job.json5"])
        #expect(job.status == .exited(64) || job.status == .exited(1), "\(job.errors)")
    }

    /// The platform is the one that a run of the config has.
    @Test(arguments: [[], ["--set", "numerics.blas_core=Haswell"]]) func aJob(settings: [String]) throws {
        let end = try doctor([Repository.digits, "--json"] + settings)
        end.expect(status: 0)
        #expect(try states(end)["platform"] == "good")
        let run = try Program.run(
            ["run", Repository.digits, "--json", "--run-dir", home.file("run"), "--set", "max_steps=1"]
                + settings, in: home.path)
        run.expect(status: 0)
        let platform = try #require(field("platform", in: run.output))
        #expect(end.output.holds("\"text\": \"\(platform)\""), "\(platform) in \(end.output)")
    }

    @Test func aJobThatIsTooLarge() throws {
        let end = try doctor([Repository.digits, "--set", "model.1.dense=16000000"])
        #expect(end.status == .exited(1) || end.status == .exited(64), "\(end.output) \(end.errors)")
    }

    // MARK: The way to a coordinator

    @Test func aSoundWay() throws {
        let hands = try ByHand(DigitsJob(steps: 100_000))
        let coordinator = try hands.coordinator(["--set", "epochs=100000"])
        let worker = try hands.worker()
        try hands.log(of: coordinator).wait(for: "generation_started", from: coordinator)
        let join = ["--join", "127.0.0.1:\(hands.port)"]
        let token = hands.bench.directory.file("token")
        let end = try doctor(join + ["--json", "--token-file", token])
        end.expect(status: 0)
        let states = try states(end)
        for name in ["coordinator", "protection", "token", "version", "platform", "link", "way back"] {
            #expect(states[name] == "good", "\(name): \(end.output)")
        }
        let text = try doctor(join + ["--token-file", token])
        #expect(text.output.holds("Mbit/s") && text.output.holds("through lo"), "\(text.output)")
        // Nothing that the doctor does disturbs the training.
        let log = try hands.log(of: coordinator)
        #expect(try !log.has("worker_lost") && !log.has("connection_rejected"), "\(log.text)")
        #expect(try log.events("worker_joined").count == 1)
        coordinator.send(SIGTERM)
        _ = try Program.finish(coordinator)
        try expectGoodEnd(worker)
    }

    @Test func waysThatEnd() throws {
        let hands = try ByHand(DigitsJob(steps: 100_000))
        let coordinator = try hands.coordinator()
        let join = ["--join", "127.0.0.1:\(hands.port)"]
        let token = hands.bench.directory.file("token")
        func expectBad(_ name: String, _ end: Program.Finished) {
            #expect(end.status == .exited(1), "\(end.errors)")
            #expect(end.output.holds("✗ \(name)") && end.output.holds("→ "), "\(end.output)")
        }
        expectBad("token", try doctor(join, [Tokens.variable: Tokens.others]))
        expectBad("protection", try doctor(join + ["--token-file", token, "--plaintext"]))
        expectBad("name", try doctor(["--join", "host.invalid", "--token-file", token]))
        coordinator.send(SIGTERM)
        _ = try Program.finish(coordinator)
        expectBad("coordinator", try doctor(join + ["--token-file", token]))
    }
}
