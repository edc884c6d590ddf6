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
                    ["run", config, "--workers", "\(workers)", "--lanes", "1", "--json", "--run-dir", directory.file(name)] + more,
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
    }
}
