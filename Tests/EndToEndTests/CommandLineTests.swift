import System
import TestSupport
import Testing

/// Every mistake on the command line or in a config: one run tells all of it, with status 64.
@Suite(.serialized) struct CommandLineTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: String...) throws -> Program.Finished {
        try Program.run(arguments, in: home.path, seconds: 30)
    }

    /// message, place, what the carets stand below, what stands behind them
    private static let mistakes: [(message: String, place: String, code: String, label: String)] = [
        ("missing field `epochs`", "1:1", "{", "`epochs` must be a whole number from 1 to 1000000"),
        (
            "`name` must be a name of letters, digits, `-`, `_` and `.`, found the string \"two words\"",
            "2:9   name", "\"two words\"", ""
        ),
        ("`seed` must be a whole number", "3:9   seed", "-1", ""),
        (
            "`builtin` must be one of `digits`, `wine` or `breast_cancer`, found the string \"digit\"",
            "5:22   data.train.builtin",
            "\"digit\"", "did you mean \"digits\"?"
        ),
        ("unknown field `normalise`", "6:5   data", "normalise", "did you mean `normalize`?"),
        ("`dense` must be a whole number from 1 to 16777216, found 0", "9:13   model.0.dense", "0", ""),
        ("unknown field `dens`", "10:6   model.1", "dens", "did you mean `dense`?"),
        ("`model.2` must be one of", "11:5   model.2", "\"flaten\"", "did you mean \"flatten\"?"),
        ("`cross_entrpy` is not a loss", "13:9   loss", "\"cross_entrpy\"", "did you mean `cross_entropy`?"),
        (
            "unknown field `learning_rte`", "14:22   optimizer.adam", "learning_rte",
            "did you mean `learning_rate`?"
        ),
        ("`size` must be a whole number of at least 1 or `all`, found 0", "15:17   batch.size", "0", ""),
    ]

    private static let config = """
        {
          name: "two words",
          seed: -1,
          data: {
            train: {builtin: "digit"},
            normalise: "z_score",
          },
          model: [
            {dense: 0},
            {dens: 10},
            "flaten",
          ],
          loss: "cross_entrpy",
          optimizer: {adam: {learning_rte: 1e-3}},
          batch: {size: 0},
        }
        """

    @Test(arguments: ["validate", "summary", "run", "coordinator"])
    func everyMistakeOfAConfigIsReportedAtOnce(command: String) throws {
        let path = try home.write("bad.json5", Self.config)
        let end = try run(command, path)
        end.expect(status: 64)
        #expect(end.output.isEmpty)
        #expect(end.errors.occurrences(of: "error: ") == Self.mistakes.count, "\(end.errors)")
        let blocks = end.errors.split(separator: "error: ").map { $0.split(separator: "\n").map(String.init) }
        for mistake in Self.mistakes {
            let block = try #require(
                blocks.first { $0[0].hasPrefix(mistake.message) }, "\(mistake.message) in \(end.errors)")
            #expect(block.count >= 4, "\(block)")
            #expect(block[1] == "  --> \(path):\(mistake.place)")
            // The carets stand below the code that is wrong, in the line above them.
            let caret = try #require(block[3].firstIndex(of: "^"))
            let column = block[3].distance(from: block[3].startIndex, to: caret)
            #expect(block[2].dropFirst(column).hasPrefix(mistake.code), "\(block)")
            let underline = String(repeating: "^", count: mistake.code.count)
            #expect(
                block[3].dropFirst(column)
                    == (mistake.label.isEmpty ? underline : "\(underline) \(mistake.label)"), "\(block)")
        }
    }

    @Test func nothingIsLeftBehindByAConfigThatIsWrong() throws {
        let path = try home.write("bad.json5", Self.config)
        _ = try run("run", path, "--run-dir", home.file("run"))
        #expect(!File.exists(home.file("run")))
    }

    @Test func syntaxErrorsHaveTheirPlace() throws {
        try run("validate", try home.write("broken.json5", "{\n  epochs: 3,\n  model: [,\n}\n")).expect(
            status: 64, "error: ", "broken.json5:3:11", "^")
        try run("validate", try home.write("empty.json5", "")).expect(
            status: 64, "error: ", "empty.json5:1:1")
    }

    @Test func aConfigThatCannotBeReadIsNamed() throws {
        try run("run", home.file("none.json5")).expect(status: 64, "none.json5", "check the path")
        try run("run", home.path).expect(status: 64, home.path)
    }

    @Test func whatDoesNotFitTheDataIsShownInTheConfig() throws {
        let text = try File.readText(Repository.digits, limit: 1 << 20)
        let path = try home.write("wide.json5", text)
        let end = try run("validate", path, "--set", "model.3.dense=5")
        end.expect(status: 64, "error: ", "10")
    }

    @Test(
        arguments: [
            ("epochs", "expected path=value after --set", "^^^^^^ for example"),
            ("epoch=3", "unknown field `epoch`", "^^^^^ did you mean `epochs`?"),
            ("model.9.dense=3", "there is no element 9: `model` has the elements 0 to 3", "^"),
            ("model.first.dense=3", "`first` is no index: `model` is a list", "^^^^^"),
            ("optimizer.adam.learning_rate=-1", "`learning_rate` must be a number above 0, found -1", "^^"),
            ("loss.kind=1", "`kind` cannot be set: `loss` is", "^^^^"),
            (".=1", "the path of --set has an empty part", "^ write keys with dots between them"),
            (
                "batch.size=many",
                "`size` must be a whole number of at least 1 or `all`, found the string \"many\"", "^^^^"
            ),
        ] as [(String, String, String)])
    func mistakesInAnOverrideAreShownInIt(override: String, message: String, underline: String) throws {
        let end = try run("validate", Repository.digits, "--set", override)
        end.expect(status: 64, "error: \(message)", "--> --set \(override)", underline)
        #expect(end.errors.occurrences(of: "error: ") == 1, "\(end.errors)")
    }

    @Test func everyWrongOverrideIsReported() throws {
        let end = try run(
            "validate", Repository.digits, "--set", "epochs=none", "--set", "sed=3", "--set", "batch.size=0")
        end.expect(
            status: 64, "`epochs` must be", "unknown field `sed`", "did you mean `seed`?", "`size` must be")
    }

    @Test(
        arguments: [
            (["validat"], "there is no command `validat`: did you mean `validate`?"),
            (["xyzzy"], "there is no command `xyzzy`: see `dist-train --help`"),
            (["run", "c.json5", "--worker", "2"], "has no option --worker: did you mean --workers?"),
            (["run", "c.json5", "--xyzzy"], "has no option --xyzzy: see `dist-train run --help`"),
            (["run", "c.json5", "--workers"], "--workers needs a value: --workers N"),
            (
                ["run", "c.json5", "--workers", "two"],
                "--workers must be a whole number from 1 to 1024, found `two`"
            ),
            (
                ["run", "c.json5", "--workers", "0"],
                "--workers must be a whole number from 1 to 1024, found `0`"
            ),
            (["run", "c.json5", "--workers", "1", "--workers", "2"], "--workers is given twice"),
            (["run", "c.json5", "--json=yes"], "--json takes no value"),
            (["run", "c.json5", "--peer-timeout", "soon"], "--peer-timeout must be a number of seconds"),
            (["run", "c.json5", "--listen", "here:many"], "--listen: `here:many` is not an address"),
            (["run"], "`dist-train run` needs a config file"),
            (["run", "a.json5", "b.json5"], "takes a config file and options, found also `b.json5`"),
            (
                ["coordinator", "c.json5", "--min-workers", "3", "--max-workers", "2"],
                "--max-workers 2 is less than --min-workers 3"
            ),
            (["worker"], "needs the coordinator's address: --join HOST[:PORT]"),
            (["worker", "--join"], "--join needs a value: --join HOST[:PORT]"),
            (["worker", "somewhere"], "did you mean --join somewhere?"),
            (["worker", "--join", "host:99999"], "`host:99999` is not an address"),
            (["worker", "--join", "host", "--advertise", "10.0.0.7:80"], "--advertise takes a host alone"),
            (
                ["worker", "--join", "host", "--advertise", String(repeating: "a", count: 3000)],
                "of at most 253 characters"
            ),
            (["checkpoint", "list"], "needs what to do and where"),
            (["doctor", "--faults", "please"], "takes options only, found `please`"),
        ] as [([String], String)])
    func aWrongCommandLineIsExplained(arguments: [String], message: String) throws {
        let end = try Program.run(arguments, in: home.path, seconds: 30)
        end.expect(status: 64, "error: ", message)
        #expect(end.output.isEmpty)
        #expect(end.errors.occurrences(of: "\n") == 1, "one sentence on one line: \(end.errors)")
    }

    /// A result that could not be written is not a success.
    @Test func aFullStandardOutputIsNoticed() throws {
        let full = try ChildProcess(
            "/bin/sh", ["-c", "exec \"$0\" doctor >/dev/full", Program.path],
            environment: Program.environment(home.path),
            standardOutput: .capture, standardError: .capture)
        try Program.finish(full, seconds: 30).expect(status: 1, "no space left on the device")
        let piped = try ChildProcess(
            "/bin/sh", ["-c", "\"$0\" doctor | true", Program.path],
            environment: Program.environment(home.path),
            standardOutput: .capture, standardError: .capture)
        let end = try Program.finish(piped, seconds: 30)
        end.expect(status: 0)
        #expect(end.errors.isEmpty)
    }

    /// The commands are those that `--help` lists, so that none is forgotten.
    @Test func everyCommandHasHelpWithAnExample() throws {
        let listed = try run("--help").output.split(separator: "\n").filter {
            $0.hasPrefix("  ") && !$0.hasPrefix("  dist-train")
        }
        let commands = listed.compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(
            Set(commands).isSuperset(of: [
                "run", "coordinator", "worker", "validate", "summary", "checkpoint", "doctor",
            ]))
        for command in commands {
            for arguments in [[command, "--help"], [command, "-h"], [command, "anything", "--help"]] {
                let end = try Program.run(arguments, in: home.path, seconds: 30)
                end.expect(status: 0)
                #expect(end.output.hasPrefix("usage: dist-train \(command)"))
                #expect(end.output.holds("\nexample:\n  dist-train \(command)"), "\(end.output)")
                #expect(end.errors.isEmpty)
            }
        }
    }

    @Test func soundConfigsAndTheMachineAreDescribed() throws {
        let validated = try run("validate", Repository.digits)
        validated.expect(status: 0)
        #expect(validated.output.hasPrefix("\(Repository.digits) is valid: "))
        let summary = try run("summary", Repository.digits)
        summary.expect(status: 0)
        #expect(summary.output.holds("head"))
        let doctor = try run("doctor")
        doctor.expect(status: 0)
        #expect(doctor.output.holds("✓ OpenBLAS") && doctor.output.holds("arithmetic"), "\(doctor.output)")
    }

    @Test func helpAndVersion() throws {
        let help = try run("--help")
        help.expect(status: 0)
        #expect(help.output.hasPrefix("usage: dist-train COMMAND"))
        #expect(help.output.holds("dist-train run config/digits-mlp.json5 --workers 2"), "an example")
        let version = try run("--version")
        version.expect(status: 0)
        let parts = version.output.split(separator: " ")
        #expect(parts.count == 2 && parts[0] == "dist-train")
        #expect(parts.last?.split(separator: ".").count == 3, "\(version.output)")
        try run().expect(status: 64)
    }
}
