import Configuration
import System
import TestSupport
import Testing

/// The report and the model card that a run leaves, and `dist-train report`.
@Suite(.serialized) struct ReportTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: [String]) throws -> Program.Finished {
        let finished = try Program.run(arguments, in: home.path)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        return finished
    }

    private func train(_ job: String, _ name: String, _ more: String...) throws -> Program.Finished {
        try run(["run", job, "--run-dir", home.file(name)] + more)
    }

    private let digits = ProjectFiles.path("config/digits-mlp.json5")

    /// The document that the file's script draws.
    private func document(_ path: String) throws -> ConfigValue {
        let html = try File.readText(home.file(path), limit: 20 << 20)
        let begin = try #require(html.firstRange(of: #"id="document">"#))
        let rest = html[begin.upperBound...]
        let end = try #require(rest.firstRange(of: "</script>"))
        return try json(String(rest[..<end.lowerBound]))
    }

    private func json(_ text: String) throws -> ConfigValue {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(text, name: "the document", diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value)
    }

    private func plots(_ path: String) throws -> [ConfigValue] {
        try #require(try document(path)["runs"]?.elements?.first?["plots"]?.elements)
    }

    private func titles(_ path: String) throws -> [String] {
        try plots(path).compactMap { $0["title"]?.text }
    }

    private func card(_ name: String) throws -> String {
        try File.readText(home.file(name + "/README.md"), limit: 1 << 20)
    }

    // MARK: A run

    @Test func aRunLeavesAReportAndACard() throws {
        let finished = try train(digits, "a", "epochs=3")
        #expect(finished.errors.contains("report: \(home.file("a/report.html"))"))
        for name in ["a/report.html", "a/README.md"] {
            #expect(try File.permissions(home.file(name)) == 0o600)
        }
        let document = try document("a/report.html")
        let run = try #require(document["runs"]?.elements?.first)
        let result = try json(File.readText(home.file("a/result.json"), limit: 1 << 20))
        let hash = try #require(result["state_sha256"]?.text)
        #expect(document["kind"]?.text == "report" && run["state"]?.text == "finished")
        #expect(run["command"]?.text == "dist-train run \(digits) epochs=3")
        #expect(run["environment"]?.elements?.contains(["state_sha256", .string(hash)]) == true)
        #expect(run["progress"]?["step"] == result["steps"] && run["progress"]?["steps"] == result["steps"])
        #expect(run["time"]?["training"]?.double == result["seconds"]?.double)
        // The confusion matrix is that of the result: the last epoch is the best one.
        let matrix = try plots("a/report.html").first { $0["kind"]?.text == "confusion" }
        let right = try #require(matrix?["counts"]?.elements).enumerated().reduce(0) {
            $0 + ($1.element.elements?[$1.offset].integer ?? 0)
        }
        let accuracy = try #require(result["validation"]?["accuracy"]?.double)
        #expect((Double(right) / 360 - accuracy).magnitude < 1e-6)
        let figure = run["figures"]?.elements?.first {
            $0["set"]?.text == "validation" && $0["name"]?.text == "accuracy"
        }
        #expect(figure?["low"]?.double ?? 1 < accuracy && figure?["high"]?.double ?? 0 > accuracy)
        let expected = [
            "Measures", "Confusion matrix", "Most confused pairs", "Report for each class", "ROC curves",
            "Precision–recall curves", "Reliability curve", "Worst mistakes",
            "Filters of the first layer, dense1",
            "Training samples", "Data sets", "Samples of each class", "About this file",
        ]
        let titles = try titles("a/report.html")
        for title in expected { #expect(titles.contains(title), "\(title) in \(titles)") }
        let card = try card("a")
        for part in [
            hash, "dist-train predict", "95 % interval", "* validation: 360 samples",
            "not measured on a test set",
        ] {
            #expect(card.contains(part), "\(part) in \(card)")
        }
    }

    @Test func noReportIsWantedOrPossible() throws {
        let quiet = try train(digits, "quiet", "epochs=1", "--no-report")
        #expect(!quiet.errors.contains("report"))
        #expect(!File.exists(home.file("quiet/report.html")) && !File.exists(home.file("quiet/README.md")))
        // A directory stands where the report would be.
        let stopper = try Program.start(
            ["run", digits, "--run-dir", home.file("odd"), "epochs=40"], in: home.path)
        try Program.wait(for: "run directory", from: stopper)
        try Directory.create(home.file("odd/report.html"))
        let finished = try Program.finish(stopper)
        #expect(finished.status == .exited(0) && finished.output.contains("state_sha256"))
        #expect(finished.errors.contains("warning: there is no report"), "\(finished.errors)")
    }

    @Test func theSameReportIsMadeAgain() throws {
        _ = try train(digits, "a", "epochs=2")
        let before = try titles("a/report.html")
        try File.remove(home.file("a/report.html"))
        try File.writeAtomically("# mine\n", to: home.file("a/README.md"))
        let finished = try run(["report", home.file("a")])
        #expect(finished.output == home.file("a/report.html") + "\n" && finished.errors == "")
        #expect(try titles("a/report.html") == before)
        #expect(try card("a") == "# mine\n", "a card that somebody wrote stays")
    }

    /// A run that was stopped before its first checkpoint, and one whose data are gone.
    @Test func aReportOfWhatIsThere() throws {
        _ = try train(digits, "a", "epochs=1")
        try File.remove(home.file("a/result.json"))
        try Directory.removeAtOnce(home.file("a/checkpoints"))
        let finished = try run(["report", home.file("a")])
        #expect(finished.errors.contains("warning: without evaluation: "), "\(finished.errors)")
        #expect(try titles("a/report.html") == ["About this file"])
        let table = try home.write("t.csv", "x,y\n" + (0..<40).map { "\($0),\(2 * $0)\n" }.joined())
        let job = try home.write(
            "job.json5",
            """
            {data: {train: {csv: {path: "\(table)", target: "y"}}, split: {validation: 0.25}},
             model: [{dense: 1}], loss: "mse", optimizer: {sgd: {learning_rate: 1e-4}}, batch: 8, epochs: 2}
            """)
        _ = try train(job, "b")
        #expect(try titles("b/report.html").contains("Predicted against true: y"))
        try File.remove(table)
        #expect(try run(["report", home.file("b")]).errors.contains("warning: without evaluation"))
        #expect(try titles("b/report.html") == ["About this file"])
    }

    // MARK: Several runs

    @Test func aComparisonShowsWhatDiffers() throws {
        _ = try train(digits, "a", "epochs=1")
        _ = try train(digits, "b", "epochs=2", "seed=5")
        _ = try run(["report", home.file("a"), home.file("b"), "--output", home.file("both.html")])
        let document = try document("both.html")
        #expect(try File.permissions(home.file("both.html")) == 0o600)
        #expect(document["kind"]?.text == "comparison" && document["runs"]?.elements?.count == 2)
        #expect(document["runs"]?.elements?.compactMap { $0["name"]?.text } == ["a", "b"])
        let plots = try #require(document["plots"]?.elements)
        let settings = try #require(plots.first { $0["title"]?.text == "Differences of the jobs" })
        #expect(settings["rows"]?.elements?.contains(["epochs", "1", "2"]) == true)
        let results = try #require(plots.first { $0["title"]?.text == "Results" })
        let row = try #require(
            results["rows"]?.elements?.first { $0.elements?.first?.text == "validation.accuracy" }?.elements)
        let first = try json(File.readText(home.file("a/result.json"), limit: 1 << 20))
        #expect(row.count == 3 && row[1].double == first["validation"]?["accuracy"]?.double)
        #expect(settings["rows"]?.elements?.contains(["model", "1", "2"]) == false)
        for run in document["runs"]?.elements ?? [] { #expect(run["curves"]?.elements?.isEmpty == false) }
    }

    @Test func anEnsembleHasOneReport() throws {
        let job = ProjectFiles.path("config/digits-ensemble.json5")
        _ = try train(job, "e", "epochs=1", "ensemble=2")
        #expect(!File.exists(home.file("e/member-0/report.html")))
        let run = try #require(try document("e/report.html")["runs"]?.elements?.first)
        #expect(run["state"]?.text == "finished")
        let ids = run["curves"]?.elements?.compactMap { $0["id"]?.text } ?? []
        #expect(ids.contains("member-0.train.loss") && ids.contains("member-1.train.loss"), "\(ids)")
        #expect(try titles("e/report.html").contains("Confusion matrix"))
        #expect(try card("e").contains("| ensemble | 2 members |"))
    }

    @Test func clustersAndComponentsAreDrawn() throws {
        _ = try train(ProjectFiles.path("config/digits-kmeans.json5"), "k")
        let clusters = try plots("k/report.html")
        let sizes = try #require(clusters.first { $0["title"]?.text == "Clusters" })
        let samples = sizes["rows"]?.elements?.reduce(0) { $0 + ($1.elements?[1].integer ?? 0) }
        #expect(samples == 360 && clusters.contains { $0["title"]?.text == "Classes in each cluster" })
        // The purity of the result follows from the table of clusters and classes.
        let table = try #require(clusters.first { $0["title"]?.text == "Classes in each cluster" })
        let pure = table["rows"]?.elements?.reduce(0) { sum, row in
            sum + ((row.elements ?? []).dropFirst().compactMap(\.integer).max() ?? 0)
        }
        let result = try json(File.readText(home.file("k/result.json"), limit: 1 << 20))
        let purity = try #require(result["validation"]?["purity"]?.double)
        #expect(Double(pure ?? 0) / 360 >= purity - 1e-9)
        _ = try train(ProjectFiles.path("config/digits-pca.json5"), "p")
        let variance = try #require(
            plots("p/report.html").first { $0["title"]?.text == "Explained variance" })
        let together = try #require(variance["series"]?.elements?.last?["y"]?.elements?.last?.double)
        let ratio = try #require(
            json(File.readText(home.file("p/result.json"), limit: 1 << 20))["train"]?[
                "explained_variance_ratio"]?
                .double)
        #expect((together / 100 - ratio).magnitude < 1e-5)
    }

    // MARK: Hostile names

    private static let hostile = ["</script><img src=x onerror=alert(1)>", "\"]}", "=cmd|' /C calc'!A0"]

    @Test func hostileNamesStayText() throws {
        func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
        let header = Self.hostile.map(quoted).joined(separator: ",") + ",kind\n"
        let rows = (0..<60).map { row in
            "\(row % 7),\(row % 5),\(row % 3),\(quoted(Self.hostile[row % 3]))\n"
        }
        let table = try home.write("t.csv", header + rows.joined())
        let job = try home.write(
            "job.json5",
            """
            {data: {train: {csv: {path: "\(table)", target: "kind", task: "classification"}},
                    split: {validation: 0.5}},
             model: [{dense: 3}], loss: "cross_entropy", optimizer: {sgd: {learning_rate: 1e-2}},
             batch: 8, epochs: 1}
            """)
        _ = try train(job, "h")
        // A worker with such a name, as a stranger could call its machine.
        let log = home.file("h/log.jsonl")
        let name = ConfigValue.string(Self.hostile[0]).compactJSON()
        let joined =
            #"{"time":"2026-11-30T12:00:00.000Z","level":"info","source":"coordinator","event":"worker_joined","#
            + #""worker":7,"name":\#(name),"address":"x","message":\#(name)}"#
        try File.writeAtomically(File.readText(log, limit: 1 << 20) + joined + "\n", to: log)
        _ = try run(["report", home.file("h")])
        let html = try File.readText(home.file("h/report.html"), limit: 20 << 20)
        #expect(!html.contains("<img src=x"))
        let run = try #require(try document("h/report.html")["runs"]?.elements?.first)
        let matrix = run["plots"]?.elements?.first { $0["kind"]?.text == "confusion" }
        #expect(Set(matrix?["classes"]?.elements?.compactMap(\.text) ?? []) == Set(Self.hostile))
        #expect(run["workers"]?.elements?.contains { $0["name"]?.text == Self.hostile[0] } == true)
        let card = try card("h")
        for sign in ["<img", "</script", "\n=cmd"] { #expect(!card.contains(sign), "\(card)") }
        #expect(card.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"))
    }
}
