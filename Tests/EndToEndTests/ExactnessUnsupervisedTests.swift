import System
import TestSupport
import Testing

extension Exactness {
    /// k-means through real processes: its steps have no gradients, and the job ends by itself.
    @Suite struct Unsupervised {
        private static let job = """
            {
              name: "clusters", seed: 3,
              data: {train: {builtin: "digits"}, validation: {builtin: "digits"}},
              kmeans: {clusters: 6},
              batch: {microbatches: 4},
            }
            """

        @Test func workersChangeNothing() throws {
            let directory = try TemporaryDirectory()
            let config = try directory.write("job.json5", Self.job)
            func run(_ name: String, workers: Int, _ more: [String] = []) throws -> Program.Finished {
                let finished = try Program.run(
                    [
                        "run", config, "--workers", "\(workers)", "--lanes", "1", "--json", "--run-dir",
                        directory.file(name),
                    ] + more,
                    in: directory.path)
                #expect(finished.status == .exited(0), "\(finished.errors)")
                return finished
            }
            let one = try run("one", workers: 1)
            let quiet = try Bits(one, directory.file("one"))
            #expect(quiet.hash.count == 64)
            let steps = try #require(field("steps", in: one.output).flatMap { Int($0) })
            #expect((8..<106).contains(steps), "the centres come to rest before the last step")
            #expect(try Bits(run("three", workers: 3), directory.file("three")) == quiet)
            // Up to the ninth step, then the rest with another number of workers; then nothing more to do.
            _ = try run("half", workers: 2, ["--set", "max_steps=9"])
            let resumed = try run("half", workers: 3, ["--resume"])
            #expect(field("state_sha256", in: resumed.output) == quiet.hash)
            #expect(field("state_sha256", in: try run("half", workers: 1, ["--resume"]).output) == quiet.hash)
        }

        /// Points at which one member stands still: in the seeding of k-means, in an iteration, before the
        /// covariance of PCA.
        private static let places = [
            ("kmeans: {clusters: 6}", "forward:3"), ("kmeans: {clusters: 6}", "forward:7"),
            ("pca: {components: 5}", "data:0"),
        ]

        /// It alone counts as dead, not those that wait for it, and they go on. Patience with a computing
        /// thread, of a `hang`, is long.
        @Test(arguments: places, ["kill", "stop"] + (isThorough ? ["hang"] : []))
        func oneStandsStill(_ place: (measuring: String, phase: String), action: String) throws {
            var job = DigitsJob()
            job.measuring = place.measuring
            let hands = try ByHand(job)
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator([
                "--min-workers", "3", "--peer-timeout", action == "hang" ? "0.5" : "2",
            ])
            let workers = try (0..<3).map { _ in try hands.worker(fault: "rank1:\(place.phase):\(action):1") }
            let bits = try hands.bits(coordinator, seconds: 120)
            let log = try hands.log(of: coordinator)
            #expect(bits == quiet, "\(log.text)")
            let lost = try log.events("worker_lost")
            #expect(lost.map { $0.integer("worker") } == [2], "\(log.text)")
            let reasons = ["stop": "nothing was heard of it for", "hang": "it hangs: for"]
            if let reason = reasons[action] { #expect(lost.first?.isBecause(reason) == true, "\(lost)") }
            let deadline = Clock.monotonicSeconds() + 20
            while workers.count(where: { $0.exitStatus() == .exited(0) }) < 2,
                Clock.monotonicSeconds() < deadline
            {
                Clock.sleep(seconds: 0.01)
            }
            #expect(workers.count { $0.exitStatus() == .exited(0) } == 2, "the others come to a good end")
        }
    }
}
