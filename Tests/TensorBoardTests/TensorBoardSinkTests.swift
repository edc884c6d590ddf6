import Checkpoints
import Datasets
import Platform
import System
import Telemetry
import TensorBoard
import TestSupport
import Testing

/// The sink's files have what `metrics.jsonl` and the checkpoints have, each point once, whatever happens.
@Suite struct TensorBoardSinkTests {
    /// A run directory whose lines and checkpoints a test writes.
    private final class Bench {
        let directory: TemporaryDirectory
        let path: String
        let metrics: AppendFile
        var config = "{\n  \"name\": \"</pre><img src=x onerror=alert(1)>\"\n}\n"

        init(path: String? = nil) throws {
            directory = try TemporaryDirectory()
            self.path = path ?? directory.path
            metrics = try AppendFile(Path.join(self.path, "metrics.jsonl"))
        }

        var store: CheckpointStore { RunDirectory.checkpoints(of: path) }
        var boardPath: String { Path.join(path, "tensorboard") }

        func sink(firstStep: Int = 0) throws -> TensorBoardSink {
            let picture = ByteImage(width: 2, height: 1, channels: 1, pixels: [0, 255])
            return try TensorBoardSink(
                TensorBoardSink.Facts(
                    directory: boardPath, metricsPath: metrics.path, checkpoints: store, config: config,
                    batchSize: 32, firstStep: firstStep, pictures: [(tag: "samples", image: { picture })]))
        }

        /// Writes a line, and tells it to the sink.
        func log(_ event: RunEvent, _ sink: TensorBoardSink?) throws {
            let line = try #require(MetricsLine.line(of: event))
            try metrics.append(line.compactJSON())
            sink?.receive(event, at: 0, from: "coordinator")
        }

        func step(_ step: Int, loss: Double = 0.1, _ sink: TensorBoardSink?) throws {
            var summary = StepSummary(
                step: step, epoch: 1, samples: 32, values: [NamedValue("loss", loss / Double(step))],
                learningRate: 1e-3, seconds: Double(step) / 4)
            summary.gradients = [GradientNorms("</script>.weight", l1: 3, l2: 1.0 / 3, linf: .nan)]
            summary.deadUnits = [NamedValue("a \"b\"", 0.25)]
            try log(.training(.stepLogged(summary)), sink)
        }

        func epoch(_ epoch: Int, step: Int, _ sink: TensorBoardSink?) throws {
            let summary = EpochSummary(
                epoch: epoch, epochs: 3, step: step, train: [NamedValue("loss", 0.5)], penalty: 1.0 / 7,
                validation: [NamedValue("accuracy", 2.0 / 3)], seconds: 9)
            try log(.training(.epochFinished(summary)), sink)
        }

        func checkpoint(_ step: Int, _ sink: TensorBoardSink?) throws {
            let tensor = NamedTensor("dense1.weight", shape: [3], floats: [-1, 0.5, Float(step)])
            let entry = try store.write(step: step, model: [tensor], optimizer: [], state: .null)
            sink?.receive(
                .checkpoint(.written(step: step, path: entry.path, isRequested: false)), at: 0,
                from: "coordinator")
        }

        var files: [String] {
            get throws { try Directory.list(boardPath).map { Path.join(boardPath, $0) } }
        }

        /// Every value in the files, as text with its bits, sorted.
        func values() throws -> [String] {
            var found: [String] = []
            for file in try files {
                try EventFile.forEach(in: file) { event in
                    found += event.values.map { "\($0.tag) \(event.step) \(Self.text($0.content))" }
                }
            }
            return found.sorted()
        }

        private static func text(_ content: BoardValue.Content) -> String {
            switch content {
            case .scalar(let value): value.isNaN ? "NaN" : "\(value)"
            case .histogram(let buckets): "\(buckets.filter { $0.count > 0 }.map(\.count))"
            case .text(let text): text
            case .picture(let picture): "\(picture.width) × \(picture.height)"
            }
        }
    }

    private static let ofStep8 = [
        "accuracy/validation 8 0.6666666666666666", "loss/train 8 0.5",
        "penalty/train 8 0.14285714285714285", "seconds/epoch 8 9.0",
        "weights/dense1.weight 8 [1.0, 1.0, 1.0]",
    ]

    private static func ofLine(_ step: Int, before: Int?) -> [String] {
        [
            "dead_units/a \"b\" \(step) 0.25", "epoch \(step) 1.0",
            "gradient_l1/</script>.weight \(step) 3.0",
            "gradient_l2/</script>.weight \(step) 0.3333333333333333",
            "gradient_linf/</script>.weight \(step) NaN", "learning_rate \(step) 0.001",
            "loss/step \(step) \(0.1 / Double(step))", "seconds/step \(step) \(Double(step) / 4)",
        ]
            + (before == nil
                ? []
                : [
                    "throughput/samples_per_second \(step) 128.0", "throughput/steps_per_second \(step) 4.0",
                ])
    }

    private static func expected(steps: [Int], config: String) -> [String] {
        var before: Int?
        let lines = steps.flatMap { step in
            defer { before = step }
            return ofLine(step, before: before)
        }
        let text = config.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }
            .joined()
        return (lines + ofStep8 + ["config 0 \(text)", "samples 0 2 × 1"]).sorted()
    }

    private func play(_ bench: Bench, _ sink: TensorBoardSink?) throws {
        for step in [2, 4, 6, 8] { try bench.step(step, sink) }
        try bench.epoch(1, step: 8, sink)
        try bench.checkpoint(8, sink)
        try bench.step(10, sink)
    }

    @Test func aQuietRun() async throws {
        try await onThread {
            let bench = try Bench()
            let sink = try bench.sink()
            try play(bench, sink)
            sink.close()
            let (found, expected) = (
                try bench.values(), Self.expected(steps: [2, 4, 6, 8, 10], config: bench.config)
            )
            #expect(found == expected, "\(found.difference(from: expected))")
            #expect(try bench.files.count == 1 && sink.losses?.count == 0)
        }
    }

    /// Texts of a language model, each step once, also by a process that goes on.
    @Test func texts() async throws {
        try await onThread {
            let bench = try Bench()
            for steps in [[2, 4], [4, 6]] {
                let sink = try bench.sink()
                for step in steps {
                    let event = RunEvent.training(
                        .textSampled(step: step, prompt: "To ", text: "be\n# \(step)"))
                    sink.receive(event, at: 0, from: "coordinator")
                }
                sink.close()
            }
            let found = try bench.values().filter { $0.hasPrefix("generated_text") }
            #expect(found == [2, 4, 6].map { "generated_text \($0)     To be\n    # \($0)\n" })
        }
    }

    /// A run that was made without TensorBoard, and one whose file was torn anywhere, are completed by the
    /// next process; a third one adds nothing.
    @Test func whatIsMissingIsWritten() async throws {
        try await onThread {
            let bench = try Bench()
            try play(bench, nil)
            let expected = Self.expected(steps: [2, 4, 6, 8, 10], config: bench.config)
            try bench.sink().close()
            #expect(try bench.values() == expected)
            let first = try #require(try bench.files.first)
            let bytes = try File.read(first, limit: 1 << 20)
            for count in stride(from: 0, through: bytes.count, by: 61) {
                for file in try bench.files { try File.remove(file) }
                try File.writeAtomically(Array(bytes.prefix(count)), to: first)
                try bench.sink(firstStep: 0).close()
                #expect(try bench.values() == expected, "cut after \(count) bytes")
                #expect(try bench.files.first == first && bench.files.count <= 2)
            }
            let files = try bench.files
            try bench.sink().close()
            #expect(try bench.files == files && bench.values() == expected)
        }
    }

    /// Steps whose lines a power failure took from `metrics.jsonl`, and whose events it left, are computed
    /// again, and do not come twice.
    @Test func linesThatComeAgain() async throws {
        try await onThread {
            let bench = try Bench()
            let sink = try bench.sink()
            try play(bench, sink)
            sink.close()
            let lines = try File.readText(bench.metrics.path, limit: 1 << 20).split(separator: "\n")
            try bench.metrics.close()
            try File.writeAtomically(lines.prefix(2).map { $0 + "\n" }.joined(), to: bench.metrics.path)
            let resumed = try bench.sink(firstStep: 4)
            let file = try AppendFile(bench.metrics.path)
            for line in lines.dropFirst(2) {
                try file.append(String(line))
                resumed.receive(
                    .training(.stepLogged(StepSummary(step: 6, epoch: 1, samples: 1, values: []))), at: 0,
                    from: "")
            }
            resumed.close()
            #expect(try bench.values() == Self.expected(steps: [2, 4, 6, 8, 10], config: bench.config))
        }
    }

    /// A job that is changed when it is resumed, such as by more epochs, is shown again; the same is not.
    @Test func aChangedConfig() async throws {
        try await onThread {
            let bench = try Bench()
            try bench.sink().close()
            bench.config = "{\"epochs\": 2}"
            try bench.sink(firstStep: 8).close()
            try bench.sink(firstStep: 9).close()
            #expect(
                try bench.values().filter { $0.hasPrefix("config 8") } == ["config 8     {\"epochs\": 2}\n"])
            #expect(try bench.values().count { $0.hasPrefix("config") } == 2)
        }
    }

    /// Times stand at their epoch, under the number of the worker; its name, which it chose, is nowhere.
    @Test func times() async throws {
        try await onThread {
            let bench = try Bench()
            let sink = try bench.sink()
            let worker = EpochTimes.Worker(
                WorkerName(2, name: "</script>/7"), steps: 12, parts: [NamedValue("forward", 0.5)],
                beside: [NamedValue("update", 0.25)])
            // An epoch in which the coordinator was stopped has two lines, and keeps both.
            for _ in 0..<2 { try bench.log(.timing(.epoch(EpochTimes(epoch: 3, workers: [worker]))), sink) }
            sink.close()
            let expected = [
                "times/worker 2 beside update 3 0.25", "times/worker 2 forward 3 0.5",
                "times/worker 2 steps 3 12.0",
            ].flatMap { [$0, $0] }
            #expect(try bench.values().filter { $0.hasPrefix("times") } == expected)
            try bench.sink().close()
            #expect(try bench.values().filter { $0.hasPrefix("times") } == expected)
        }
    }

    /// A full disk costs nothing of what `metrics.jsonl` has: it is written when there is room. What is still
    /// missing at the end is counted.
    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
    func aFullDiskDelaysPoints() async throws {
        try await onThread {
            let disk = try SmallFileSystem(bytes: 1 << 18)
            let bench = try Bench()
            let filler = Path.join(disk.path, "filler")
            try Directory.createNew(Path.join(disk.path, "board"), mode: 0o700)
            #expect(symlink(Path.join(disk.path, "board"), bench.boardPath) == 0)
            let sink = try bench.sink()
            try play(bench, sink)
            try waitFor {
                let values = try bench.values()
                return values.contains("loss/step 10 0.01") && values.contains { $0.hasPrefix("weights/") }
            }
            disk.fill(filler)
            let steps = Array(stride(from: 12, through: 200, by: 2))
            for step in steps.dropLast(10) { try bench.step(step, sink) }
            // Longer than lines gather: an attempt has failed.
            Clock.sleep(seconds: 0.5)
            try File.remove(filler)
            for step in steps.suffix(10) { try bench.step(step, sink) }
            sink.close()
            #expect(sink.losses?.count == 0)
            let expected = Self.expected(steps: [2, 4, 6, 8, 10] + steps, config: bench.config)
            #expect(try bench.values() == expected)

            disk.fill(filler)
            let last = try bench.sink()
            for step in 0..<100 { try bench.step(300 + step, last) }
            last.close()
            #expect((1...100).contains(last.losses?.count ?? 0))
            try File.remove(filler)
            try bench.sink().close()
            #expect(try bench.values().count { $0.hasPrefix("loss/step") } == 5 + steps.count + 100)
        }
    }

    private func waitFor(_ condition: () throws -> Bool) throws {
        for _ in 0..<1000 {
            if try condition() { return }
            Clock.sleep(seconds: 0.01)
        }
        throw SystemError("what was awaited has not come within 10 s")
    }

    /// The directory cannot be made: the run goes on, and what is missing is counted.
    @Test func aDirectoryThatCannotBeMade() async throws {
        try await onThread {
            let bench = try Bench()
            try File.writeAtomically("in the way", to: bench.boardPath)
            let sink = try bench.sink()
            try play(bench, sink)
            sink.close()
            // The config, the picture, six lines, and the histograms, which may be tried at the start too.
            #expect((9...10).contains(sink.losses?.count ?? 0))
        }
    }

    /// A confusion matrix comes after the run's end, once; names of classes are text.
    @Test func confusion() async throws {
        try await onThread {
            let bench = try Bench()
            let sink = try bench.sink()
            try play(bench, sink)
            sink.close()
            let picture = ConfusionPicture(
                classNames: ["cat", "</pre>\n<script>"], counts: [[3, 1], [2000, 0]])
            for _ in 0..<2 { try picture.add(set: "validation", step: 10, to: bench.boardPath) }
            let found = try bench.values().filter { $0.contains("/validation 10") }
            #expect(
                found == [
                    "confusion_matrix/validation 10 99 × 99",
                    """
                    mistakes/validation 10     2,001 mistakes, the most frequent first
                           2,000  “</pre> <script>” taken for “cat”
                               1  “cat” taken for “</pre> <script>”

                    """,
                ])
            let image = picture.image
            func pixel(_ x: Int, _ y: Int) -> [UInt8] {
                Array(image.pixels[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3])
            }
            #expect(pixel(0, 0) == [160, 160, 160] && pixel(1, 60) == [8, 48, 107])
            #expect(pixel(98 - 1, 98 - 1) == [255, 255, 255] && pixel(1, 1) == [70, 100, 144])
        }
    }
}
