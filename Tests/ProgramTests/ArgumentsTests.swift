import Runs
import Testing
import dist_train

@Suite struct ArgumentsTests {
    private static let options = [
        Option(name: "--workers", value: "N", help: ""), Option(name: "--json", value: nil, help: ""),
        Option(name: "--set", value: "PATH=VALUE", help: "", isRepeated: true),
        Option(name: "--run-dir", value: "DIR", help: ""), Option(name: "--resume", value: nil, help: ""),
    ]

    private func arguments(_ words: String...) throws -> Arguments {
        try Arguments(words, options: Self.options, command: "run")
    }

    private func message(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return "\(error)" }
    }

    @Test func wordsAreSorted() throws {
        let sorted = try arguments("a", "--workers", "2", "--json", "-", "--set", "x=1", "--set=y=2", "b")
        #expect(sorted.positionals == ["a", "-", "b"], "a dash alone is a name: standard input")
        #expect(sorted.string("--workers") == "2")
        #expect(sorted.has("--json") && !sorted.has("--resume"))
        #expect(sorted.all("--set") == ["x=1", "y=2"] && sorted.string("--set") == "y=2")
        #expect(sorted.all("--run-dir") == [] && sorted.string("--run-dir") == nil)
    }

    @Test func valuesMayLookLikeOptionsOrBeEmpty() throws {
        #expect(try arguments("--workers", "--json").string("--workers") == "--json")
        #expect(try arguments("--workers=").string("--workers") == "")
        #expect(try arguments("--json", "--json").has("--json"), "a flag may be repeated")
    }

    /// Behind the config, `path=value` sets a field; the options of single fields come last.
    @Test func fieldsAreSetInSeveralWays() throws {
        let sorted = try Arguments(
            [
                "a=b.json5", "epochs=3", "--set", "seed=4", "optimizer.adam.learning_rate=1e-4", "--lr",
                "0.1",
                "--name=x", "model.0.dense=8",
            ], options: Option.settings, command: "run")
        #expect(sorted.positionals == ["a=b.json5"], "the first word is the config")
        #expect(
            sorted.overrides == [
                "epochs=3", "seed=4", "optimizer.adam.learning_rate=1e-4", "model.0.dense=8",
                "optimizer.*.learning_rate=0.1", "name=x",
            ])
        let words = try Arguments(["c", "1=2", "=3", "d/e=f"], options: Option.settings, command: "run")
        #expect(words.positionals == ["c", "1=2", "=3", "d/e=f"], "these are no fields")
    }

    @Test(
        arguments: [
            ("--lr", "--learning-rate"), ("--num-epochs", "--epochs"), ("--batch_size", "--batch-size"),
            ("--bs", "--batch-size"), ("--random-state", "--seed"), ("--run-name", "--name"),
            ("--epoch", "--epochs"), ("--param", "--set"), ("-D", "--set"),
        ])
    func wordsOfOtherProgramsAreKnown(word: String, meant: String) {
        let options =
            Option.settings.filter { $0.name != "--learning-rate" }
            + [Option(name: "--learning-rate", value: "RATE", help: "")]
        let text = message { _ = try Arguments(["c", word, "1"], options: options, command: "run") }
        #expect(text == "`dist-train run` has no option \(word): did you mean \(meant)?")
    }

    /// `[N]` is the next word if that is a whole number, and empty otherwise.
    @Test(
        arguments: [
            (["--again", "3", "a"], "3", ["a"]), (["--again", "a"], "", ["a"]),
            (["a", "--again"], "", ["a"]),
            (["--again=7", "8"], "7", ["8"]), (["--again", "--json"], "", []),
            (["--again", "3a"], "", ["3a"]),
        ] as [([String], String, [String])])
    func aValueMayBeOptional(words: [String], value: String, positionals: [String]) throws {
        let options = Self.options + [Option(name: "--again", value: "[N]", help: "")]
        let sorted = try Arguments(words, options: options, command: "run")
        #expect(sorted.string("--again") == value && sorted.positionals == positionals)
    }

    /// `[=WORD]` stands behind an equals sign alone.
    @Test(
        arguments: [
            (["--resume", "3"], "", ["3"], .resumed), (["--resume", "auto"], "", ["auto"], .resumed),
            (["--resume=auto", "a", "--run-dir", "r"], "auto", ["a"], .automatic), (["a"], nil, ["a"], .new),
            (["--resume", "--run-dir=r", "--resume=auto"], "auto", [], .automatic),
        ] as [([String], String?, [String], RunSetup.Request.Start)])
    func aValueMayHaveToBeAttached(
        words: [String], value: String?, positionals: [String], start: RunSetup.Request.Start
    ) throws {
        let options = [Option.resume, Option(name: "--run-dir", value: "DIR", help: "")]
        let sorted = try Arguments(words, options: options, command: "run")
        #expect(sorted.string("--resume") == value && sorted.positionals == positionals)
        #expect(try sorted.start() == start)
    }

    @Test(
        arguments: [
            (["--resume=auto"], "--resume=auto needs a directory that stays the same: add --run-dir DIR"),
            (["--resume=on"], "--resume stands alone or as --resume=auto, found `on`"),
            (
                ["--exit-code-when-asked", "256"],
                "--exit-code-when-asked must be a whole number from 0 to 255"
            ),
            (["--grace", "0"], "--grace must be a number of seconds from 0.1 to 86400.0, found `0`"),
        ] as [([String], String)])
    func mistakesOfRepeatedLinesAreExplained(words: [String], expected: String) {
        let text = message {
            let options = [Option.resume, .exitCodeWhenAsked, .grace]
            let arguments = try Arguments(words, options: options, command: "run")
            _ = try (arguments.start(), arguments.ending())
        }
        #expect(text?.hasPrefix(expected) == true, "\(text ?? "")")
    }

    @Test func endings() throws {
        let options = [Option.exitCodeWhenAsked, .grace]
        let usual = try Arguments([], options: options, command: "run").ending()
        #expect(usual.status == 0 && usual.chosenStatus == nil && usual.grace == 20)
        let chosen = try Arguments(
            ["--exit-code-when-asked=75", "--grace", "2.5"], options: options, command: "run"
        ).ending()
        #expect(chosen.status == 75 && chosen.chosenStatus == 75 && chosen.grace == 2.5)
    }

    @Test func afterTwoDashesAllIsPositional() throws {
        let sorted = try arguments("--json", "--", "--workers", "--", "c")
        #expect(sorted.positionals == ["--workers", "--", "c"] && !sorted.has("--workers"))
    }

    @Test(
        arguments: [
            (["--worker", "2"], "`dist-train run` has no option --worker: did you mean --workers?"),
            (["-x"], "`dist-train run` has no option -x: see `dist-train run --help`"),
            (["--json=1"], "--json takes no value: write only --json"),
            (["a", "--workers"], "--workers needs a value: --workers N"),
            (["--workers", "1", "--workers=1"], "--workers is given twice: keep one of them"),
        ] as [([String], String)])
    func mistakesAreExplained(words: [String], expected: String) {
        #expect(
            message { _ = try Arguments(words, options: Self.options, command: "run") } == expected)
    }

    @Test func wholeNumbersHaveARange() throws {
        #expect(try arguments().integer("--workers", 1...4) == nil)
        for number in 1...4 {
            #expect(try arguments("--workers", "\(number)").integer("--workers", 1...4) == number)
        }
        for text in ["0", "5", "-1", "2.0", "", " 2", "two", "99999999999999999999"] {
            let wrong = try arguments("--workers", text)
            #expect(
                message { _ = try wrong.integer("--workers", 1...4) }
                    == "--workers must be a whole number from 1 to 4, found `\(text)`")
        }
    }

    @Test func numbersHaveARange() throws {
        #expect(try arguments("--workers=0.5").number("--workers", 0...1) == 0.5)
        #expect(try arguments("--workers=1e-3").seconds("--workers", 1e-3...1) == 0.001)
        for text in ["1.5", "nan", "-0.1", "half"] {
            let wrong = try arguments("--workers", text)
            #expect(
                message { _ = try wrong.number("--workers", 0...1) }
                    == "--workers must be a number from 0.0 to 1.0, found `\(text)`")
            #expect(
                message { _ = try wrong.seconds("--workers", 0...1) }
                    == "--workers must be a number of seconds from 0.0 to 1.0, found `\(text)`")
        }
    }

    @Test func endpointsHaveADefaultPort() throws {
        let given = try arguments("--workers", "host:81").endpoint("--workers", defaultPort: 7070)
        #expect(given?.host == "host" && given?.port == 81)
        #expect(try arguments("--workers", "host").endpoint("--workers", defaultPort: 7070)?.port == 7070)
        let wrong = try arguments("--workers", "host:many")
        #expect(
            message { _ = try wrong.endpoint("--workers", defaultPort: 7070) }?
                .hasPrefix("--workers: `host:many` is not an address") == true)
    }

    @Test func positionalArgumentsAreCounted() throws {
        #expect(try arguments("a", "--json").only("a config file") == "a")
        let (none, two) = (try arguments("--json"), try arguments("a", "b"))
        #expect(
            message { _ = try none.only("a config file") }
                == "`dist-train run` needs a config file: see `dist-train run --help`")
        #expect(
            message { _ = try two.only("a config file") }
                == "`dist-train run` takes a config file and options, found also `b`")
        #expect(message { try none.requireNoPositionals() } == nil)
        #expect(
            message { try two.requireNoPositionals() } == "`dist-train run` takes options only, found `a`")
        let bare = try Arguments(["a"], options: [], command: "doctor")
        #expect(
            message { try bare.requireNoPositionals() } == "`dist-train doctor` takes no arguments, found `a`"
        )
    }

    @Test func optionsAreTakenOut() throws {
        let words = [
            "--run-dir", "r", "a", "--resume", "--set", "x=--resume", "--run-dir=s", "--workers", "2",
        ]
        let kept = try Arguments(
            words.filter { $0 != "--run-dir=s" }, options: Self.options, command: "run"
        ).words(without: ["--run-dir": true, "--resume": false])
        #expect(kept == ["a", "--set", "x=--resume", "--workers", "2"])
        let attached = try arguments("--run-dir=s", "a").words(without: ["--run-dir": true])
        #expect(attached == ["a"], "the word behind `--run-dir=s` is no value")
    }
}
