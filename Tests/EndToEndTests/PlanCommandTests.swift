import Configuration
import System
import TestSupport
import Testing

@Suite(.serialized) struct PlanCommandTests {
    private func run(_ more: [String]) throws -> Program.Finished {
        let bench = try Bench(DigitsJob(steps: 10))
        return try Program.run(["plan", bench.config, "--seconds", "0.1"] + more, in: bench.path)
    }

    @Test func json() throws {
        let finished = try run([
            "--workers", "1,2,8", "--bandwidth", "100M", "--latency", "1e-3", "--lanes", "1", "--json",
        ])
        #expect(finished.status == .exited(0), "\(finished.errors)")
        let diagnostics = Diagnostics()
        let plan = try #require(JSON5.parse(finished.output, name: "plan", diagnostics: diagnostics))
        try diagnostics.check()
        #expect(plan["measured"]?["microbatches"] == 4 && plan["measured"]?["samples"] == 128)
        #expect(plan["measured"]?["statistics_exchanges"] == 4)
        #expect(plan["assumed"]?["bandwidth"] == 100_000_000)
        let predictions = try #require(plan["predictions"]?.elements)
        #expect(predictions.map { $0["workers"] } == [1, 2, 8])
        #expect(predictions[0]["efficiency"] == 1)
        for prediction in predictions {
            for name in [
                "ms_per_step", "samples_per_s", "efficiency", "compute_ms", "imbalance_ms", "statistics_ms",
                "gradients_ms",
            ] {
                guard case .number(let number)? = prediction[name]?.kind else {
                    return #expect(Bool(false), "no \(name) in \(prediction)")
                }
                #expect(number.value >= 0)
            }
        }
        #expect(predictions[2]["limit"] == "microbatches", "eight workers, four microbatches")
    }

    @Test func text() throws {
        let finished = try run(["--workers", "2"])
        #expect(finished.status == .exited(0), "\(finished.errors)")
        for words in [
            "exact: 128 samples in 4 microbatches", "4 exchanges of statistics", "links of 1000 Mbit/s",
            "efficiency", "limit",
        ] {
            #expect(finished.output.contains(words), "\(finished.output)")
        }
    }

    @Test(arguments: [
        (["--workers", "2,x"], "--workers 2,x is no list"), (["--workers", ""], "--workers  is no list"),
        (["--workers", "0"], "--workers 0 is no list"),
        (["--bandwidth", "fast"], "--bandwidth fast is no number"),
        (["--bandwidth", "1"], "from 1k to 10000G"), (["--latency", "-1"], "--latency must be"),
        (["--lanes", "0"], "--lanes must be"),
        (["more"], "more"),
    ])
    func mistakes(words: [String], text: String) throws {
        let finished = try run(words)
        #expect(finished.status == .exited(64))
        #expect(finished.errors.contains(text), "\(finished.errors)")
    }

    /// k-means has no such steps.
    @Test func otherTasks() throws {
        let finished = try Program.run(
            ["plan", Path.join(Repository.path, "config/digits-kmeans.json5")], in: "/tmp")
        #expect(finished.status == .exited(64))
        #expect(finished.errors.contains("predicts steps of gradient descent alone"), "\(finished.errors)")
    }
}
