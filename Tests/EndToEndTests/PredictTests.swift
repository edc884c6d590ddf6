import Platform
import System
import TestSupport
import Testing

/// Trained models are measured, asked, and asked together.
@Suite(.serialized) struct PredictTests {
    /// A value of `"set":{…"name":VALUE…}` in a line of metrics.jsonl.
    private func logged(_ name: String, of set: String, in line: Substring) -> String? {
        guard let start = line.range(of: "\"\(set)\":{")?.upperBound,
            let end = line[start...].firstIndex(of: "}")
        else { return nil }
        let fields = line[start..<end].split(separator: ",")
        return fields.first { $0.hasPrefix("\"\(name)\":") }.map { String($0.dropFirst(name.count + 3)) }
    }

    @Test func evaluationRepeatsTheLog() throws {
        let bench = try Bench(DigitsJob(steps: 36))
        for (epoch, lanes) in [(1, "3"), (2, "1"), (3, "2")] {
            _ = try bench.bits(
                "run", workers: 2, ["--set", "max_steps=\(12 * epoch)"] + (epoch > 1 ? ["--resume"] : []))
            let lines = try File.readText(
                Path.join(bench.runDirectory("run"), "metrics.jsonl"), limit: 1 << 20
            ).split(separator: "\n")
            let line = try #require(lines.first { $0.contains("\"kind\":\"epoch\",\"epoch\":\(epoch),") })
            let finished = try Program.run(
                ["evaluate", bench.runDirectory("run"), "--json", "--lanes", lanes], in: bench.path)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            for name in ["loss", "accuracy"] {
                let value = try #require(logged(name, of: "validation", in: line))
                #expect(
                    finished.output.contains("\"\(name)\": \(value)"),
                    "\(name) \(value) in \(finished.output)")
            }
        }
        let newest = try Program.run(
            ["evaluate", bench.runDirectory("run"), "--data", "train"], in: bench.path)
        #expect(
            newest.output.hasPrefix(
                "train: 1,437 samples\n  \(bench.runDirectory("run"))/checkpoints/step-00000036  loss 0."))
    }

    /// `--metrics` of a trained model, and what its report says, by the lines of `predict`.
    @Test func metricsOfATrainedModel() throws {
        let bench = try Bench(DigitsJob(steps: 36))
        _ = try bench.bits("run", workers: 1)
        let run = bench.runDirectory("run")
        func evaluate(_ more: String...) throws -> Program.Finished {
            try Program.run(["evaluate", run] + more, in: bench.path)
        }
        let asked = try evaluate("--metrics", "f1,confusion_matrix,auc,log_loss", "--json")
        #expect(asked.status == .exited(0), "\(asked.errors)")
        let whole = asked.output.range(of: "\"members\"").map { asked.output[..<$0.lowerBound] } ?? ""
        for name in ["loss", "accuracy", "f1", "confusion_matrix", "auc", "log_loss"] {
            #expect(whole.contains("\"\(name)\": "), "\(name) in \(whole)")
        }
        // No probability comes near the clipping, so that the loss is the log-loss, up to Float's rounding.
        let losses = ["loss", "log_loss"].compactMap { Double(field($0, in: asked.output) ?? "") }
        #expect(losses.count == 2 && abs(losses[0] - losses[1]) < 1e-5 * losses[0], "\(losses)")
        let report = try evaluate()
        for text in ["\n  class     precision  recall", "\n  macro ", "\n  accuracy", "Clopper–Pearson"] {
            #expect(report.output.contains(text), "\(report.output)")
        }
        let wrong = try evaluate("--metrics", "acuracy")
        #expect(wrong.status == .exited(64) && wrong.errors.contains("did you mean `accuracy`?"))
    }

    @Test func linesForImages() throws {
        let bench = try Bench(DigitsJob(steps: 12))
        _ = try bench.bits("run", workers: 1)
        let run = bench.runDirectory("run")
        let csv = try Program.run(["predict", run, "--input", "builtin:digits"], in: bench.path)
        let lines = csv.output.split(separator: "\n")
        #expect(
            lines.count == 361 && lines[0] == "class,p_0,p_1,p_2,p_3,p_4,p_5,p_6,p_7,p_8,p_9", "\(csv.errors)"
        )
        for line in lines.dropFirst() {
            let probabilities = line.split(separator: ",").dropFirst().compactMap { Double($0) }
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
            #expect(
                probabilities.firstIndex(of: probabilities.max() ?? 0).map { "\($0)" }
                    == String(line.prefix(1)))
        }
        let output = bench.directory.file("out.jsonl")
        let json = try Program.run(
            [
                "predict", run, "--data", "validation", "--format", "jsonl", "--output", output, "--lanes",
                "1",
            ], in: bench.path)
        #expect(json.status == .exited(0) && json.output.isEmpty, "\(json.errors)")
        let first = try File.readText(output, limit: 1 << 20).split(separator: "\n")
        let cells = lines[1].split(separator: ",")
        #expect(
            first.count == 360
                && first[0].hasPrefix("{\"class\":\"\(cells[0])\",\"p_0\":\(cells[1]),\"p_1\":\(cells[2]),"))

        let images = bench.directory.file("images")
        try Directory.create(Path.join(images, "inner"))
        let picture = Path.join(images, "inner/two.png")
        _ = try Program.run(
            ["data", "preview", bench.config, "--output", picture, "--samples", "1", "--variants", "1"],
            in: bench.path)
        let files = try Program.run(["predict", run, "--input", images], in: bench.path)
        #expect(
            files.output.split(separator: "\n").count == 2 && files.output.contains("\ninner/two.png,"),
            "\(files.errors)")
        #expect(
            files.errors.contains("note: images of another size are resized to the model's, 8 × 8 pixels"))

        let layer = try Program.run(
            ["predict", run, "--input", picture, "--layer", "flatten1"], in: bench.path)
        #expect(layer.status == .exited(64) || layer.output.contains("flatten1_63"), "\(layer.errors)")
    }

    // MARK: Tables and ensembles

    /// 150 rows of three classes; `order` is that of the columns.
    private func table(_ order: [String], hasKind: Bool = true) -> String {
        var state: UInt32 = 7
        func noise() -> Double {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Double(state >> 8) / Double(1 << 24) - 0.5
        }
        var text = order.joined(separator: ",") + "\n"
        for row in 0..<150 {
            let kind = row % 3
            let cells = [
                "kind": ["oak", "elm", "ash"][kind], "height": "\(Double(kind) + 2 * noise())",
                "width": "\(Double(kind * kind) + 3 * noise())",
                "bark": noise() > 0.1 * Double(kind) ? "rough" : "smooth", "place": "\(row)",
            ]
            text += order.map { cells[$0] ?? "" }.joined(separator: ",") + "\n"
        }
        return text
    }

    private func treeJob(_ directory: TemporaryDirectory) throws -> String {
        let path = try directory.write("trees.csv", table(["height", "width", "bark", "kind"]))
        return try directory.write(
            "trees.json5",
            """
            {
              name: "trees", seed: 3, ensemble: 2,
              data: {
                train: {csv: {path: "\(path)", target: "kind"}}, test: {csv: {path: "\(path)"}},
                split: {validation: 0.2}, normalize: "z_score",
              },
              model: [{dense: 8, activation: "tanh"}, {dense: 3}],
              loss: "cross_entropy", optimizer: {adam: {learning_rate: 0.02}}, batch: {size: 30}, epochs: 4,
            }
            """)
    }

    private func rows(_ finished: Program.Finished) -> [[Substring]] {
        finished.output.split(separator: "\n").map { $0.split(separator: ",") }
    }

    @Test func membersAnswerTogether() throws {
        let directory = try TemporaryDirectory()
        let (config, run) = (try treeJob(directory), directory.file("run"))
        func program(_ arguments: String...) throws -> Program.Finished {
            let finished = try Program.run(arguments, in: directory.path)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            return finished
        }
        let trained = try program("run", config, "--run-dir", run, "--json")
        let original = directory.file("trees.csv")
        let shuffled = try directory.write("other.csv", table(["bark", "place", "width", "height"]))
        let together = try program("predict", run, "--input", shuffled)
        #expect(together.errors.contains("1 column that the model does not use: `place`"))
        #expect(together.output == (try program("predict", run, "--input", original)).output)
        let members = try (0...1).map {
            rows(try program("predict", "\(run)/member-\($0)", "--input", original))
        }
        #expect(members[0][0] == ["class", "p_ash", "p_elm", "p_oak"] && members[0] != members[1])

        var (loss, right) = (0.0, 0)
        for (index, row) in rows(together).enumerated().dropFirst() {
            let mean = (1...3).map { column -> Float in
                let values = members.compactMap { Double(Float(String($0[index][column])) ?? .nan) }
                return Float((values[0] + values[1]) / 2)
            }
            #expect(row.dropFirst().map { Float(String($0)) } == mean)
            let label = ["oak", "elm", "ash"][(index - 1) % 3]
            let place = ["ash", "elm", "oak"].firstIndex(of: label) ?? 0
            loss -= log(Double(mean[place]))
            right += row[0] == label ? 1 : 0
        }
        let measured = try program("evaluate", run, "--json")
        #expect(measured.output.contains("\"data\": \"test\""))
        #expect(abs((Double(field("loss", in: measured.output) ?? "") ?? 0) - loss / 150) < 1e-6)
        #expect(
            field("accuracy", in: measured.output)?.hasPrefix("\(Double(right) / 150)") == true,
            "\(measured.output) \(right)")
        #expect(
            try program("evaluate", run, "--data", original, "--json").output.contains(
                "\"loss\": \(field("loss", in: measured.output) ?? "?")"))
        let one = try program("evaluate", "\(run)/member-0", "\(run)/member-1", "--json")
        #expect(field("loss", in: one.output) == field("loss", in: measured.output))
        #expect(
            trained.output.contains("\"test\": {\"loss\": \(field("loss", in: measured.output) ?? "?")"),
            "\(trained.output)")
    }

    @Test func missingColumnsAndOtherMistakes() throws {
        let directory = try TemporaryDirectory()
        let (config, run) = (try treeJob(directory), directory.file("run"))
        _ = try Program.run(
            ["run", config, "--run-dir", run, "--set", "ensemble=1", "--set", "epochs=1"], in: directory.path)
        let short = try directory.write("short.csv", table(["bark", "height"]))
        for (arguments, status, message) in [
            (["predict", run, "--input", short], 1, "has no column `width`"),
            (["predict", run, "--input", directory.file("none.csv")], 1, "there is no `"),
            (["predict", run], 64, "needs --input FILE or --data WHICH"),
            (
                ["predict", run, "--input", short, "--format", "xml"], 64,
                "--format must be csv or jsonl, found `xml`"
            ),
            (
                ["predict", run, "--input", short, "--layer", "nothing"], 64,
                "the model has no layer `nothing`"
            ),
            (["evaluate"], 64, "needs a run directory or a checkpoint"),
            (["evaluate", directory.path], 1, "has no whole checkpoint"),
            (["evaluate", run, "--data", "tset"], 64, "did you mean test?"),
            (["evaluate", run, "--set", "epochs=3"], 64, "of a trained model only data.… can be set"),
        ] as [([String], Int32, String)] {
            let finished = try Program.run(arguments, in: directory.path)
            #expect(
                finished.status == .exited(status) && finished.errors.contains(message),
                "\(arguments): \(finished.errors)")
        }
    }

    // MARK: Ensembles among processes

    private let pair = DigitsJob(steps: 14, more: "ensemble: 2,")

    @Test func killedBetweenMembers() throws {
        let (quiet, bench) = (try Bench(pair), try Bench(pair))
        let expected = try quiet.run("run", workers: 1)
        #expect(expected.status == .exited(0), "\(expected.errors)")
        let killed = try bench.run("run", workers: 2, fault: "coordinator:member:1:kill")
        #expect(killed.status == .killed(signal: SIGKILL))
        let resumed = try bench.run("run", workers: 3, ["--resume"])
        #expect(resumed.status == .exited(0), "\(resumed.errors)")
        // The events between two members are in the log of the later one.
        let log = EventLog(run: bench.runDirectory("run/member-1"))
        #expect(try log.events("ensemble_member_skipped").map { $0.integer("member") } == [0])
        let hashes = [expected, resumed].map {
            $0.output.split(separator: "\n").filter { $0.contains("state_sha256") }
        }
        #expect(hashes[0].count == 3 && hashes[0] == hashes[1] && hashes[0][0] != hashes[0][1])
        let together = [expected, resumed].map { finished in
            finished.output.range(of: "\"ensemble\"").map { finished.output[$0.lowerBound...] }
        }
        #expect(together[0] == together[1] && together[0] != nil)
        // A single run of the second seed is the second member.
        let single = try Bench(DigitsJob(steps: 14)).run("run", workers: 1, ["--set", "seed=6"])
        #expect(hashes[0][1].contains(field("state_sha256", in: single.output) ?? "none"))
    }

    @Test func workersStayForTheNextMember() throws {
        let hand = try ByHand(pair)
        let coordinator = try hand.coordinator(["--min-workers", "2"], member: "member-0")
        let workers = try [hand.worker(), hand.worker()]
        let finished = try Program.finish(coordinator)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        for worker in workers { try expectGoodEnd(worker) }
        #expect(
            try workers.allSatisfy {
                try hand.log(of: $0).has("session_rejoining") {
                    $0.isBecause("this member of the ensemble is trained")
                }
            })
        let quiet = try Bench(pair).run("run", workers: 1)
        #expect(field("state_sha256", in: finished.output) == field("state_sha256", in: quiet.output))
    }

    // MARK: Jobs without a model

    /// The mean of the squared distances that `predict` tells is the loss that the run logged.
    @Test func clustersAndComponents() throws {
        let directory = try TemporaryDirectory()
        func run(_ name: String, _ task: String) throws -> (
            log: String, evaluation: Program.Finished, lines: [[Substring]]
        ) {
            let config = try directory.write(
                "\(name).json5",
                "{data: {train: {builtin: \"digits\"}, validation: {builtin: \"digits\"}, "
                    + "normalize: \"min_max\"}, \(task)}"
            )
            let place = directory.file(name)
            let trained = try Program.run(["run", config, "--run-dir", place, "--json"], in: directory.path)
            #expect(trained.status == .exited(0), "\(trained.errors)")
            let evaluation = try Program.run(["evaluate", place, "--json"], in: directory.path)
            let lines = try Program.run(["predict", place, "--input", "builtin:digits"], in: directory.path)
            #expect(lines.status == .exited(0), "\(lines.errors)")
            let start = try #require(trained.output.range(of: "\"validation\": {"))
            return (String(trained.output[start.upperBound...].prefix { $0 != "}" }), evaluation, rows(lines))
        }
        let clusters = try run("clusters", "kmeans: {clusters: 7}")
        #expect(
            clusters.evaluation.output.contains("{\(clusters.log)}"),
            "\(clusters.log) in \(clusters.evaluation.output)")
        #expect(clusters.lines[0] == ["cluster", "distance"] && clusters.lines.count == 361)
        let squares = clusters.lines.dropFirst().compactMap { Double($0[1]) }.map { $0 * $0 }
        let loss = try #require(
            clusters.log.split(separator: ",").first?.split(separator: " ").last.flatMap { Double($0) })
        #expect(abs(squares.reduce(0, +) / 360 - loss) < 1e-5 * loss)
        #expect(Set(clusters.lines.dropFirst().map { $0[0] }).isSubset(of: Set((0..<7).map { "\($0)" })))
        let components = try run("components", "pca: {components: 3}")
        #expect(
            components.evaluation.output.contains("{\(components.log)}"),
            "\(components.log) in \(components.evaluation.output)")
        #expect(
            components.lines[0] == ["component_0", "component_1", "component_2"]
                && components.lines.count == 361)
    }

    // MARK: The learning rate

    @Test func aLearningRateIsFound() throws {
        let bench = try Bench(DigitsJob(optimizer: "\"adam\""))
        let found = try Program.run(["lr-find", bench.config, "--json", "--lanes", "1"], in: bench.path)
        let rate = try #require(field("steepest", in: found.output).flatMap { Double($0) }, "\(found.errors)")
        #expect((1e-4...1).contains(rate))
        #expect(
            try Program.run(["lr-find", bench.config, "--json", "--lanes", "2"], in: bench.path).output
                == found.output)
        let text = try Program.run(
            ["lr-find", bench.config, "--from", "1e-5", "--to", "1", "--steps", "40"], in: bench.path)
        #expect(
            text.output.contains("← falls fastest") && text.output.contains("\nlearning rate: "),
            "\(text.output)")
        let wrong = try Program.run(["lr-find", bench.config, "--from", "1", "--to", "0.1"], in: bench.path)
        #expect(
            wrong.status == .exited(64) && wrong.errors == "error: --from 1.0 must be less than --to 0.1\n")
    }
}

extension StringProtocol {
    /// The first occurrence.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
