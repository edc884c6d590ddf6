import Platform
import System
import Testing

extension Exactness {
    /// Jobs that decide on their way, among real processes.
    @Suite struct DecisionRules {
        /// An epoch has 12 steps. The loss never falls by 5 from one epoch to the next, so the job ends with
        /// its second one.
        static var job: DigitsJob {
            var job = DigitsJob(microbatches: 8)
            job.more = "early_stopping: {patience: 1, minimum_delta: 5},"
            return job
        }

        @Test(arguments: [
            "coordinator:decision:12:kill", "coordinator:decision:24:kill", "coordinator:evaluation:24:kill",
            "coordinator:finish:24:kill",
        ])
        func killedAroundADecision(fault: String) throws {
            let bench = try Bench(Self.job)
            let quiet = try bench.quiet()
            let killed = try bench.run("killed", workers: 3, fault: fault)
            #expect(killed.status != .exited(0), "\(killed.errors)")
            #expect(bench.leftovers() == [])
            let resumed = try bench.run("killed", workers: 2, ["--resume"])
            #expect(resumed.status == .exited(0), "\(resumed.errors)")
            #expect(try Bits(resumed, bench.runDirectory("killed")) == quiet)
            #expect(resumed.output.contains("\"steps\": 24"), "\(resumed.output)")
            #expect(resumed.output.contains("\"stopped_early\": true"))
        }

        /// With a penalty on the weights an epoch's line waits for its snapshot, and so does what is decided;
        /// the learning rate falls after each of them.
        @Test func plateauWithPenalty() throws {
            var job = DigitsJob(microbatches: 8)
            job.more =
                "schedule: {reduce_on_plateau: {patience: 0, threshold: 0.9, factor: 0.5}}, "
                + "regularization: {l2: 1e-3},"
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            #expect(
                quiet.metrics.contains {
                    $0.contains("\"step\":30") && $0.contains("\"learning_rate\":0.0015")
                }, "\(quiet.metrics)")
            #expect(try bench.bits("three", workers: 3) == quiet)
            let killed = try bench.run("killed", workers: 2, fault: "coordinator:step:27:kill")
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            #expect(try bench.bits("killed", workers: 3, ["--resume"]) == quiet)
        }

        /// A run that has stopped early is at its end: resuming it gives the result again.
        @Test func finishedRuns() throws {
            let bench = try Bench(Self.job)
            let first = try bench.bits("run", workers: 2)
            #expect(
                first.metrics.last { $0.contains("\"step\":24") && $0.contains("\"train\"") }?.contains(
                    "\"stopped_early\":true") == true)
            #expect(try bench.bits("run", workers: 1, ["--resume"]) == first)
        }

        /// The first evaluation is the best by this measure; later checkpoints do not crowd it out, over a
        /// resume too.
        @Test func bestIsKept() throws {
            var job = DigitsJob(microbatches: 8)
            job.checkpointEvery = #"5, best: {monitor: "validation.loss", mode: "max"}"#
            let bench = try Bench(job)
            let options = ["--set", "checkpoint.keep=1"]
            let killed = try bench.run("run", workers: 2, options, fault: "coordinator:step:27:kill")
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            let finished = try bench.run("run", workers: 3, options + ["--resume"])
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("run")) == bench.quiet())
            let list = try Program.run(["checkpoint", "list", bench.runDirectory("run")], in: bench.path)
                .output
            let lines = list.split(separator: "\n").map(String.init)
            #expect(lines.count == 2, "\(list)")
            #expect(lines.first?.contains("step-00000030  (last)") == true, "\(list)")
            #expect(lines.last?.contains("step-00000012  (best)") == true, "\(list)")
            #expect(finished.output.contains("\"step\": 12"), "\(finished.output)")
        }
    }
}
