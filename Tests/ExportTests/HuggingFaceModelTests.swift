import Checkpoints
import Export
import Jobs
import Kernels
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

/// Language models as Hugging Face's transformers has them: back to the files that they came from, and loaded
/// by transformers itself.
@Suite struct HuggingFaceModelTests {
    private static let models = ["gpt2", "gpt2-hub", "llama", "llama-tied", "qwen2"]

    private static func path(_ name: String) -> String {
        ProjectFiles.path("Tests/Fixtures/sequences/models/\(name)")
    }

    private static func config(_ name: String) throws -> LanguageModel {
        let path = Path.join(path(name), "config.json")
        return try #require(try LanguageModel(huggingFace: File.read(path, limit: 1 << 20), path: path))
    }

    /// A plan for texts of 48 tokens.
    private static func plan(_ model: String) throws -> TrainingPlan {
        let fields = TestSupport.config([:]).replacing(
            "  model: [\"flatten\", {dense: 10}],\n", with: "\(model),\n")
        return try TrainingPlan(
            load(fields).job,
            DataFacts(
                sampleShape: [48, 1], classCount: nil, trainCount: 500, validationCount: 0, testCount: 0,
                sequences: SequenceFacts(vocabulary: 61, isRagged: false, predictsNextToken: true)))
    }

    private static func weights(_ plan: TrainingPlan, _ name: String) throws -> Snapshot {
        var snapshot = Snapshot(initial: plan.network.layout, moments: 0, seed: 1)
        try Weights(path: path(name)).load(into: &snapshot, plan, skip: [])
        return snapshot
    }

    /// The files of a fixture's shards.
    private static func tensors(_ name: String) throws -> [String: NamedTensor] {
        let files = try Directory.list(path(name)).filter { $0.hasSuffix(".safetensors") }
        let all = try files.flatMap { try SafeTensors(path: Path.join(path(name), $0)).tensors }
        return Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Names, shapes and bits are those of the files that transformers wrote.
    @Test(arguments: ["gpt2", "llama", "llama-tied", "qwen2"]) func goesBack(name: String) throws {
        let plan = try Self.plan(try Self.config(name).config)
        let made = try HuggingFaceModel(plan.network, Self.weights(plan, name), path: name)
        let expected = try Self.tensors(name)
        #expect(Set(made.tensors.map(\.name)) == Set(expected.keys))
        for tensor in made.tensors {
            #expect(tensor.shape == expected[tensor.name]?.shape, "\(tensor.name)")
            #expect(tensor.floats() == expected[tensor.name]?.convertedFloats(), "\(tensor.name)")
        }
        let read = try LanguageModel(huggingFace: Array(made.config.utf8), path: "c")
        #expect(read == (try Self.config(name)))
    }

    @Test func othersAreRefused() throws {
        let model = try Self.config("gpt2").config
        for (part, other) in [("\"gelu\"", "\"relu\""), ("gelu: \"tanh\"", "elu: 1")]
        where model.contains(part) {
            let plan = try Self.plan(model.replacing(part, with: other))
            let snapshot = Snapshot(initial: plan.network.layout, moments: 0, seed: 1)
            #expect(throws: CheckpointError.self) {
                try HuggingFaceModel(plan.network, snapshot, path: "a run")
            }
        }
        let plan = try Self.plan("model: [{embedding: 61, width: 8, name: \"wte\"}, {dense: 61}]")
        let error = #expect(throws: CheckpointError.self) {
            try HuggingFaceModel(
                plan.network, Snapshot(initial: plan.network.layout, moments: 0, seed: 1), path: "a run")
        }
        #expect(error?.description.contains("`a run` is none of the models of transformers") == true)
    }

    private static let python = Environment.value("PYTHON") ?? "python3"
    private static let isThere: Bool = {
        let child = try? ChildProcess(
            python, ["-c", "import safetensors, torch, transformers"], standardOutput: .discard,
            standardError: .discard)
        return child?.wait(seconds: 120) == .exited(0)
    }()

    private static func logits(_ plan: TrainingPlan, _ snapshot: Snapshot, _ ids: [Int]) throws -> [Float] {
        let lanes = LanePool(lanes: 1)
        defer { lanes.close() }
        let network = Network(
            plan: plan.network, localMicrobatches: 1, rows: 1, lanes: lanes, purpose: .inference)
        for (row, id) in ids.enumerated() { network.input.row(0, row).pointee = Float(id) }
        let parameters = FloatBuffer(count: snapshot.parameters.count)
        let statistics = FloatBuffer(count: snapshot.statistics.count)
        _ = parameters.elements.update(from: snapshot.parameters)
        try network.forward(
            network.makePass(
                rows: MicrobatchRows([1]), sequences: SequenceRows(lengths: [[ids.count]]),
                parameters: parameters.pointer, statistics: statistics.pointer, training: nil))
        return ids.indices.flatMap { row in (0..<61).map { network.output.row(0, row)[$0] } }
    }

    private static func write(
        _ name: String, _ plan: TrainingPlan, _ snapshot: Snapshot, in directory: String
    ) throws {
        let folder = Path.join(directory, name)
        try HuggingFaceModel(plan.network, snapshot, path: name).write(to: folder)
        let ids = (0..<40).map { ($0 * 17 + 5) % 61 }
        let lines = [
            ids.map(String.init), try logits(plan, snapshot, ids).map { "\($0)" },
        ].map { $0.joined(separator: " ") }
        try File.writeAtomically(lines.joined(separator: "\n") + "\n", to: Path.join(folder, "answers.txt"))
    }

    /// The fixtures, and nanoGPT's network, which has no biases.
    @Test(.enabled(if: isThere, "python3 with transformers, torch and safetensors is missing"))
    func transformersLoadsThem() async throws {
        let said = try await onThread {
            let directory = try TemporaryDirectory()
            let models = directory.file("models")
            try Directory.createNew(models, mode: 0o700)
            for name in Self.models {
                let plan = try Self.plan(try Self.config(name).config)
                try Self.write(name, plan, Self.weights(plan, name), in: models)
            }
            let nano = try Self.plan("model: [{preset: \"gpt_nano\", classes: 61}]")
            try Self.write(
                "gpt_nano", nano, Snapshot(initial: nano.network.layout, moments: 0, seed: 3), in: models)
            let child = try ChildProcess(
                Self.python, [ProjectFiles.path("Tests/Fixtures/export/check_huggingface.py"), models],
                standardOutput: .capture, standardError: .capture)
            let status = child.wait(seconds: 300)
            return "\(child.standardError())\(child.standardOutput())\(status.map { "\($0)" } ?? "no end")"
        }
        #expect(said.hasSuffix("6 models, 0 failures\n\(ExitStatus.exited(0))"), "\(said)")
    }
}
