import System
import Testing

/// The program as a person meets it who asks for help, or asks wrongly.
@Suite(.serialized) struct JobCommandTests {
    private struct Answer: Sendable {
        let status: System.ExitStatus?
        let output: String
        let errors: String
    }

    /// Runs the real program, which the build puts beside the tests, on a thread of its own.
    private func ask(_ arguments: [String]) async throws -> Answer {
        let program = Path.join(Path.directory(of: try Executable.path()), "dist-train")
        try #require(File.exists(program), "the build puts dist-train beside the tests")
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try spawnThread(name: "test") {
                    continuation.resume(with: Result { try Self.finish(program, arguments) })
                }.detach()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private static func finish(_ program: String, _ arguments: [String]) throws -> Answer {
        let environment = ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": Environment.value("LD_LIBRARY_PATH") ?? ""]
        let process = try ChildProcess(program, arguments, environment: environment, standardOutput: .capture, standardError: .capture)
        let status = process.wait(seconds: 60)
        if status == nil { _ = process.terminate() }
        return Answer(status: status, output: process.standardOutput(), errors: process.standardError())
    }

    // MARK: Help

    private static let commands = ["run", "coordinator", "worker", "validate", "summary", "checkpoint", "doctor"]

    @Test func help() async throws {
        let answer = try await ask(["--help"])
        #expect(answer.status == .exited(0))
        #expect(answer.output.hasPrefix("usage: dist-train COMMAND [arguments]\n"))
        for command in Self.commands { #expect(answer.output.contains("\n  \(command) "), "\(command)") }
        #expect(answer.errors == "")
        // Without a word the same, but it is no success.
        let silent = try await ask([])
        #expect(silent.status == .exited(64))
        #expect(silent.output == answer.output)
    }

    @Test(arguments: commands) func helpOfACommand(_ command: String) async throws {
        let answer = try await ask([command, "--help"])
        #expect(answer.status == .exited(0))
        #expect(answer.output.hasPrefix("usage: dist-train \(command)"))
        #expect(answer.output.contains("\nexample:\n  dist-train \(command)"))
        for line in answer.output.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
    }

    /// Every option that the command line promises.
    @Test(arguments: [
        (
            "run",
            [
                "--workers", "--lanes", "--listen", "--run-dir", "--resume", "--set", "--json", "--peer-timeout", "--token-file",
                "--allow-inexact",
            ]
        ),
        (
            "coordinator",
            [
                "--listen", "--min-workers", "--max-workers", "--run-dir", "--resume", "--set", "--json", "--peer-timeout", "--token-file",
                "--allow-inexact",
            ]
        ),
        ("worker", ["--join", "--lanes", "--token-file", "--listen", "--advertise", "--cache-dir", "--rejoin-timeout"]),
        ("validate", ["--set"]), ("summary", ["--set"]),
    ])
    func options(command: String, options: [String]) async throws {
        let answer = try await ask([command, "--help"])
        for option in options { #expect(answer.output.contains("\n  \(option)"), "\(option)") }
    }

    @Test func version() async throws {
        let answer = try await ask(["--version"])
        #expect(answer.status == .exited(0))
        #expect(answer.output.hasPrefix("dist-train "))
        #expect(answer.output.split(separator: "\n").count == 1)
    }

    // MARK: Asked wrongly

    @Test(arguments: [
        (["vlidate"], "there is no command `vlidate`: did you mean `validate`?"),
        (["xyzzy"], "there is no command `xyzzy`: see `dist-train --help`"),
        (["run", "--wrokers", "2", "x"], "`dist-train run` has no option --wrokers: did you mean --workers?"),
        (["run", "-x"], "`dist-train run` has no option -x: see `dist-train run --help`"),
        (["validate", "--json", "x"], "`dist-train validate` has no option --json: see `dist-train validate --help`"),
        (["run", "x", "--workers"], "--workers needs a value: --workers N"),
        (["run", "x", "--workers", "0"], "--workers must be a whole number from 1 to 1024, found `0`"),
        (["run", "x", "--workers=two"], "--workers must be a whole number from 1 to 1024, found `two`"),
        (["run", "x", "--workers="], "--workers must be a whole number from 1 to 1024, found ``"),
        (["run", "x", "--workers=1", "--workers", "2"], "--workers is given twice: keep one of them"),
        (["run", "x", "--lanes", "-1"], "--lanes must be a whole number from 1 to 1024, found `-1`"),
        (["run", "x", "--json=yes"], "--json takes no value: write only --json"),
        (["run", "x", "--peer-timeout", "nan"], "--peer-timeout must be a number of seconds from 0.1 to 3600.0, found `nan`"),
        (["run"], "`dist-train run` needs a config file: see `dist-train run --help`"),
        (["validate", "a", "b"], "`dist-train validate` takes only a config file, found also `b`"),
        (["coordinator", "x", "--min-workers", "3", "--max-workers", "2"], "--max-workers 2 is less than --min-workers 3"),
        (["worker"], "`dist-train worker` needs the coordinator's address: --join HOST[:PORT]"),
        (["worker", "host"], "`dist-train worker` takes options only, found `host`: did you mean --join host?"),
        (
            ["worker", "--join", "host:99999"],
            "--join: `host:99999` is not an address: the port is a number from 0 to 65535; write HOST:PORT or [IPv6]:PORT"
        ),
        (
            ["checkpoint", "list"],
            "`dist-train checkpoint` needs what to do and where: list, verify or hash, then a run directory or a checkpoint"
        ),
        (["checkpoint", "lst", "/nonexistent"], "`dist-train checkpoint` knows list, verify and hash, not `lst`"),
        (["doctor", "x"], "`dist-train doctor` takes no arguments, found `x`"),
    ])
    func usageErrors(words: [String], sentence: String) async throws {
        let answer = try await ask(words)
        #expect(answer.status == .exited(64))
        #expect(answer.errors == "error: \(sentence)\n")
        #expect(answer.output == "")
    }

    @Test func configThatIsNotThere() async throws {
        let answer = try await ask(["validate", "/nonexistent.json5"])
        #expect(answer.status == .exited(64))
        #expect(
            answer.errors == "error: cannot read \"/nonexistent.json5\": No such file or directory; check the path and its permissions\n")
    }

    @Test func checkpointThatIsNotThere() async throws {
        let answer = try await ask(["checkpoint", "list", "/nonexistent"])
        #expect(answer.status == .exited(1))
        #expect(answer.errors.hasPrefix("error: `/nonexistent` is neither a run directory nor a checkpoint"))
    }

    // MARK: Commands on a config

    @Test func validateAndSummary() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("job.json5")
        try File.writeAtomically(minimal(), to: path)
        let valid = try await ask(["validate", path])
        #expect(valid.status == .exited(0))
        // 64·10 + 10 parameters; ⌈1437/64⌉ = 23 steps in each of 2 epochs.
        #expect(valid.output == "\(path) is valid: 650 parameters, 46 steps of 64 samples\n")
        let more = try await ask(["validate", "--set", "epochs=1", "--set=batch.size=all", "--", path])
        #expect(more.output == "\(path) is valid: 650 parameters, 1 step of 1,437 samples\n")
        let summary = try await ask(["summary", path])
        #expect(summary.status == .exited(0))
        #expect(summary.output.contains("\nparameters       650 "))
    }

    /// Wrong fields and wrong shapes are both shown at their places, and both are config errors.
    @Test func validateWhatIsWrong() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("job.json5")
        try File.writeAtomically(minimal(), to: path)
        let field = try await ask(["validate", path, "--set", "epochs=0"])
        #expect(field.status == .exited(64))
        #expect(field.errors.hasPrefix("error: `epochs` must be a whole number from 1 to 1000000, found 0\n  --> --set epochs=0\n"))
        let shape = try await ask(["validate", path, "--set", "model.1.dense=9"])
        #expect(shape.status == .exited(64))
        #expect(shape.errors.contains("the model has 9 outputs, but the data has 10 classes"))
        #expect(shape.errors.contains("  --> \(path):3:22   model.1\n"))
    }

    @Test func doctor() async throws {
        let answer = try await ask(["doctor"])
        #expect(answer.status == .exited(0))
        for name in ["program", "processor", "OpenBLAS core", "fingerprint", "addresses"] {
            #expect(answer.output.split(separator: "\n").contains { $0.hasPrefix("\(name) ") }, "\(name)")
        }
    }
}
