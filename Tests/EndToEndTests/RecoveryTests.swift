import Platform
import System
import Testing

extension Exactness {
    /// Workers that die or freeze in the midst of a run, which goes on without them and gives the same bits.
    @Suite struct Recovery {
        struct Death: CustomStringConvertible {
            var fault: String
            var workers = 2
            var recoveries = 1
            var description: String { "\(fault), \(workers) workers" }
        }

        /// An epoch of the job has 12 steps, the job 30. Generation 1 alone, so that who takes over the rank
        /// is spared.
        static let deaths: [Death] = {
            let phases = [
                "data:17", "forward:17", "statistics:17", "backward:17", "contribution:17", "gradients:17",
                "update:17", "waiting:17",
                "snapshot:12",
                "evaluation:12", "evaluation:30",
            ]
            let oneOfTwo = phases.enumerated().map { Death(fault: "rank\($0 % 2):\($1):kill:1") }
            let others = [
                Death(fault: "rank0:forward:0:kill:1"),
                Death(fault: "rank1:backward:25:kill:1", workers: 3),
                Death(fault: "rank2:evaluation:24:kill:1", workers: 3),
                // All but one, in the same step and one after the other.
                Death(fault: "rank1:forward:17:kill:1,rank2:backward:17:kill:1", workers: 3, recoveries: 1),
                Death(
                    fault: "rank0:update:14:kill:1,rank0:forward:18:kill:2,rank1:snapshot:24:kill:3",
                    workers: 4, recoveries: 3),
                // In the re-form itself.
                Death(fault: "rank1:backward:17:kill:1,rank0:form:12:kill:2", workers: 3, recoveries: 1),
            ]
            guard isThorough else { return oneOfTwo + others }
            return others
                + phases.flatMap { phase in
                    [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)].map {
                        Death(fault: "rank\($1):\(phase):kill:1", workers: $0)
                    }
                }
        }()

        private static func isKilled(_ event: EventLog.Event) -> Bool {
            event.text("status") == "was killed by SIGKILL"
        }

        @Test(arguments: deaths)
        func theLivingGoOn(_ death: Death) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let finished = try bench.run(
                "run", workers: death.workers, ["--restarts", "0"], fault: death.fault)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
            #expect(try bench.log("run").has("worker_lost"), "\(finished.errors)")
            #expect(try bench.log("run").has("process_ended", where: Self.isKilled), "\(finished.errors)")
            // When two members die together, the second death may be seen before the next generation has
            // formed, or after.
            let recoveries = field("recoveries", in: finished.output).flatMap { Int($0) } ?? -1
            #expect((1...death.recoveries + 1).contains(recoveries), "\(finished.output)")
            #expect(bench.leftovers() == [])
        }

        /// The other member gets the first half of a frame of gradients and no more, encrypted or not.
        @Test(arguments: [0, 1], [[], ["--plaintext"]]) func inTheMidstOfAFrame(
            rank: Int, protection: [String]
        ) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let finished = try bench.run(
                "run", workers: 2, ["--restarts", "0"] + protection, socketsAlone,
                fault: "rank\(rank):frame:17:kill:1")
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
            #expect(try bench.log("run").has("process_ended", where: Self.isKilled), "\(finished.errors)")
            #expect(bench.leftovers() == [])
        }

        /// Rules that decide, and an epoch's line that waits for a snapshot.
        @Test(arguments: [
            "rank1:decision:12:kill:1", "rank0:decision:24:kill:1", "rank0:snapshot:24:kill:1",
            "rank1:evaluation:24:kill:1",
        ])
        func aroundADecision(fault: String) throws {
            var job = DigitsJob(microbatches: 8)
            job.more = "early_stopping: {patience: 1, minimum_delta: 5}, regularization: {l2: 1e-3},"
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            let finished = try bench.run("run", workers: 3, ["--restarts", "0"], fault: fault)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
            #expect(finished.output.contains("\"stopped_early\": true"))
        }

        /// `run` starts a worker again, before training has begun and in its midst.
        @Test(arguments: [
            "rank0:forward:17:kill:1", "rank0:form:0:kill:1",
            "rank0:evaluation:12:kill:1,rank0:data:13:kill:2",
        ])
        func runStartsWorkersAgain(fault: String) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let finished = try bench.run("run", workers: 1, fault: fault)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try bench.log("run").has("process_replaced"), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
            #expect(bench.leftovers() == [])
        }

        /// If every worker dies at the same place, the run gives up by name, and a resume gives the same
        /// bits.
        @Test func withNoWorkerLeftARunEnds() throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let finished = try bench.run(
                "run", workers: 2, ["--restarts", "1"], fault: "rank0:backward:17:kill")
            #expect(finished.status == .exited(1), "\(finished.errors)")
            let failed = try #require(bench.log("run").events("run_failed").last, "\(finished.errors)")
            #expect(failed.isBecause("no worker is left; the first one to die: a worker process "))
            #expect(try bench.log("run").has("process_ended", where: Self.isKilled), "\(finished.errors)")
            #expect(bench.leftovers() == [])
            #expect(try bench.bits("run", workers: 2, ["--resume"]) == quiet)
        }

        /// A coordinator whose workers all die waits for another one, which goes on.
        @Test func allDieAndAnotherOneComes() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2"])
            let fault = "rank0:waiting:20:kill,rank1:forward:20:kill"
            let workers = [try hands.worker(fault: fault), try hands.worker(fault: fault)]
            for worker in workers { #expect(try Program.finish(worker).status == .killed(signal: SIGKILL)) }
            let another = try hands.worker()
            #expect(try hands.bits(coordinator) == quiet)
            try expectGoodEnd(another)
        }

        /// A worker that dies before it takes part, while another one trains, changes nothing.
        @Test(arguments: ["worker:handshake:0:kill", "worker:data:0:kill", "worker:prepared:0:kill"])
        func aLateWorkerThatDiesChangesNothing(fault: String) throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--peer-timeout", "120"])
            let first = try hands.worker(fault: "rank0:forward:17:stop")
            try Processes.waitUntilStopped(first)
            let late = try hands.worker(fault: fault)
            #expect(try Program.finish(late).status == .killed(signal: SIGKILL))
            try hands.log(of: coordinator).wait(for: "worker_joined", from: coordinator) {
                $0.integer("worker") == 2
            }
            first.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            try expectGoodEnd(first)
        }

        /// A worker that sleeps for longer than the timeout counts as dead; when it wakes it is told so,
        /// joins anew, and does the rest alone, because the other one dies.
        @Test(arguments: ["forward", "waiting", "frame"])
        func aSleeperJoinsAnew(phase: String) throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "1"])
            // Whoever becomes rank 1 sleeps, and the other one dies without it. Memory that they shared would
            // need no frames of gradients.
            let fault = "rank1:\(phase):17:stop:1,rank0:forward:20:kill:2"
            let variables = phase == "frame" ? socketsAlone : [:]
            let workers = [
                try hands.worker([], variables, fault: fault), try hands.worker([], variables, fault: fault),
            ]
            try hands.log(of: coordinator).wait(for: "worker_lost", from: coordinator) {
                $0.isBecause("nothing was heard of it")
            }
            let sleeper = try #require(workers.first { Processes.state($0.processID) == "T" })
            let other = try #require(workers.first { $0 !== sleeper })
            #expect(try Program.finish(other).status == .killed(signal: SIGKILL))
            sleeper.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            #expect(
                try hands.log(of: sleeper).has("session_rejoining") {
                    $0.isBecause("the coordinator went on without this worker: nothing was heard")
                })
            try expectGoodEnd(sleeper)
        }

        /// A coordinator that sleeps: its workers, which wait for a decision, look for it, and are there
        /// again when it wakes.
        @Test(.enabled(if: isThorough, takesLong)) func aSleepingCoordinator() throws {
            var job = DigitsJob()
            job.more = "early_stopping: {patience: 5, minimum_delta: 0},"
            let hands = try ByHand(job)
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(
                ["--min-workers", "2", "--peer-timeout", "0.5"], fault: "coordinator:step:5:stop")
            let workers = [try hands.worker(), try hands.worker()]
            for worker in workers { try hands.log(of: worker).wait(for: "coordinator_lost", from: worker) }
            coordinator.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            for worker in workers { try expectGoodEnd(worker) }
        }

        /// The heart beats on, but the computing stands still: named, and treated as a death. Waits for long,
        /// because patience with computing is long.
        @Test(.enabled(if: isThorough, takesLong)) func aHangIsADeath() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "0.5"])
            let fault = "rank1:forward:17:hang:1"
            let workers = [try hands.worker(fault: fault), try hands.worker(fault: fault)]
            try hands.log(of: coordinator).wait(for: "worker_lost", from: coordinator, seconds: 60) {
                $0.isBecause("it hangs: for ")
            }
            #expect(try hands.bits(coordinator) == quiet)
            for worker in workers { worker.send(SIGKILL) }
        }

        /// SIGUSR1 writes a checkpoint in the midst of an epoch.
        @Test func aCheckpointOnDemand() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--peer-timeout", "120"])
            let worker = try hands.worker(fault: "rank0:forward:17:stop,rank0:forward:22:stop")
            try Processes.waitUntilStopped(worker)
            coordinator.send(SIGUSR1)
            let log = try hands.log(of: coordinator)
            try log.wait(for: "checkpoint_requested", from: coordinator)
            worker.send(SIGCONT)
            // A disk that is slower than the training would get none but the last.
            try log.wait(for: "checkpoint_written", from: coordinator) { $0.flag("requested") == true }
            let list = try Program.run(["checkpoint", "list", hands.runDirectory], in: hands.bench.path)
                .output
            #expect(
                (17...22).contains { list.contains("step-000000\($0)") }, "in the midst of an epoch: \(list)")
            try Processes.waitUntilStopped(worker)
            worker.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
        }

        /// A worker that gets a quarter of a core gets less of the work, and the bits stay. Waits until
        /// speeds have been measured.
        @Test(.enabled(if: isThorough, takesLong)) func aSlowWorkerGetsLess() throws {
            var job = Self.mixedJobs[0]
            (job.batch, job.microbatches, job.steps) = (256, 32, 6000)
            let hands = try ByHand(job)
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "5"])
            let workers = [try hands.worker(), try hands.worker()]
            while coordinator.exitStatus() == nil {
                workers[1].send(SIGSTOP)
                Clock.sleep(seconds: 0.03)
                workers[1].send(SIGCONT)
                Clock.sleep(seconds: 0.01)
            }
            #expect(try hands.bits(coordinator) == quiet)
            #expect(try hands.log(of: coordinator).has("work_shared"))
            for worker in workers { try expectGoodEnd(worker) }
        }

        /// Jobs with all that bits depend on most: batch norm, dropout, augmentation, momentum, a penalty.
        static var mixedJobs: [DigitsJob] {
            var dropout = DigitsJob(batch: 64, microbatches: 8, steps: 500)
            dropout.stem = "\"flatten\", {dropout: 0.2},"
            dropout.augment = "{random_crop: {padding: 1}, rotation: 10}"
            var convolution = DigitsJob(
                batch: 100, microbatches: 4, optimizer: "{sgd: {learning_rate: 0.05, momentum: 0.9}}",
                steps: 300)
            convolution.stem = DigitsJob.convolution
            convolution.more =
                "regularization: {l2: 1e-4}, "
                + "schedule: {reduce_on_plateau: {patience: 0, threshold: 0.9, factor: 0.5}},"
            return [dropout, convolution]
        }

        /// Workers of `run` are killed at random moments, with jobs on images and on sequences; so is none of
        /// the bits. The long form has 200 kills.
        @Test func randomKills() throws {
            let jobs: [any ExactJob] = Self.mixedJobs + [SequencesJob(steps: 600)]
            let kills = isThorough ? 200 : 12
            var (done, round) = (0, 0)
            while done < kills {
                let bench = try Bench(jobs[round % jobs.count])
                let quiet = try bench.quiet()
                let run = try Program.start(
                    bench.arguments("run", workers: 2 + round % 2, ["--restarts", "1000"]), in: bench.path,
                    bench.environment())
                defer { run.terminate() }
                done += try Processes.killChildren(of: run, times: 4)
                let finished = try Program.finish(run, seconds: 120)
                #expect(finished.status == .exited(0), "\(finished.errors)")
                #expect(try Bits(finished, bench.runDirectory("run")) == quiet, "\(finished.errors)")
                round += 1
            }
        }
    }
}
