import System
import TestSupport
import Testing

extension Exactness {
    /// Every job in `config/`: valid, and shortened it gives the same bits with one worker, three and five.
    @Suite struct ReadyJobsTests {
        /// The overrides that make a job short enough for a test.
        private static let shortened: [String: [String]] = [
            "digits-ensemble": ["ensemble=2"],
            "images-two-classes": [
                "data.train.image_folder.size=[24, 24]", "data.test.image_folder.size=[24, 24]",
            ],
            "finetune-resnet18": [
                "data.train.image_folder.size=[32, 32]", "data.test.image_folder.size=[32, 32]",
                "batch.size=8",
            ],
        ]

        private static let folder = ProjectFiles.path("config")

        static func names() throws -> [String] {
            try Directory.list(folder).filter { $0.hasSuffix(".json5") }.map {
                String($0.dropLast(".json5".count))
            }.sorted()
        }

        /// Jobs that have steps of mini-batches; the others are short as they are.
        private func overrides(_ name: String, _ text: String) -> [String] {
            let steps = text.contains("epochs:") ? ["max_steps=4", "epochs=4", "logging.every=1"] : []
            return ((Self.shortened[name] ?? []) + steps).flatMap { ["--set", $0] }
        }

        @Test func allTrainToTheSameBits() throws {
            let jobs = try ReadyJobs()
            let names = try Self.names()
            #expect(names.count > 20)
            for name in names {
                let config = Path.join(Self.folder, name + ".json5")
                let text = try File.readText(config, limit: 1 << 20)
                if text.contains("data/resnet18.safetensors") {
                    try makeWeights(jobs, config, overrides(name, text))
                }
                let valid = try jobs.run(["validate", config])
                #expect(valid.status == .exited(0), "\(name): \(valid.errors)")
                var quiet: Bits?
                let all = [1, 3, 5].flatMap { [($0, 1), ($0, 2)] }
                for (workers, lanes) in isThorough ? all : [(1, 2), (3, 1)] {
                    let runDirectory = jobs.directory.file("\(name)-\(workers)-\(lanes)")
                    let finished = try jobs.run(
                        [
                            "run", config, "--json", "--workers", "\(workers)", "--lanes", "\(lanes)",
                            "--run-dir", runDirectory,
                        ]
                            + overrides(name, text))
                    #expect(finished.status == .exited(0), "\(name), \(workers) workers: \(finished.errors)")
                    let metrics =
                        File.exists(Path.join(runDirectory, "metrics.jsonl"))
                        ? runDirectory : Path.join(runDirectory, "member-0")
                    let bits = try Bits(finished, metrics)
                    if SequenceJob.names.contains(name) {
                        #expect(field("workers", in: finished.output) == "\(workers)", "\(name)")
                    }
                    #expect(bits.hash.count == 64 && !bits.metrics.isEmpty, "\(name)")
                    #expect(bits == quiet ?? bits, "\(name), \(workers) workers of \(lanes) lanes")
                    quiet = quiet ?? bits
                }
            }
        }

        /// A file of weights for the job that starts from one: a step of the same model.
        private func makeWeights(_ jobs: ReadyJobs, _ config: String, _ overrides: [String]) throws {
            let runDirectory = jobs.directory.file("weights")
            let made = try jobs.run(
                ["run", config, "--json", "--run-dir", runDirectory] + overrides
                    + ["--set", "weights=null", "--set", "freeze=null", "--set", "max_steps=1"])
            #expect(made.status == .exited(0), "\(made.errors)")
            let checkpoint = Path.join(runDirectory, "checkpoints/step-00000001/model.safetensors")
            try File.writeAtomically(
                try File.read(checkpoint, limit: 1 << 30),
                to: jobs.directory.file("data/resnet18.safetensors"))
        }
    }
}
