import Platform
import System
import TestSupport
import Testing

/// Questions to a trained model: its mistakes, the likeliest classes, the importance of columns, and all
/// of it without the training file.
@Suite(.serialized) struct ModelQuestionsTests {
    /// Uniform numbers from −1 to 1.
    private struct Noise {
        private var generator: SplitMix
        init(_ seed: UInt64) { generator = SplitMix(state: seed) }
        mutating func next() -> Double { Double(generator.next() >> 11) * 0x1p-52 - 1 }
    }

    private func program(_ arguments: [String], in directory: TemporaryDirectory, input: String? = nil)
        throws -> Program.Finished
    {
        guard let input else { return try Program.run(arguments, in: directory.path) }
        let descriptor = open(try directory.write("input", input), O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try Program.finish(
            try ChildProcess(
                Program.path, arguments, environment: Program.environment(directory.path),
                descriptors: [0: descriptor], standardOutput: .capture, standardError: .capture))
    }

    private func rows(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    // MARK: Classes

    /// 120 rows of three kinds, and a trained model of 90 of them. Returns the rows' text and the run.
    private func trees(_ directory: TemporaryDirectory, config: String = "") throws -> (
        table: String, run: String
    ) {
        var noise = Noise(5)
        let header = "height,bark,kind\n"
        let lines = (0..<120).map { row in
            let kind = row % 3
            let bark = noise.next() > 0.3 * Double(kind) - 0.5 ? "rough" : "smooth"
            return "\(Double(kind) + 0.9 * noise.next()),\(bark),\(["oak", "elm", "ash"][kind])\n"
        }
        let table = header + lines.joined()
        let train = try directory.write("train.csv", header + lines[..<90].joined())
        let test = try directory.write("test.csv", header + lines[90...].joined())
        let job = try directory.write(
            "trees.json5",
            """
            {
              name: "trees", seed: 3, epochs: 3, batch: {size: 30}, optimizer: {adam: {learning_rate: 0.05}},
              data: {
                train: {csv: {path: "\(train)", target: "kind"}}, test: {csv: {path: "\(test)"}},
                split: {validation: 0.2}, normalize: "z_score",
              },
              model: [{dense: 8, activation: "tanh"}, {dense: 3}], loss: "cross_entropy",
            }
            """)
        let run = directory.file("run")
        let trained = try program(["run", job, "--run-dir", run], in: directory)
        try #require(trained.status == .exited(0), "\(trained.errors)")
        return (table, run)
    }

    @Test func mistakesAreTheWrongOnesByTheirLoss() throws {
        let directory = try TemporaryDirectory()
        let (_, run) = try trees(directory)
        let file = directory.file("mistakes.csv")
        let test = directory.file("test.csv")
        let evaluated = try program(["evaluate", run, "--mistakes", file, "--json"], in: directory)
        #expect(evaluated.status == .exited(0), "\(evaluated.errors)")
        let mistakes = rows(try File.readText(file, limit: 1 << 20))
        #expect(
            mistakes[0] == ["sample", "class", "predicted", "probability", "true_probability", "loss"])
        let predicted = rows(try program(["predict", run, "--input", test], in: directory).output)
        let truth = rows(try File.readText(test, limit: 1 << 20)).dropFirst().map { $0[2] }
        let wrong = truth.indices.filter { predicted[$0 + 1][0] != truth[$0] }
        #expect(Set(mistakes.dropFirst().map { $0[0] }) == Set(wrong.map { "\($0)" }))
        let losses = mistakes.dropFirst().compactMap { Double($0[5]) }
        #expect(!losses.isEmpty && losses == losses.sorted(by: >))
        for row in mistakes.dropFirst() {
            let answer = predicted[(Int(row[0]) ?? 0) + 1]
            let names = predicted[0].dropFirst().map { $0.dropFirst(2) }
            let column = try #require(names.firstIndex(of: row[1][...])) - names.startIndex + 1
            #expect(answer[0] == row[2] && Float(answer[column]) == Float(row[4]), "\(row) \(answer)")
        }
        let accuracy = try #require(field("accuracy", in: evaluated.output).flatMap { Double($0) })
        #expect(abs(accuracy - (1 - Double(losses.count) / 30)) < 1e-12)
    }

    @Test func theLikeliestClasses() throws {
        let directory = try TemporaryDirectory()
        let (_, run) = try trees(directory)
        let test = directory.file("test.csv")
        let all = rows(try program(["predict", run, "--input", test], in: directory).output)
        let two = rows(try program(["predict", run, "--input", test, "--top", "2"], in: directory).output)
        #expect(two[0] == ["class", "p_1", "class_2", "p_2"] && two.count == 31)
        for (row, full) in zip(two, all).dropFirst() {
            let sorted = full.dropFirst().compactMap { Float($0) }.sorted(by: >)
            #expect(
                row[0] == full[0] && [row[1], row[3]].compactMap { Float($0) } == Array(sorted.prefix(2)))
        }
        let wrong = try program(["predict", run, "--input", test, "--top", "0"], in: directory)
        #expect(wrong.status == .exited(64) && wrong.errors.contains("--top must be a whole number from 1"))
    }

    @Test func aTableFromStandardInput() throws {
        let directory = try TemporaryDirectory()
        let (table, run) = try trees(directory)
        let path = try directory.write("all.csv", table)
        let piped = try program(["predict", run, "--input", "-"], in: directory, input: table)
        #expect(piped.status == .exited(0), "\(piped.errors)")
        #expect(piped.output == (try program(["predict", run, "--input", path], in: directory)).output)
        for (text, message) in [
            ("", "standard-input` is empty"), ("height\n1\n", "has no column `bark`"),
            ("height,bark\nhigh,rough\n", "standard-input`, line 2"),
        ] {
            let wrong = try program(["predict", run, "--input", "-"], in: directory, input: text)
            #expect(wrong.status == .exited(1) && wrong.errors.contains(message), "\(wrong.errors)")
        }
    }

    /// The checkpoint holds encoding and normalisation: only the set that is evaluated is read.
    @Test func theTrainingFileMayBeGone() throws {
        let directory = try TemporaryDirectory()
        let (_, run) = try trees(directory)
        func evaluate(_ more: String...) throws -> Program.Finished {
            try program(["evaluate", run, "--json"] + more, in: directory)
        }
        let (test, validation) = (try evaluate(), try evaluate("--data", "validation"))
        #expect(test.status == .exited(0) && !test.errors.contains("have changed"), "\(test.errors)")
        #expect(validation.status == .exited(0) && !validation.errors.contains("have changed"))
        // The same rows with the kinds in another order: their encoding is the checkpoint's.
        let file = directory.file("train.csv")
        let lines = try File.readText(file, limit: 1 << 20).split(separator: "\n")
        try File.writeAtomically(
            ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n") + "\n", to: file)
        #expect(try evaluate("--data", "validation").errors.contains("validation data have changed"))
        try File.remove(file)
        #expect(try evaluate().output == test.output)
        let gone = try evaluate("--data", "validation")
        #expect(gone.status == .exited(1) && gone.errors.contains("train.csv"), "\(gone.errors)")
    }

    /// The end of a run says which checkpoint is the best, and why it stopped.
    @Test func theEndOfARunSaysWhatIsBest() throws {
        let directory = try TemporaryDirectory()
        let (_, _) = try trees(directory)
        let stops = "early_stopping={monitor: \"validation.loss\", patience: 1, minimum_delta: 0.2}"
        func end(_ settings: String...) throws -> String {
            let run = directory.file("run-\(settings.count)")
            let finished = try program(
                ["run", directory.file("trees.json5"), "--run-dir", run] + settings, in: directory)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            return finished.output
        }
        let stopped = try end("epochs=40", stops)
        for text in [
            "\n  stopped      early: validation.loss did not improve in 1 evaluation",
            "\n  best         validation.loss 0.", " in epoch ",
            "\n  checkpoint   \(directory.file("run-2"))/",
        ] {
            #expect(stopped.contains(text), "\(text) in \(stopped)")
        }
        #expect(try end().contains("\n  best         validation.accuracy "))
        let other = try end("metrics=[\"confusion_matrix\",\"recall\"]")
        #expect(other.contains("\n  best         validation.recall "))
        #expect(try !end("epochs=2", "seed=4", "checkpoint.best=null").contains("\n  checkpoint "))
    }

    /// Rows that the training would leave out have no answer, and that is said.
    @Test func rowsThatAreLeftOut() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("t.csv", "x,y\n" + (0..<40).map { "\($0),\($0 < 20)\n" }.joined())
        let job = try directory.write(
            "t.json5",
            """
            {data: {train: {csv: {path: "\(path)", target: "y", on_missing: "drop"}}, normalize: "z_score"},
             model: [{dense: 2}], loss: "cross_entropy", optimizer: "adam", batch: {size: 20}, epochs: 2}
            """)
        let run = directory.file("run")
        #expect(try program(["run", job, "--run-dir", run], in: directory).status == .exited(0))
        let answers = try program(
            ["predict", run, "--input", "-"], in: directory, input: "x\n1\nNA\n3\n\nNULL\n")
        #expect(answers.status == .exited(0) && answers.output.split(separator: "\n").count == 3)
        #expect(answers.errors.contains("2 rows with missing cells left out"), "\(answers.errors)")
        #expect(answers.errors.contains("--keep COLUMN"))
    }

    /// `--keep` copies cells of the table, also of a column that the model does not know.
    @Test func columnsNameTheLines() throws {
        let directory = try TemporaryDirectory()
        let (_, run) = try trees(directory)
        let text = "id,height,bark\n007,0.1,rough\n\"a,b\",1.2,smooth\n"
        let path = try directory.write("named.csv", text)
        let plain = try program(["predict", run, "--input", path], in: directory)
        #expect(plain.errors.contains("1 column that the model does not use: `id`"), "\(plain.errors)")
        let predict = ["predict", run, "--input", "-", "--keep", "id", "--keep", "bark"]
        let named = try program(predict, in: directory, input: text)
        #expect(named.status == .exited(0) && named.errors == "", "\(named.errors)")
        let names = ["id,bark", "007,rough", "\"a,b\",smooth"]
        let expected = zip(names, plain.output.split(separator: "\n")).map { "\($0),\($1)\n" }
        #expect(named.output == expected.joined())
        let wrong = try program(["predict", run, "--input", path, "--keep", "di"], in: directory)
        #expect(wrong.status == .exited(1) && wrong.errors.contains("has no column `di`"))
        let none = try program(["predict", run, "--data", "test", "--keep", "id"], in: directory)
        #expect(none.status == .exited(64) && none.errors.contains("--input"), "\(none.errors)")
    }

    // MARK: Values

    /// A linear model: shuffling a column costs 2 w² var(x) / var(y) of R², in expectation.
    @Test func importanceOfALinearModel() throws {
        let directory = try TemporaryDirectory()
        var noise = Noise(9)
        var (columns, targets) = ([[Double]](), [Double]())
        for _ in 0..<400 {
            let x = [noise.next(), noise.next(), noise.next()]
            columns.append(x)
            targets.append(3 * x[0] + x[1])
        }
        let text = zip(columns, targets).map { "\($0[0]),\($0[1]),\($0[2]),\($1)\n" }.joined()
        let path = try directory.write("line.csv", "a,b,c,y\n" + text)
        let job = try directory.write(
            "line.json5",
            """
            {
              data: {train: {csv: {path: "\(path)", target: "y"}}, test: {csv: {path: "\(path)"}},
                     normalize: "z_score"},
              model: [{dense: 1}], loss: "mse", optimizer: {adam: {learning_rate: 0.05}}, batch: {size: 50},
              epochs: 60,
            }
            """)
        let run = directory.file("run")
        let trained = try program(["run", job, "--run-dir", run], in: directory)
        try #require(trained.status == .exited(0), "\(trained.errors)")
        let measured = try program(["evaluate", run, "--importance", "20", "--json"], in: directory)
        #expect(measured.status == .exited(0), "\(measured.errors)")
        let part = measured.output.firstRange(of: "\"importance\"").map {
            String(measured.output[$0.lowerBound...])
        }
        let importance = try #require(part)
        func variance(_ values: [Double]) -> Double {
            let mean = values.reduce(0, +) / Double(values.count)
            return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        }
        for (index, (name, weight)) in [("a", 3.0), ("b", 1), ("c", 0)].enumerated() {
            let expected = 2 * weight * weight * variance(columns.map { $0[index] }) / variance(targets)
            let entry = try #require(importance.firstRange(of: "\"name\": \"\(name)\"")).upperBound
            let rest = String(importance[entry...])
            let mean = try #require(field("mean", in: rest).flatMap { Double($0) })
            let deviation = try #require(field("deviation", in: rest).flatMap { Double($0) })
            let error = 3 * deviation / 20.0.squareRoot() + 0.01
            #expect(abs(mean - expected) < error, "\(name): \(mean) ± \(deviation), not \(expected)")
        }
        #expect(measured.output.contains("\"residual_quantiles\"") && measured.output.contains("\"r2\""))
        let shown = try program(["evaluate", run, "--importance"], in: directory)
        #expect(shown.output.contains("importance: r2 lost") && shown.output.contains("(5 repeats)"))
        let mistakes = directory.file("mistakes.csv")
        _ = try program(["evaluate", run, "--mistakes", mistakes], in: directory)
        let table = rows(try File.readText(mistakes, limit: 1 << 20))
        #expect(table[0] == ["sample", "target", "predicted", "absolute_error"] && table.count == 401)
        let errors = table.dropFirst().compactMap { Double($0[3]) }
        #expect(errors.count == 400 && errors == errors.sorted(by: >))
    }

    /// Targets far from 0 are listed in the data's own unit.
    @Test func mistakesOfValuesFarFromZero() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "far.csv", "x,y\n" + (0..<40).map { "\($0),\(1_700_000_000 + $0)\n" }.joined())
        let job = try directory.write(
            "far.json5",
            """
            {data: {train: {csv: {path: "\(path)", target: "y"}}, normalize: "z_score"}, model: [{dense: 1}],
             loss: "mse", optimizer: {adam: {learning_rate: 0.5}}, batch: {size: 20}, epochs: 100}
            """)
        let (run, file) = (directory.file("run"), directory.file("mistakes.csv"))
        #expect(try program(["run", job, "--run-dir", run], in: directory).status == .exited(0))
        let asked = ["evaluate", run, "--data", "train", "--mistakes", file]
        #expect(try program(asked, in: directory).status == .exited(0))
        let table = rows(try File.readText(file, limit: 1 << 20)).dropFirst()
        #expect(table.count == 40)
        for row in table {
            let (sample, target, value) = (Double(row[0]), Double(row[1]), Double(row[2]))
            #expect(target == sample.map { 1_700_000_000 + $0 }, "\(row)")
            #expect(abs((value ?? 0) - (target ?? 1)) < 40, "\(row)")
        }
    }

    /// Images have no columns.
    @Test func importanceIsForTables() throws {
        let bench = try Bench(DigitsJob(steps: 2))
        _ = try bench.bits("run", workers: 1)
        let asked = try Program.run(
            ["evaluate", bench.runDirectory("run"), "--importance"], in: bench.path)
        #expect(
            asked.status == .exited(1) && asked.errors.contains("importance is for the columns of tables"))
    }
}
