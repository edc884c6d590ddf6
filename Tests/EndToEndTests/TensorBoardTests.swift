import Platform
import System
import TensorBoard
import TestSupport
import Testing

extension Exactness {
    /// The event files of a run that was killed again and again are those of a run to which nothing happened.
    @Suite struct TensorBoardRuns {
        private static let python = Environment.value("PYTHON") ?? "python3"
        static let hasTensorBoard: Bool = {
            let child = try? ChildProcess(
                python, ["-c", "import tensorboard"], standardOutput: .discard, standardError: .discard)
            return child?.wait(seconds: 120) == .exited(0)
        }()

        private static let job: DigitsJob = {
            var job = DigitsJob(microbatches: 8, checkpointEvery: "5")
            job.logEvery = 1
            job.logging = ", gradients: true, tensorboard: true"
            return job
        }()

        private static let deaths = [
            "coordinator:step:3:kill", "coordinator:step:14:kill", "coordinator:checkpoint-written:15:kill",
            "coordinator:evaluation:24:kill", "rank1:backward:26:kill,coordinator:step:29:kill",
            "coordinator:finish:30:kill",
        ]

        /// A quiet run, and one that is killed at all of these moments; the second is resumed after each.
        private func runs() throws -> (bench: Bench, quiet: String, killed: String) {
            let bench = try Bench(Self.job)
            let quiet = try bench.bits("quiet", workers: 1)
            for (number, death) in Self.deaths.enumerated() {
                let killed = try bench.run(
                    "killed", workers: 2, number == 0 ? [] : ["--resume"], fault: death)
                #expect(killed.status == .killed(signal: SIGKILL), "\(death): \(killed.errors)")
            }
            #expect(try bench.bits("killed", workers: 3, ["--resume"]) == quiet)
            return (bench, bench.runDirectory("quiet"), bench.runDirectory("killed"))
        }

        /// A value with its bits. Seconds, which a clock measured, have none; rates and times are left out.
        private func values(_ run: String) throws -> [String] {
            let directory = Path.join(run, "tensorboard")
            var found: [String] = []
            for name in try Directory.list(directory) {
                try EventFile.forEach(in: Path.join(directory, name)) { event in
                    for value in event.values {
                        // A killed run has other lines of times, and other neighbours for a rate.
                        if value.tag.hasPrefix("times/") || value.tag.hasPrefix("throughput/") { continue }
                        let isMeasured = value.tag.hasPrefix("seconds/")
                        // A checkpoint that a slow disk passes over has no histograms.
                        if case .histogram = value.content { continue }
                        var alone = event
                        alone.time = 0
                        alone.values = [isMeasured ? BoardValue(value.tag, .scalar(0)) : value]
                        found.append("\(value.tag) \(event.step) \(SHA256.hexDigest(of: alone.encoded))")
                    }
                }
            }
            return found.sorted()
        }

        @Test func killedAndResumed() throws {
            let (bench, quiet, killed) = try runs()
            let (expected, found) = (try values(quiet), try values(killed))
            #expect(found == expected, "\(found.difference(from: expected))")
            #expect(Set(found.map { $0.split(separator: " ").dropLast() }).count == found.count)
            // 30 steps and 3 epochs.
            #expect(found.count { $0.hasPrefix("loss/step ") } == 30)
            #expect(found.count { $0.hasPrefix("accuracy/validation ") } == 3)
            #expect(found.count { $0.hasPrefix("confusion_matrix/validation ") } == 1)
            _ = bench
        }

        /// TensorBoard's own reader finds every number of `metrics.jsonl`, bit for bit and once, and the same
        /// in both runs.
        @Test(.enabled(if: hasTensorBoard, "python3 with tensorboard is missing"))
        func whatTensorBoardReads() throws {
            let (bench, quiet, killed) = try runs()
            let check = try ChildProcess(
                Self.python,
                [ProjectFiles.path("Tests/Fixtures/tensorboard/check_events.py"), quiet, killed],
                standardOutput: .capture, standardError: .capture)
            #expect(check.wait(seconds: 120) == .exited(0), "\(check.standardOutput())")
            #expect(check.standardOutput().hasSuffix(", 0 problems\n"), "\(check.standardError())")
            _ = bench
        }
    }
}
