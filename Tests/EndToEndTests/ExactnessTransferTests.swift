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
