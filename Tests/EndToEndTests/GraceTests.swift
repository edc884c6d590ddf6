import Platform
import System
import TestSupport
import Testing

extension Exactness {
    /// A signal asks a process to end, and no step boundary comes: it ends all the same, with the newest
    /// snapshot on the disk, and the run that goes on gives the quiet bits.
    @Suite struct GraceTests {
        private static let job = DigitsJob(checkpointEvery: "1000", logEvery: 1)
        private static let line = ["--resume=auto", "--exit-code-when-asked", "75", "--grace", "2"]

        /// Starts the line and returns once a step hangs, before which `steps` are done.
        private func hanging(
            _ bench: Bench, workers: Int, after steps: Int, _ fault: String, _ more: [String] = []
        ) throws -> ChildProcess {
            let process = try Program.start(
                bench.arguments("run", workers: workers, Self.line + more), in: bench.path,
                bench.environment(["DIST_TRAIN_FAULT": fault]))
            expectLine(ofStep: steps, in: bench.runDirectory("run"), of: process)
            return process
        }

        /// Waits until a step is done.
        private func expectLine(ofStep step: Int, in directory: String, of process: ChildProcess) {
            let path = Path.join(directory, "metrics.jsonl")
            let hasCome = eventually(within: 30) {
                (try? File.readText(path, limit: 1 << 24))?.contains("\"step\":\(step),") == true
            }
            #expect(hasCome, "\(process.standardError())")
        }

        private func expectQuietBits(_ bench: Bench, workers: Int) throws {
            let resumed = try bench.run("run", workers: workers, Self.line)
            resumed.expect(status: 0)
            #expect(try Bits(resumed, bench.runDirectory("run")) == bench.quiet())
        }

        /// One worker hangs in a step, or is frozen; it would be so for ever.
        @Test(arguments: ["hang", "stop"], [false, true])
        func aStepThatDoesNotEnd(how: String, isWholeGroupAsked: Bool) throws {
            let bench = try Bench(Self.job)
            let patience = ["--peer-timeout", "3600"]
            let run = try hanging(bench, workers: 2, after: 15, "rank1:backward:15:\(how)", patience)
            defer { run.terminate() }
            if isWholeGroupAsked {
                for worker in try Processes.children(of: run.processID) { kill(worker, SIGTERM) }
            }
            run.send(SIGTERM)
            let end = try Program.finish(run, seconds: 60)
            #expect(end.status == .exited(75), "\(end.errors)")
            #expect(bench.leftovers() == [])
            let log = bench.log("run")
            let stopped = try #require(log.events("run_stopped").last?.integer("step"), "\(log.text)")
            #expect((12...15).contains(stopped), "the snapshot of the epoch's end, or a later one")
            if !isWholeGroupAsked {
                #expect(try log.events("boundary_given_up").map { $0.integer("step") } == [stopped])
            }
            #expect(try log.has("checkpoint_written") { $0.integer("step") == stopped })
            try expectQuietBits(bench, workers: 2)
            #expect(try log.events("run_resumed").map { $0.integer("step") } == [stopped])
        }

        @Test func beforeTheFirstSnapshot() throws {
            let bench = try Bench(Self.job)
            let rarely = ["--snapshot-interval", "1000"]
            let run = try hanging(bench, workers: 1, after: 3, "rank0:forward:3:hang", rarely)
            defer { run.terminate() }
            run.send(SIGTERM)
            let end = try Program.finish(run, seconds: 60)
            #expect(end.status == .exited(75), "\(end.errors)")
            #expect(try bench.log("run").events("run_stopped").last?.integer("step") == 0)
            try expectQuietBits(bench, workers: 1)
        }

        /// The writing of the checkpoint hangs, as on a network file system whose server is gone.
        @Test func aDiskThatDoesNotAnswer() throws {
            let bench = try Bench(Self.job)
            let run = try hanging(
                bench, workers: 2, after: 3,
                "rank0:forward:3:hang,coordinator:checkpoint-begun:0:hang", ["--snapshot-interval", "1000"])
            defer { run.terminate() }
            run.send(SIGTERM)
            let end = try Program.finish(run, seconds: 60)
            #expect(end.status == .exited(1), "\(end.errors)")
            #expect(end.errors.holds("no checkpoint within the grace period"), "\(end.errors)")
            #expect(bench.leftovers() == [])
            try expectQuietBits(bench, workers: 2)
        }

        /// A worker that was started by itself leaves, and the others go on without it.
        @Test func aWorkerInAStepThatDoesNotEnd() throws {
            let run = try ByHand(Self.job)
            let coordinator = try run.coordinator(["--peer-timeout", "3600"])
            let log = try run.log(of: coordinator)
            let options = ["--exit-code-when-asked", "75", "--grace", "2"]
            let worker = try run.worker(options, fault: "rank0:backward:7:hang")
            try log.wait(for: "generation_started", from: coordinator)
            expectLine(ofStep: 7, in: run.runDirectory, of: coordinator)
            worker.send(SIGTERM)
            let end = try Program.finish(worker, seconds: 60)
            #expect(end.status == .exited(75), "\(end.errors)")
            #expect(try run.log(of: worker).has("session_left_within_step"))
            let other = try run.worker()
            #expect(try run.bits(coordinator) == run.bench.quiet())
            try expectGoodEnd(other)
        }

        /// Workers of a coordinator that gives up a boundary leave too, in the middle of their steps. (Those
        /// of one with --resume=auto would look for it again.)
        @Test func workersOfACoordinatorThatIsAsked() throws {
            let run = try ByHand(Self.job)
            let line = ["--exit-code-when-asked", "75", "--grace", "2"]
            let coordinator = try run.coordinator(line + ["--peer-timeout", "3600", "--min-workers", "2"])
            let workers = try ["rank0:backward:13:hang,rank1:backward:13:hang", ""].map {
                try run.worker(["--grace", "2"], fault: $0)
            }
            expectLine(ofStep: 13, in: run.runDirectory, of: coordinator)
            coordinator.send(SIGTERM)
            let end = try Program.finish(coordinator, seconds: 60)
            #expect(end.status == .exited(75), "\(end.errors)")
            for worker in workers { try expectGoodEnd(worker, seconds: 60) }
            let again = try run.bench.run("run", workers: 2, ["--resume"])
            again.expect(status: 0)
            #expect(try Bits(again, run.runDirectory) == run.bench.quiet())
        }
    }
}
