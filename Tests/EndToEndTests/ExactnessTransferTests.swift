import Platform
import System
import TestSupport
import Testing

extension Exactness {
    /// Fine-tuning among real processes: frozen tensors reach the workers and the checkpoints, and workers
    /// read no file.
    @Suite struct FineTuning {
        @Test func fromARun() throws {
            let first = try Bench(DigitsJob(steps: 12))
            _ = try first.bits("first", workers: 2)
            var job = DigitsJob(microbatches: 8, steps: 14)
            job.more =
                "weights: {file: \"\(first.runDirectory("first"))\", skip: [\"dense3\"]}, "
                + "freeze: [\"dense1\", \"dense1.bn\", \"dense2\"],"
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            #expect(try bench.bits("three", workers: 3) == quiet)
            let killed = try bench.run("killed", workers: 2, fault: "coordinator:step:13:kill")
            #expect(killed.status != .exited(0))
            #expect(try bench.bits("killed", workers: 1, ["--resume"]) == quiet)
        }

        /// Adapters are trained beside the network of a run, and exported as a part of its weights.
        @Test func adapters() throws {
            let first = try Bench(DigitsJob(steps: 12))
            _ = try first.bits("first", workers: 2)
            var job = DigitsJob(microbatches: 8, steps: 14)
            job.more =
                "weights: {file: \"\(first.runDirectory("first"))\"}, "
                + "lora: {rank: 4, alpha: 8, on: [\"dense1\", \"dense2\"]},"
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            #expect(try bench.bits("three", workers: 3) == quiet)
            let killed = try bench.run("killed", workers: 2, fault: "coordinator:step:13:kill")
            #expect(killed.status != .exited(0))
            #expect(try bench.bits("killed", workers: 1, ["--resume"]) == quiet)
            let file = bench.directory.file("merged.safetensors")
            let exported = try Program.run(
                ["export", bench.runDirectory("three"), "--safetensors", file], in: bench.path)
            #expect(exported.status == .exited(0), "\(exported.errors)")
            var whole = DigitsJob(steps: 1)
            whole.more = "weights: \"\(file)\","
            _ = try Bench(whole).bits("whole", workers: 1)
        }

        /// Adapters of all attentions of a run's network: the same bits with one member, three and five, and
        /// after deaths. The exported weights give the loss that the run had.
        @Test func adaptersOfAttention() throws {
            let first = try Bench(SequencesJob(steps: 22))
            _ = try first.bits("first", workers: 2)
            var job = SequencesJob(steps: 33)
            job.optimizer = "{adam: {learning_rate: 0.3}}"
            job.more =
                "weights: {file: \"\(first.runDirectory("first"))\"}, "
                + "lora: {rank: 4, alpha: 8, on: [\"attention\"]},"
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            for (workers, lanes) in [(1, 2), (3, 1), (5, 1)] {
                #expect(try bench.bits("w\(workers)", workers: workers, lanes: lanes) == quiet, "\(workers)")
            }
            let deaths = "rank1:backward:17:kill:1,rank0:update:25:kill:2"
            let recovered = try bench.run("recovered", workers: 3, ["--restarts", "0"], fault: deaths)
            #expect(field("recoveries", in: recovered.output) == "2", "\(recovered.errors)")
            #expect(try Bits(recovered, bench.runDirectory("recovered")) == quiet)
            let killed = try bench.run("killed", workers: 2, fault: "coordinator:step:13:kill")
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            let resumed = try bench.run("killed", workers: 1, ["--resume"])
            #expect(try Bits(resumed, bench.runDirectory("killed")) == quiet)

            func validationLoss(_ output: String) throws -> Double {
                let part = try #require(output.split(separator: "\"validation\"").dropFirst().first)
                return try #require(field("loss", in: String(part)).flatMap(Double.init))
            }
            let merged = bench.directory.file("merged.safetensors")
            let last = Path.join(bench.runDirectory("w3"), "checkpoints/step-00000033")
            let exported = try Program.run(["export", last, "--safetensors", merged], in: bench.path)
            #expect(exported.status == .exited(0), "\(exported.errors)")
            // A step that changes next to nothing.
            func loss(_ weights: String) throws -> Double {
                var whole = SequencesJob(steps: 1)
                whole.optimizer = "{sgd: {learning_rate: 1e-30}}"
                whole.more = "weights: \"\(weights)\","
                let bench = try Bench(whole)
                let finished = try bench.run("whole", workers: 1)
                #expect(finished.status == .exited(0), "\(finished.errors)")
                return try validationLoss(finished.output)
            }
            let adapted = try validationLoss(resumed.output)
            #expect(abs(try loss(merged) - adapted) < 1e-6)
            #expect(abs(try loss(first.runDirectory("first")) - adapted) > 0.01, "adapters have changed it")
        }

        @Test func weightsThatDoNotFitLeaveNoRun() throws {
            let first = try Bench(DigitsJob(steps: 1))
            _ = try first.bits("first", workers: 1)
            var job = DigitsJob(steps: 1)
            job.more = "weights: \"\(first.runDirectory("first"))\","
            let bench = try Bench(job)
            _ = try bench.directory.write("job.json5", job.text.replacing("{dense: 24,", with: "{dense: 23,"))
            let run = try bench.run("run", workers: 1)
            #expect(run.status == .exited(1), "\(run.errors)")
            #expect(run.errors.contains("of another shape or type: dense2.weight"), "\(run.errors)")
            #expect(!File.exists(bench.runDirectory("run")))
        }
    }
}
