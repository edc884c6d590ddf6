import Runs
import System
import TestSupport
import Testing
import dist_train

@Suite struct RunCatalogTests {
    /// Run directories as `run` leaves them.
    private func runs(_ names: [String]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in names {
            try Directory.create(directory.file(name))
            try directory.write("\(name)/job.json5", #"{"name": "wine", "epochs": 9, "seed": 1}"#)
        }
        return directory
    }

    /// A run is found by its name, by its job's name, and by a part that no other name has.
    @Test(
        arguments: [
            ("wine-20261101-120000", "wine-20261101-120000"), ("wine", "wine-20261102-090000"),
            ("iris", "iris"), ("mnist", "mnist-cnn-20261101-130000"), ("0902", nil),
            ("1300", "mnist-cnn-20261101-130000"),
            ("20261101", nil), ("nothing", nil), ("wines", nil), ("mnist-cnn", "mnist-cnn-20261101-130000"),
        ] as [(String, String?)])
    func shortNamesAreUnique(word: String, name: String?) throws {
        let directory = try runs([
            "wine-20261101-120000", "wine-20261102-090000", "mnist-cnn-20261101-130000", "iris",
        ])
        let found = try? RunCatalog(directory.path).path(of: word)
        #expect(found == name.map(directory.file))
    }

    @Test func whatIsNotFoundIsExplained() throws {
        let directory = try runs(["wine-20261101-120000", "wine-20261102-090000"])
        func message(_ word: String, in path: String) -> String {
            do { return try RunCatalog(path).path(of: word) } catch { return "\(error)" }
        }
        #expect(message("2026110", in: directory.path).contains("may mean 2 runs: `wine-20261101-120000`"))
        #expect(message("wine-20261101-12000", in: directory.path).hasSuffix("/wine-20261101-120000"))
        #expect(message("wime-20261101-120000", in: directory.path).contains("did you mean `wine-20261101"))
        #expect(message("latest", in: directory.file("absent")).contains("there is no run in"))
        #expect(message("a/b", in: directory.path) == "a/b", "a path stays what it is")
    }

    private static let epochs = """
        {"kind":"step","step":5,"epoch":1,"loss":3}
        {"kind":"epoch","epoch":1,"step":10,"train":{"loss":2},"validation":{"loss":1.5,"accuracy":0.5}}
        {"kind":"epoch","epoch":2,"step":20,"train":{"loss":1},"validation":{"loss":1.25,"accuracy":0.75}}
        {"kind":"epoch","epoch":3,"step":30,"train":{"loss":0.5},"validation":{"loss":1.75,"accuracy":0.5}}

        """

    /// The state is told by the result or the log; metrics by the result or the last epoch.
    @Test(
        arguments: [
            (nil, RunEntry.State.interrupted), ("run_stopped", .stopped), ("run_failed", .failed),
            ("run_started", .interrupted),
        ] as [(String?, RunEntry.State)])
    func anUnfinishedRunIsRead(event: String?, state: RunEntry.State) throws {
        let directory = try runs(["a"])
        try directory.write(
            "a/job.json5", #"{"epochs": 9, "checkpoint": {"best": "validation.accuracy"}}"#)
        try directory.write("a/metrics.jsonl", Self.epochs)
        if let event { try directory.write("a/log.jsonl", "{\"event\":\"\(event)\"}\n") }
        let run = try #require(RunEntry(directory.file("a")))
        #expect(run.state == state && run.epochs.done == 3 && run.epochs.all == 9)
        #expect(run.metrics("validation").map(\.value) == [1.75, 0.5] && run.metrics("test").isEmpty)
        #expect(run.best?.metric == "validation.accuracy" && run.best?.value == 0.75 && run.best?.epoch == 2)
    }

    @Test func aFinishedRunIsRead() throws {
        let directory = try runs(["a"])
        try directory.write(
            "a/result.json",
            #"{"epochs": 4, "best": {"monitor": "train.loss", "value": 0.25, "epoch": 2}}"#
        )
        try directory.write(
            "a/run.json", #"{"config": "c.json5", "overrides": ["epochs=4"], "started": "2026"}"#)
        let run = try #require(RunEntry(directory.file("a")))
        #expect(run.state == .finished && run.epochs.done == 4 && run.best?.epoch == 2)
        #expect(run.origin == RunOrigin(config: "c.json5", overrides: ["epochs=4"], started: "2026"))
        #expect(RunEntry(directory.path) == nil, "a directory without a job is no run")
        let table = RunTable([run]).text(width: 200)
        #expect(table.contains("finished") && table.contains("epochs=4") && table.contains("loss 0.2500"))
        for width in [20, 40, 80] {
            let lines = RunTable([run]).text(width: width).split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= width } && lines.count == 2)
        }
    }

    @Test func runsAreCompared() throws {
        let directory = try runs(["a", "b"])
        try directory.write("a/job.json5", #"{"epochs": 4, "optimizer": {"adam": {"learning_rate": 0.1}}}"#)
        try directory.write(
            "b/job.json5", #"{"epochs": 4, "optimizer": {"sgd": {"learning_rate": 0.1}}, "seed": 2}"#)
        for (name, accuracy) in [("a", 0.5), ("b", 0.75)] {
            try directory.write(
                "\(name)/result.json", "{\"epochs\": 4, \"test\": {\"loss\": 1, \"accuracy\": \(accuracy)}}")
        }
        let text = RunComparison(["a", "b"].compactMap { RunEntry(directory.file($0)) }).text
        let rows = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows[0] == ["a", "b"])
        #expect(rows.contains(["seed", "-", "2"]), "\(text)")
        #expect(rows.contains(["optimizer.adam", "{\"learning_rate\":0.1}", "-"]), "\(text)")
        #expect(!text.contains("epochs  4  4  4") && rows.contains(["epochs", "4", "4"]))
        #expect(rows.contains(["test.accuracy", "0.5000", "0.7500", "*"]), "\(text)")
        #expect(rows.contains(["test.loss", "1.0000", "1.0000"]), "equal values have no best: \(text)")
    }
}
