import Jobs
import Runs
import System
import TestSupport
import Testing

/// A finished run is recognised by its directory alone, and only where the job asks for nothing more.
@Suite struct FinishedRunTests {
    private static let job = """
        {
          name: "x", seed: 1, data: {train: {csv: {path: "none.csv", target: "y"}}},
          model: [{dense: 2}], loss: {cross_entropy: {class_weights: "balanced"}},
          optimizer: {sgd: {learning_rate: 0.1}}, batch: {size: 8}, epochs: 10,
        }
        """

    private func load(_ directory: TemporaryDirectory, _ overrides: [String] = []) throws -> JobFile {
        try JobFile.load(path: directory.write("x.json5", Self.job), overrides: overrides)
    }

    /// A run directory with the job and a result. The run has counted the classes of its data.
    private func run(_ directory: TemporaryDirectory, _ job: [String], _ result: String) throws {
        let weights = "loss.cross_entropy.class_weights=[0.5, 1.5]"
        let resolved = try load(directory, job + [weights]).resolved
        try directory.write("job.json5", resolved.prettyJSON(nonFinite: .json5))
        try directory.write("result.json", result)
    }

    @Test(
        arguments: [
            // the run's epochs and max_steps, its steps; the job's; whether it asks for no more
            (10, nil, 40, 10, nil, true), (10, nil, 40, 11, nil, false), (10, nil, 40, 9, nil, true),
            (10, 40, 40, 10, 40, true), (10, 25, 25, 10, 25, true), (10, 25, 25, 10, 26, false),
            (10, 25, 25, 10, nil, false), (10, 25, 25, 20, 25, true), (10, 25, 25, 20, 24, true),
            (10, 99, 40, 10, 120, true), (10, 99, 40, 20, 99, false), (10, nil, 40, 20, 40, true),
            (10, nil, 12, 10, nil, true), (10, nil, 12, 12, nil, false),
        ] as [(Int, Int?, Int, Int, Int?, Bool)])
    func whatAsksForMore(
        epochs: Int, limit: Int?, steps: Int, askedEpochs: Int, askedLimit: Int?, isFinished: Bool
    ) throws {
        func fields(_ epochs: Int, _ limit: Int?) -> [String] {
            ["epochs=\(epochs)"] + (limit.map { ["max_steps=\($0)"] } ?? [])
        }
        let directory = try TemporaryDirectory()
        try run(directory, fields(epochs, limit), #"{"steps": \#(steps)}"#)
        let asked = try load(directory, fields(askedEpochs, askedLimit))
        #expect((FinishedRun(directory.path, of: asked) != nil) == isFinished)
    }

    /// An ensemble is finished as far as its shortest member is.
    @Test func ensembles() throws {
        let directory = try TemporaryDirectory()
        let members = #"{"members": [{"steps": 40}, {"steps": 25}], "state_sha256": "ab"}"#
        try run(directory, ["ensemble=2", "max_steps=25"], members)
        let same = try load(directory, ["ensemble=2", "max_steps=25"])
        #expect(FinishedRun(directory.path, of: same)?.result["state_sha256"]?.text == "ab")
        #expect(FinishedRun(directory.path, of: try load(directory, ["ensemble=3", "max_steps=25"])) == nil)
        #expect(FinishedRun(directory.path, of: try load(directory, ["ensemble=2", "max_steps=30"])) == nil)
    }

    @Test func otherJobsAndWhatCannotBeRead() throws {
        let directory = try TemporaryDirectory()
        try run(directory, [], #"{"steps": 40}"#)
        let job = try load(directory)
        #expect(FinishedRun(directory.path, of: job) != nil)
        #expect(FinishedRun(directory.path, of: try load(directory, ["checkpoint.keep=9"])) != nil)
        #expect(FinishedRun(directory.path, of: try load(directory, ["seed=2"])) == nil)
        #expect(FinishedRun(directory.file("none"), of: job) == nil)
        for text in ["", "{", "[]", "null", #"{"members": []}"#] {
            try directory.write("result.json", text)
            #expect(FinishedRun(directory.path, of: job) == nil, "\(text)")
        }
        try directory.write("result.json", #"{"steps": 40}"#)
        try File.remove(directory.file("job.json5"))
        #expect(FinishedRun(directory.path, of: job) == nil)
    }
}
