import Platform
import System
import Testing

extension Exactness {
    /// Coordinator and workers as separate commands; workers that come late, leave, wait, or lose their
    /// coordinator.
    @Suite struct WorkersByHand {
        /// Nobody may be taken for dead because a fault point has stopped it.
        static let patient = ["--peer-timeout", "120"]

        @Test func sameAsRun() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2"])
            let workers = [try hands.worker(), try hands.worker()]
            #expect(try hands.bits(coordinator) == quiet)
            for worker in workers { try expectGoodEnd(worker) }
            #expect(
                !coordinator.standardError().contains(
                    try File.readText(hands.bench.directory.file("token"), limit: 100).prefix(64)))
        }

        /// The first worker is held in the middle of an epoch until the second one is ready.
        @Test func lateWorkerChangesNothing() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(Self.patient)
            let first = try hands.worker(fault: "rank0:forward:17:stop")
            try Processes.waitUntilStopped(first)
            let late = try hands.worker()
            let log = try hands.log(of: coordinator)
            try log.wait(for: "generation_ending", from: coordinator)
            first.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            let started = try log.events("generation_started").last { $0.integer("workers") == 2 }
            #expect((17...19).contains(started?.integer("step") ?? 0), "\(log.text)")
            try expectGoodEnd(first)
            try expectGoodEnd(late)
        }

        /// The same at an epoch's end, where the evaluation happens in both generations and is written once.
        @Test func lateWorkerAtAnEpochsEnd() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(Self.patient)
            let first = try hands.worker(fault: "rank0:forward:11:stop")
            try Processes.waitUntilStopped(first)
            let late = try hands.worker()
            let log = try hands.log(of: coordinator)
            try log.wait(for: "generation_ending", from: coordinator)
            first.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            let started = try log.events("generation_started").last { $0.integer("workers") == 2 }
            #expect(started?.integer("step") == 12, "\(log.text)")
            try expectGoodEnd(first)
            try expectGoodEnd(late)
        }

        /// A worker that fails before it takes part, here because it cannot keep the data, harms nobody.
        @Test func aLateWorkerThatFailsChangesNothing() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(Self.patient)
            let first = try hands.worker(fault: "rank0:forward:17:stop")
            try Processes.waitUntilStopped(first)
            let late = try hands.worker(["--cache-dir", "/dev/null/cache"])
            try expectRefusal(late, naming: ["/dev/null", "--cache-dir"])
            try hands.log(of: coordinator).wait(for: "worker_lost", from: coordinator) {
                $0.isBecause("it cannot go on: ")
            }
            first.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            try expectGoodEnd(first)
        }

        /// An engine may stop a coordinator alone, for example with its machine, and repeat its line
        /// elsewhere: the workers wait for it.
        @Test func aStoppedCoordinatorIsExpectedAgain() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let line = ["--resume=auto"] + Self.patient
            let first = try hands.coordinator(line)
            let worker = try hands.worker(fault: "rank0:forward:17:stop")
            try Processes.waitUntilStopped(worker)
            first.send(SIGTERM)
            try hands.log(of: first).wait(for: "stop_requested", from: first)
            worker.send(SIGCONT)
            #expect(first.wait(seconds: 60) == .exited(0))
            #expect(try hands.bits(hands.coordinator(line)) == quiet)
            try expectGoodEnd(worker)
        }

        @Test func leavingChangesNothing() throws {
            let hands = try ByHand(DigitsJob(steps: 300))
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2"] + Self.patient)
            let workers = [
                try hands.worker(fault: "rank1:backward:17:stop"),
                try hands.worker(fault: "rank1:backward:17:stop"),
            ]
            let leaver = try stopped(workers)
            leaver.send(SIGTERM)
            leaver.send(SIGCONT)
            try expectGoodEnd(leaver)
            // The minimum is for the beginning: the other one goes on alone.
            #expect(try hands.bits(coordinator) == quiet)
            #expect(try hands.log(of: coordinator).has("worker_left"), "\(coordinator.standardError())")
            for worker in workers { try expectGoodEnd(worker) }
        }

        /// The one of the workers that a fault point has stopped.
        private func stopped(_ workers: [ChildProcess]) throws -> ChildProcess {
            let deadline = Clock.monotonicSeconds() + 30
            while Clock.monotonicSeconds() < deadline {
                if let worker = workers.first(where: { Processes.state($0.processID) == "T" }) {
                    return worker
                }
                Clock.sleep(seconds: 0.005)
            }
            throw Processes.NotStopped(id: 0)
        }

        @Test(arguments: [
            "coordinator:step:20:kill", "coordinator:checkpoint-written:5:kill",
            "coordinator:evaluation:24:kill",
        ])
        func workersRejoinARestartedCoordinator(fault: String) throws {
            let hands = try ByHand(DigitsJob(checkpointEvery: "5"))
            let quiet = try hands.bench.quiet()
            let killed = try hands.coordinator(["--min-workers", "2"], fault: fault)
            let workers = [try hands.worker(), try hands.worker()]
            #expect(try Program.finish(killed).status == .killed(signal: SIGKILL))
            for worker in workers { try hands.log(of: worker).wait(for: "coordinator_lost", from: worker) }
            let restarted = try hands.coordinator(["--min-workers", "2", "--resume"])
            #expect(try hands.bits(restarted) == quiet)
            for worker in workers { try expectGoodEnd(worker) }
        }

        @Test func nobodyRejoinsForever() throws {
            let hands = try ByHand(DigitsJob())
            let killed = try hands.coordinator(fault: "coordinator:step:9:kill")
            let worker = try hands.worker(["--rejoin-timeout", "0.5"])
            #expect(try Program.finish(killed).status == .killed(signal: SIGKILL))
            try expectRefusal(worker, naming: ["no coordinator at 127.0.0.1:\(hands.port)", "--resume"])
        }

        /// V = 2: the third and fourth worker stand by; all end well.
        @Test func spares() throws {
            let hands = try ByHand(DigitsJob(microbatches: 2))
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "4"])
            let workers = try (0..<4).map { _ in try hands.worker() }
            let bits = try hands.bits(coordinator)
            #expect(bits == quiet)
            #expect(field("workers", in: coordinator.standardOutput()) == "2")
            for worker in workers { try expectGoodEnd(worker) }
        }

        @Test func maximumOfWorkers() throws {
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--max-workers", "1"] + Self.patient)
            let first = try hands.worker(fault: "rank0:forward:17:stop")
            try Processes.waitUntilStopped(first)
            let second = try hands.worker()
            try hands.log(of: coordinator).wait(for: "worker_spare", from: coordinator) {
                $0.integer("worker") == 2
            }
            first.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            #expect(field("workers", in: coordinator.standardOutput()) == "1")
            try expectGoodEnd(first)
            try expectGoodEnd(second)
        }
    }
}
