import Platform
import System
import Testing

extension Exactness {
    /// Runs that were killed at a chosen moment and resumed, with another number of workers.
    @Suite struct Resume {
        struct Death: CustomStringConvertible {
            var fault: String
            var every: String
            var before: Int
            var after: Int
            /// Checkpoints are written beside the training, so a death at a step may come before the one that
            /// is due.
            var hasCheckpoint: Bool { fault.contains("checkpoint-written") }
            var description: String { "\(fault), checkpoint.every \(every), \(before) then \(after) workers" }
        }

        /// An epoch of the job has 12 steps, the job 30.
        static let deaths: [Death] = {
            let few = [
                Death(fault: "coordinator:step:5:kill", every: "\"epoch\"", before: 2, after: 3),
                Death(fault: "coordinator:step:17:kill", every: "\"epoch\"", before: 3, after: 1),
                Death(fault: "coordinator:step:17:kill", every: "7", before: 1, after: 4),
                Death(fault: "coordinator:evaluation:24:kill", every: "\"epoch\"", before: 2, after: 1),
                Death(fault: "coordinator:checkpoint-written:7:kill", every: "7", before: 2, after: 3),
                Death(
                    fault: "coordinator:checkpoint-written:12:kill", every: "\"epoch\"", before: 4, after: 2),
                Death(fault: "coordinator:step:30:kill", every: "\"epoch\"", before: 2, after: 4),
                Death(fault: "coordinator:snapshot:30:kill", every: "7", before: 1, after: 2),
                Death(fault: "coordinator:finish:30:kill", every: "\"epoch\"", before: 3, after: 2),
            ]
            guard isThorough else { return few }
            return few
                + (1...30).map {
                    Death(
                        fault: "coordinator:step:\($0):kill", every: "4", before: 1 + $0 % 3,
                        after: 1 + $0 % 4)
                }
                + [12, 24, 30].map {
                    Death(fault: "coordinator:evaluation:\($0):kill", every: "5", before: 3, after: 2)
                }
        }()

        @Test(arguments: deaths)
        func coordinatorKilled(_ death: Death) throws {
            let bench = try Bench(DigitsJob(microbatches: 8, checkpointEvery: death.every))
            let quiet = try bench.quiet()
            let killed = try bench.run("killed", workers: death.before, fault: death.fault)
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            #expect(bench.leftovers() == [], "workers of a killed coordinator end with it")
            let resumed = try bench.run("killed", workers: death.after, ["--resume"])
            #expect(resumed.status == .exited(0), "\(resumed.errors)")
            if death.hasCheckpoint {
                #expect(try bench.log("killed").has("run_resumed"), "\(resumed.errors)")
            }
            #expect(try Bits(resumed, bench.runDirectory("killed")) == quiet)
        }

        /// Killed at each stage of the last checkpoint's writing: one that loads is there at every moment,
        /// and the run goes on from the newest.
        @Test(arguments: ["begun", "model", "optimizer", "manifest", "renamed"])
        func killedWhileACheckpointIsWritten(stage: String) throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.quiet()
            let killed = try bench.run("killed", workers: 2, fault: "coordinator:checkpoint-\(stage):30:kill")
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            let verified = try Program.run(
                ["checkpoint", "verify", bench.runDirectory("killed")], in: bench.path)
            #expect(
                verified.status == .exited(0) && verified.output.contains("step-00000012: whole"),
                "\(verified.output)")
            #expect(
                verified.output.contains("step-00000030: whole") == (stage == "renamed"), "\(verified.output)"
            )
            let resumed = try bench.run("killed", workers: 1, ["--resume"])
            let event = try #require(bench.log("killed").events("run_resumed").last, "\(resumed.errors)")
            #expect((event.integer("step") == 30) == (stage == "renamed"), "\(event)")
            #expect(try Bits(resumed, bench.runDirectory("killed")) == quiet)
            let names = try Directory.list(Path.join(bench.runDirectory("killed"), "checkpoints"))
            #expect(!names.contains { $0.contains(".tmp-") }, "\(names)")
        }

        @Test func twiceInARow() throws {
            let bench = try Bench(DigitsJob(microbatches: 8, checkpointEvery: "4"))
            let quiet = try bench.quiet()
            for (workers, step) in [(2, 9), (1, 18), (3, 27)] {
                let more = step == 9 ? [] : ["--resume"]
                let killed = try bench.run(
                    "run", workers: workers, more, fault: "coordinator:step:\(step):kill")
                #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            }
            #expect(try bench.bits("run", workers: 4, ["--resume"]) == quiet)
        }

        /// Resuming what is finished gives the result again and writes no line twice.
        @Test func finishedRuns() throws {
            let bench = try Bench(DigitsJob(microbatches: 8))
            let quiet = try bench.bits("quiet", workers: 1)
            #expect(try bench.bits("quiet", workers: 2, ["--resume"]) == quiet)
            #expect(try bench.bits("quiet", workers: 1, ["--resume"]) == quiet)
        }

        /// With nothing to evaluate there is nothing left to do: no worker has to say a word.
        @Test func finishedRunsWithoutEvaluation() throws {
            var job = DigitsJob(microbatches: 8, steps: 14)
            job.more = "// no more"
            let bench = try Bench(job)
            _ = try bench.directory.write(
                "job.json5", job.text.replacing(", validation: {builtin: \"digits\"}", with: ""))
            let first = try bench.bits("run", workers: 2)
            #expect(try bench.bits("run", workers: 1, ["--resume"]) == first)
        }
    }
}

extension String {
    /// Replaces the first occurrence; the text must occur.
    fileprivate func replacing(_ text: String, with other: String) -> String {
        var index = startIndex
        while index < endIndex, !self[index...].hasPrefix(text) { index = self.index(after: index) }
        precondition(index < endIndex, "the text to replace occurs")
        return String(self[..<index]) + other + String(self[self.index(index, offsetBy: text.count)...])
    }
}
