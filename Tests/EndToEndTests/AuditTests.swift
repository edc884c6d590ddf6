import System
import Testing

extension Exactness {
    /// A worker that computes wrongly is found, named and sent away, and the result is as if it had not been
    /// there.
    @Suite struct Audit {
        private static let convolutional = {
            var job = DigitsJob(microbatches: 8)
            job.stem =
                "{conv: 16, kernel: 3, padding: \"same\", batch_norm: true, activation: \"relu\"}, "
                + "{conv: 16, kernel: 3, padding: \"same\"}, {max_pool: 2}, {conv: 4, kernel: 3}, "
                + "\"flatten\", {dropout: 0.2},"
            job.augment = "{random_crop: {padding: 1}, rotation: 10}"
            return job
        }()

        /// Worker 2 has computed wrongly in step 20, is named and sent away.
        private func expectDismissal(_ log: EventLog) throws {
            let convicted = try log.events("audit_convicted").map {
                [$0.integer("worker"), $0.integer("step")]
            }
            #expect(convicted == [[2, 20]], "\(log.text)")
        }

        /// Whatever a job does, another worker computes the same.
        @Test(arguments: [DigitsJob(microbatches: 8), convolutional], [2, 3])
        func nobodyIsWrong(_ job: DigitsJob, workers: Int) throws {
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            let finished = try bench.run("run", workers: workers, ["--audit", "1"])
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
            // In each of 30 steps all 8.
            let passed = try bench.log("run").events("audit_passed").map { $0.integer("microbatches") }
            #expect(passed == [240], "\(finished.errors)")
            #expect(field("recoveries", in: finished.output) == "0")
        }

        /// A bit of one gradient, once: the one that audits it and the one itself, asked again, agree.
        /// Between machines and in their own memory.
        @Test(arguments: [("1", 2), ("0", 3)])
        func oneBit(sharedMemory: String, workers: Int) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let environment = [
                "DIST_TRAIN_FAULT": "rank1:contribution:19:flip:1", "DIST_TRAIN_SHARED_MEMORY": sharedMemory,
            ]
            let audited = try bench.run(
                "audited", workers: workers, ["--audit", "0.1", "--restarts", "0"], environment)
            #expect(audited.status == .exited(0), "\(audited.errors)")
            #expect(try Bits(audited, bench.runDirectory("audited")) == quiet)
            let disputed = try #require(
                bench.log("audited").events("audit_disputed").first, "\(audited.errors)")
            #expect(disputed.integer("step") == 20)
            #expect(disputed.text("place")?.hasPrefix("in the gradient of `") == true, "\(disputed)")
            try expectDismissal(bench.log("audited"))
            let isToldWhy = try bench.log("audited").has("process_ended") {
                $0.text("last_words")?.holds("this machine computed wrongly in step 20") == true
            }
            #expect(isToldWhy, "\(audited.errors)")

            // Without an audit, nobody notices.
            let spoilt = try bench.run("spoilt", workers: workers, ["--restarts", "0"], environment)
            #expect(spoilt.status == .exited(0), "\(spoilt.errors)")
            #expect(field("state_sha256", in: spoilt.output) != quiet.hash)
        }

        /// A gradient that is no number any more spoils the next step for everybody, which is not the job's
        /// fault.
        @Test(arguments: [2, 3])
        func noNumber(workers: Int) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let fault = "rank1:contribution:19:burst:1"
            let audited = try bench.run(
                "audited", workers: workers, ["--audit", "0.1", "--restarts", "0"], fault: fault)
            #expect(audited.status == .exited(0), "\(audited.errors)")
            #expect(try Bits(audited, bench.runDirectory("audited")) == quiet)
            try expectDismissal(bench.log("audited"))

            let spoilt = try bench.run("spoilt", workers: workers, ["--restarts", "0"], fault: fault)
            #expect(spoilt.status == .exited(1), "\(spoilt.errors)")
            let failed = try #require(bench.log("spoilt").events("run_failed").last, "\(spoilt.errors)")
            #expect(failed.isBecause("the loss became NaN in step 21: layer `"))
            #expect(failed.isBecause("lower the learning rate"))
        }

        /// One that is wrong whenever it is asked is outvoted by two others. With one other, nobody can tell
        /// who is wrong; nothing is spoilt, and a third one decides.
        @Test(arguments: [3, 2])
        func wrongAgain(workers: Int) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let faults = "rank1:contribution:19:flip:1,rank1:contribution:19:flip:2"
            let finished = try bench.run(
                "run", workers: workers, ["--audit", "0.1", "--restarts", "0"], fault: faults)
            if workers > 2 {
                #expect(finished.status == .exited(0), "\(finished.errors)")
                #expect(try Bits(finished, bench.runDirectory("run")) == quiet)
                try expectDismissal(bench.log("run"))
            } else {
                #expect(finished.status == .exited(1), "\(finished.errors)")
                let failed = try #require(bench.log("run").events("run_failed").last, "\(finished.errors)")
                #expect(failed.isBecause("it cannot be told which one is wrong. Test both machines"))
                #expect(try bench.bits("run", workers: 3, ["--resume", "--audit", "0.1"]) == quiet)
            }
        }

        @Test func whatCannotBeAudited() throws {
            let bench = try Bench(DigitsJob())
            for (value, complaint) in [
                ("1.5", "--audit must be a number from 0.0 to 1.0"), ("x", "found `x`"),
            ] {
                let finished = try bench.run("run", workers: 1, ["--audit", value])
                #expect(
                    finished.status == .exited(64) && finished.errors.contains(complaint),
                    "\(finished.errors)")
            }
            let alone = try bench.run("alone", workers: 1, ["--audit", "1"])
            #expect(alone.status == .exited(0), "\(alone.errors)")
            #expect(try bench.log("alone").has("audit_impossible"), "\(alone.errors)")
        }
    }
}
