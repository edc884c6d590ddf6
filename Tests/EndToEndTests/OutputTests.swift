import Configuration
import System
import TestSupport
import Testing

/// The real executable's output, for people and for programs.
@Suite(.serialized) struct OutputTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: [String], _ more: [String: String] = [:]) throws -> Program.Finished {
        try Program.run(arguments, in: home.path, more)
    }

    private func training(_ name: String, _ more: String...) throws -> Program.Finished {
        let job = ProjectFiles.path("config/digits-mlp.json5")
        let finished = try run(
            ["run", job, "epochs=12", "checkpoint.best=validation.accuracy", "--run-dir", home.file(name)]
                + more)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        return finished
    }

    private func json(_ text: String) throws -> ConfigValue {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(text, name: "the output", diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value)
    }

    private func text(_ value: ConfigValue?) -> String? {
        if case .string(let text)? = value?.kind { text } else { nil }
    }

    // MARK: Training

    /// In a file: a line for each epoch, the workers, and nothing for makers; no control characters.
    @Test func aRunIsQuietByDefault() throws {
        let finished = try training("usual")
        let lines = finished.errors.split(separator: "\n")
        let epochs = lines.filter { $0.hasPrefix("epoch ") }
        #expect(epochs.count == 12 && epochs[0].hasPrefix("epoch  1/12 *  loss "), "\(epochs)")
        #expect(Set(epochs.map(\.count)).count <= 2, "aligned: \(epochs)")
        #expect(lines.contains { $0.contains("worker 1 (") && $0.hasSuffix(" has joined") })
        for word in ["where the time went", "generation", "rank", "\u{1b}", "\r"] {
            #expect(!finished.errors.contains(word) && !finished.output.contains(word), "\(word)")
        }
        #expect(finished.output.contains("\n  best         validation.accuracy 0."))
        #expect(!finished.output.contains("curve"), "a curve is for terminals")
    }

    @Test func verboseShowsEverythingAndQuietTheResultAlone() throws {
        let verbose = try training("verbose", "--verbose")
        for word in ["coordinator: training with 1 worker from step 0 (generation 1)", "where the time went"]
        {
            #expect(verbose.errors.contains(word), "\(word) in \(verbose.errors)")
        }
        let quiet = try training("quiet", "-q")
        #expect(quiet.errors == "" && quiet.output.contains("state_sha256"))
        let both = try run(["run", ProjectFiles.path("config/digits-mlp.json5"), "-q", "-v"])
        #expect(
            both.status == .exited(64) && both.errors.contains("--verbose and --quiet exclude each other"))
    }

    // MARK: Terminals

    static let script = "/usr/bin/script"

    /// Everything that a training writes to a terminal of so many columns.
    private func onATerminal(columns: Int, _ environment: [String: String]) throws -> String {
        let job = ProjectFiles.path("config/digits-mlp.json5")
        let training =
            "stty cols \(columns); exec \(Program.path) run \(job) epochs=12"
            + " checkpoint.best=validation.accuracy --run-dir \(home.file("run-\(columns)"))"
        let process = try ChildProcess(
            Self.script, ["-qec", training, "/dev/null"],
            environment: Program.environment(home.path, environment), standardOutput: .capture,
            standardError: .capture)
        let finished = try Program.finish(process)
        #expect(finished.status == .exited(0), "\(finished.output)\(finished.errors)")
        return finished.output
    }

    /// Lines of epochs and progress fit into the terminal; the end has a curve.
    @Test(.enabled(if: File.exists(script), "there is no `script`"), arguments: [120, 80, 40])
    func progressFits(columns: Int) throws {
        let output = try onATerminal(columns: columns, ["TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1"])
        let ends: [Character] = ["\r", "\n", "\r\n", "\u{1b}"]
        let lines = output.split(whereSeparator: ends.contains)
            .map { $0.hasPrefix("[K") ? $0.dropFirst(2) : $0 }.filter { $0.hasPrefix("epoch ") }
        #expect(lines.contains { $0.hasPrefix("epoch  1/12 *") } && lines.contains { $0.contains("%") })
        #expect(lines.allSatisfy { $0.count < columns }, "\(lines)")
        let curve = try #require(output.split(separator: "\r\n").first { $0.hasPrefix("  curve        ") })
        #expect(curve.count < columns && curve.contains("█"), "\(curve)")
        #expect(output.split(separator: "\u{1b}").dropFirst().allSatisfy { $0.hasPrefix("[K") }, "no colour")
    }

    @Test(.enabled(if: File.exists(script), "there is no `script`")) func aDumbTerminalGetsPlainLines() throws
    {
        let output = try onATerminal(columns: 60, ["TERM": "dumb", "LANG": "C.UTF-8"])
        #expect(!output.contains("\u{1b}") && !output.contains("█") && output.contains("epoch 12/12"))
        #expect(!output.split(separator: "\r\n").contains { $0.contains("\r") }, "nothing is redrawn")
    }

    // MARK: Colours

    @Test func coloursAreForTerminalsUnlessTheyAreWanted() throws {
        let wrong = home.file("wrong.json5")
        try home.write("wrong.json5", "{epoch: 3}")
        #expect(try !run(["validate", wrong], ["TERM": "xterm"]).errors.contains("\u{1b}"))
        let colored = try run(["validate", wrong, "--color", "always"])
        #expect(colored.status == .exited(64))
        #expect(
            colored.errors.contains("\u{1b}[1;31merror:\u{1b}[0m\u{1b}[1m unknown field `epoch`\u{1b}[0m"))
    }

    // MARK: JSON

    @Test func validateTellsMistakesToPrograms() throws {
        try home.write("wrong.json5", "{\n  epoch: 3\n}")
        let wrong = try run(["validate", home.file("wrong.json5"), "--json"])
        #expect(wrong.status == .exited(64) && wrong.errors.contains("unknown field `epoch`"))
        let report = try json(wrong.output)
        #expect(report["valid"] == .bool(false))
        let mistake = try #require(
            report["mistakes"]?.elements?.first { text($0["message"]) == "unknown field `epoch`" })
        #expect(text(mistake["advice"]) == "did you mean `epochs`?" && text(mistake["severity"]) == "error")
        #expect(mistake["line"] == .int(2) && mistake["column"] == .int(3))
        #expect(text(mistake["file"]) == home.file("wrong.json5"))

        let missing = try run(["validate", home.file("none.json5"), "--json"])
        #expect(missing.status == .exited(64))
        #expect(
            text(try json(missing.output)["mistakes"]?.elements?.first?["message"])?.contains("none.json5")
                == true)

        let right = try run(["validate", ProjectFiles.path("config/digits-mlp.json5"), "--json"])
        #expect(right.status == .exited(0) && right.errors == "")
        let valid = try json(right.output)
        #expect(valid["valid"] == .bool(true) && valid["mistakes"] == .array([]))
        #expect(text(valid["name"]) == "digits-mlp" && valid["samples"]?["validation"] == .int(360))
    }

    @Test func summaryForPrograms() throws {
        let finished = try run(
            ["summary", ProjectFiles.path("config/digits-mlp.json5"), "--json", "--set", "batch.size=100"])
        #expect(finished.status == .exited(0) && finished.errors == "")
        let summary = try json(finished.output)
        let layers = try #require(summary["layers"]?.elements)
        // Weights and biases of each layer, by hand: 64 inputs, the sizes in the config, 10 classes.
        let widths = layers.compactMap { $0["output"]?.elements?.first }
        #expect(widths.last == .int(10) && text(layers[0]["name"])?.isEmpty == false)
        var parameters = 0
        for layer in layers {
            if case .number(let number)? = layer["parameters"]?.kind { parameters += number.integer ?? 0 }
        }
        #expect(summary["parameters"] == .int(parameters) && parameters > 0)
        #expect(
            summary["batch_size"] == .int(100) && summary["input"] == .array([.int(8), .int(8), .int(1)]))
    }

    @Test func checkpointsForPrograms() throws {
        _ = try training("run", "checkpoint.keep=2")
        let list = try run(["checkpoint", "list", home.file("run"), "--json"])
        #expect(list.status == .exited(0), "\(list.errors)")
        let checkpoints = try #require(json(list.output)["checkpoints"]?.elements)
        #expect(checkpoints.count >= 2 && checkpoints[0]["last"] == .bool(true))
        #expect(checkpoints.dropFirst().allSatisfy { $0["last"] == .bool(false) })
        #expect(checkpoints.count { $0["best"] == .bool(true) } == 1)
        let result = try json(File.readText(home.file("run/result.json"), limit: 1 << 20))
        let best = try #require(checkpoints.first { $0["best"] == .bool(true) })
        #expect(result["best"]?["checkpoint"] == best["path"])
        #expect(result["run_directory"] == .string(home.file("run")) && result["class_names"] != nil)
        #expect(
            text(result["started"])?.hasSuffix("Z") == true && text(result["ended"])?.hasSuffix("Z") == true)
        let other = try run(["checkpoint", "verify", home.file("run"), "--json"])
        #expect(other.status == .exited(64) && other.errors.contains("only `list` has it"))
    }
}
