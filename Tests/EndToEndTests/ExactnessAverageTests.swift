import Platform
import System
import Testing

extension Exactness {
    /// Jobs that evaluate a running average of the parameters: its pieces lie with the owners of shards, and
    /// before an evaluation they travel to all members.
    @Suite struct Average {
        /// An epoch has 12 steps, the job 30.
        static let job: DigitsJob = {
            var job = DigitsJob(microbatches: 8)
            job.more = "ema: 0.9, early_stopping: {monitor: \"validation.loss\", patience: 50},"
            return job
        }()

        @Test func workersAndLanes() throws {
            let bench = try Bench(Self.job)
            let quiet = try bench.quiet()
            for (workers, lanes) in [(1, 2), (3, 1), (5, 1)] {
                #expect(try bench.bits("w\(workers)", workers: workers, lanes: lanes) == quiet, "\(workers)")
            }
            let sockets = try bench.run("sockets", workers: 3, [], Exactness.socketsAlone)
            #expect(try Bits(sockets, bench.runDirectory("sockets")) == quiet, "\(sockets.errors)")
        }

        /// Deaths in a step, in an evaluation while the average is gathered, and behind a boundary.
        @Test(arguments: [
            "rank1:backward:17:kill:1", "rank2:evaluation:24:kill:1",
            "rank0:update:14:kill:1,rank1:evaluation:24:kill:2",
        ])
        func membersKilled(fault: String) throws {
            let bench = try Bench(Self.job)
            let quiet = try bench.quiet()
            let finished = try bench.run("run", workers: 3, ["--restarts", "0"], fault: fault)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(field("recoveries", in: finished.output) != "0")
            #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
        }

        @Test(arguments: ["coordinator:step:17:kill", "coordinator:evaluation:24:kill"])
        func coordinatorKilled(fault: String) throws {
            let bench = try Bench(Self.job)
            let quiet = try bench.quiet()
            let killed = try bench.run("killed", workers: 3, fault: fault)
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            let resumed = try bench.run("killed", workers: 2, ["--resume"])
            #expect(try Bits(resumed, bench.runDirectory("killed")) == quiet, "\(resumed.errors)")
        }

        /// A trained model answers by the average: `evaluate` finds what the last line of the metrics
        /// has.
        @Test func isTheModelThatIsUsed() throws {
            let bench = try Bench(Self.job)
            let finished = try bench.run("run", workers: 2)
            let evaluated = try Program.run(
                ["evaluate", bench.runDirectory("run") + "/checkpoints/step-00000030", "--json"],
                in: bench.path)
            #expect(evaluated.status == .exited(0), "\(evaluated.errors)")
            let trained = try #require(finished.output.split(separator: "\"validation\"").dropFirst().first)
            let loss = try #require(field("loss", in: String(trained)))
            #expect(evaluated.output.contains(loss), "\(evaluated.output) has \(loss)")
        }
    }
}
