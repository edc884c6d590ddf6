import System
import TestSupport
import Testing

/// `dist-train --check COMMAND …`, which reads a command line as the command itself would, and stops there.
@Suite struct CheckTests {
    private static func check(_ words: [String], _ variables: [String: String] = [:]) async throws
        -> Program.Finished
    {
        try await onThread {
            let directory = try TemporaryDirectory()
            let run = try Program.run(["--check"] + words, in: directory.path, variables)
            #expect(try Directory.list(directory.path) == [], "\(words) made something")
            return run
        }
    }

    /// Files that are named need not be there, and none is made; names are not looked up.
    @Test(
        arguments: [
            ["run", "no/job.json5", "--workers", "2", "epochs=3", "--token-file", "no/token"],
            ["run", "no/job.json5", "--trace", "no/trace.json", "--page-key-file", "key"],
            ["coordinator", "no/job.json5", "--run-dir", "run", "--resume", "--page", "0.0.0.0:7071"],
            ["worker", "--join", "nowhere.invalid:7070", "--token-file", "no/token", "--log-file", "log"],
            ["serve", "no/run", "--listen", "nowhere.invalid:80", "--key-file", "no/key"],
            ["bench", "step", "no/job.json5"], ["--color", "never", "runs", "list"],
        ]) func whatIsRightIsAccepted(_ words: [String]) async throws
    {
        let run = try await Self.check(words)
        #expect(run.status == .exited(0) && run.output == "ok\n" && run.errors == "")
    }

    @Test(
        arguments: [
            ("run", "needs a config file"), ("run a b", "found also `b`"),
            ("run a --workers 0", "from 1 to 1024"), ("run a --workerss 1", "did you mean --workers?"),
            ("run a --set epochs", "expected path=value"), ("run a --quiet --verbose", "exclude each other"),
            ("run a --no-page --page :1", "--no-page excludes"), ("run a --audit 2", "from 0.0 to 1.0"),
            ("coordinator a --min-workers 2 --max-workers 1", "less than --min-workers"),
            ("coordinator a --peer-timeout soon", "a number of seconds"),
            ("worker", "--join HOST"), ("worker --join a:99999", "the port is a number"),
            ("worker --join a --wait", "needs a value"), ("worker --join a --advertise b:1", "a host alone"),
            ("serve", "needs a run directory"), ("serve a --open --key-file b", "exclude each other"),
            ("serve a --listen b:c", "the port is a number"), ("predict a --inputs b", "--input?"),
            ("trane a", "there is no command"), ("", "needs a command line"),
        ]) func whatIsWrongIsSaid(_ line: String, _ message: String) async throws
    {
        let run = try await Self.check(line.split(separator: " ").map(String.init))
        #expect(run.status == .exited(64) && run.output == "", "\(line)")
        #expect(run.errors.contains(message), "\(line): \(run.errors)")
    }

    @Test(
        arguments: [
            ("DIST_TRAIN_TOKN", "x", "did you mean DIST_TRAIN_TOKEN?"),
            ("DIST_TRAIN_TOKEN", "short", "does not hold a token"),
            ("DIST_TRAIN_TOKEN_FILE", "", "must name a file"),
            ("DIST_TRAIN_SHARED_MEMORY", "no", "must be 0 or 1"),
            ("DIST_TRAIN_FAULT", "rank0:forward", "write ROLE:PHASE:STEP"),
        ]) func variablesAreChecked(_ name: String, _ value: String, _ message: String) async throws
    {
        let run = try await Self.check(["doctor"], [name: value])
        #expect(run.status == .exited(64) && run.errors.contains(message), "\(run.errors)")
    }

    @Test func rightVariablesAreAccepted() async throws {
        let variables = [
            "DIST_TRAIN_TOKEN": String(repeating: "0a", count: 32), "DIST_TRAIN_TOKEN_FILE": "no/token",
            "DIST_TRAIN_SHARED_MEMORY": "0", "DIST_TRAIN_FAULT": "rank1:backward:7:kill",
        ]
        let run = try await Self.check(["worker", "--join", "a"], variables)
        #expect(run.status == .exited(0), "\(run.errors)")
    }

    /// A variable that the sources read is known. Its name is in quotes there.
    @Test func allVariablesOfTheSourcesAreKnown() async throws {
        var names: Set<String> = []
        func visit(_ folder: String) throws {
            for name in try Directory.list(ProjectFiles.path(folder)) {
                let path = "\(folder)/\(name)"
                if Directory.isDirectory(ProjectFiles.path(path)) {
                    try visit(path)
                } else if name.hasSuffix(".swift") || name.hasSuffix(".h") || name.hasSuffix(".c") {
                    for part in try ProjectFiles.text(path).split(separator: "\"DIST_TRAIN_").dropFirst() {
                        names.insert(String(part.prefix { $0.isUppercase || $0 == "_" }))
                    }
                }
            }
        }
        try visit("Sources")
        #expect(names.count > 5)
        for name in names where !name.isEmpty {
            let run = try await Self.check(["doctor"], ["DIST_TRAIN_\(name)": ""])
            #expect(!run.errors.contains("there is no variable"), "\(run.errors)")
        }
    }
}
