import Testing

extension Exactness {
    /// `dist-train run` with different numbers of workers and lanes: one hash and one set of metrics per job.
    @Suite struct WorkersAndLanes {
        static let combinations: [(workers: Int, lanes: Int)] =
            isThorough
            ? (1...5).flatMap { workers in (1...2).map { (workers, $0) } }
            : [(1, 2), (2, 1), (3, 2), (5, 1)]

        static let jobs = [
            DigitsJob(batch: 128, microbatches: 8),
            DigitsJob(batch: 200, microbatches: 6, optimizer: "{momentum: {learning_rate: 0.05}}"),
            // Up to three spares.
            DigitsJob(batch: 128, microbatches: 2, optimizer: "{sgd: {learning_rate: 0.1}}"),
            // Some microbatches are empty, in the ragged batch of two samples most.
            DigitsJob(batch: 5, microbatches: 8, steps: 295),
        ]

        @Test(arguments: jobs)
        func changeNothing(job: DigitsJob) throws {
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            #expect(quiet.hash.count == 64)
            #expect(quiet.metrics.count >= job.steps / 5)
            for (workers, lanes) in Self.combinations {
                let bits = try bench.bits("w\(workers)l\(lanes)", workers: workers, lanes: lanes)
                #expect(bits == quiet, "\(workers) workers, \(lanes) lanes: \(job)")
            }
        }

        /// The oracle can tell: another seed, another learning rate, another V give other bits.
        @Test func otherJobsGiveOtherBits() throws {
            let bench = try Bench(DigitsJob(steps: 14))
            let quiet = try bench.quiet()
            for (i, change) in ["seed=6", "optimizer.adam.learning_rate=3.0001e-3", "batch.microbatches=2"]
                .enumerated()
            {
                #expect(
                    try bench.bits("other\(i)", workers: 1, ["--set", change]).hash != quiet.hash, "\(change)"
                )
            }
        }

        /// Cuts that no even assignment makes; a member without a microbatch too.
        @Test(
            arguments: isThorough
                ? [DigitsJob(microbatches: 8), DigitsJob(batch: 97, microbatches: 6)]
                : [DigitsJob(microbatches: 8)])
        func unevenAssignments(job: DigitsJob) throws {
            let bench = try Bench(job)
            let quiet = try bench.quiet()
            let v = job.microbatches
            for cuts in [[0, 1, v], [0, v - 1, v], [0, 3, 4, v], [0, 0, v], [0, 2, 2, 5, v]] {
                let name = cuts.map(String.init).joined(separator: "-")
                let bits = try bench.bits(
                    name, workers: cuts.count - 1, ["--set", "assignment.cuts=\(cuts)"])
                #expect(bits == quiet, "cuts \(cuts): \(job)")
            }
        }
    }
}
