import Checkpoints
import Kernels
import NeuralNetwork
import TestSupport
import Testing
import Training

/// A model that PyTorch wrote computes here the same as in PyTorch; make_pytorch_model.py beside the files
/// made both.
@Suite struct PyTorchCheckpointTests {
    private static let layers = [
        NamedLayer("flatten", .flatten),
        NamedLayer("dense1", .dense(units: 24, bias: false, initializer: .zeros)),
        NamedLayer("dense1.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
        NamedLayer("dense1.relu", .activation(.relu)),
        NamedLayer("dense2", .dense(units: 11, bias: true, initializer: .zeros)),
        NamedLayer("dense2.bn", .batchNorm(momentum: 0.1, epsilon: 1e-3)),
        NamedLayer("dense2.tanh", .activation(.tanh)),
        NamedLayer("head", .dense(units: 5, bias: true, initializer: .zeros)),
    ]

    private static func file(_ name: String) throws -> SafeTensors {
        try SafeTensors(path: ProjectFiles.path("Tests/Fixtures/checkpoints/\(name).safetensors"))
    }

    @Test(arguments: [1, 2]) func predictsWhatPyTorchPredicts(lanes: Int) async throws {
        try await onThread {
            let directory = try TemporaryDirectory()
            let entry = try CheckpointStore(directory: directory.file("checkpoints")).write(
                step: 77, model: try Self.file("pytorch-mlp").tensors, optimizer: [], state: .null)
            let plan = try NetworkPlan(
                layers: Self.layers, input: TensorShape([4, 5, 3]), loss: .crossEntropy)
            let snapshot = try Snapshot(
                try Checkpoint(path: entry.path), layout: plan.layout, momentNames: [],
                epochTotals: [0, 0, 0])

            let predictions = try Self.file("pytorch-mlp-predictions")
            let input = try #require(predictions["input"])
            #expect(input.shape == [9, 4, 5, 3])
            let logits = try Self.forward(
                plan, snapshot, try #require(input.floats()), samples: 9, lanes: lanes)
            let expected = try #require(predictions["logits"]?.floats())
            #expect(logits.count == 45 && expected.count == 45)
            // A weight or statistic in the wrong position would change the first decimals.
            for (i, (a, b)) in zip(logits, expected).enumerated() {
                #expect(abs(a - b) < 1e-5, "logit \(i): \(a), PyTorch \(b)")
            }

            // The file that is written again equals PyTorch's, except for the count of steps.
            let written = Dictionary(
                uniqueKeysWithValues: snapshot.modelTensors(plan.layout).map { ($0.name, $0) })
            for tensor in try Self.file("pytorch-mlp").tensors {
                #expect(written[tensor.name]?.shape == tensor.shape, "\(tensor.name)")
                #expect(written[tensor.name]?.floats() == tensor.floats(), "\(tensor.name)")
                #expect(written[tensor.name]?.int64s() == tensor.int64s(), "\(tensor.name)")
            }
            #expect(written.count == (try Self.file("pytorch-mlp").tensors.count))
        }
    }

    private static func forward(
        _ plan: NetworkPlan, _ snapshot: Snapshot, _ input: [Float], samples: Int, lanes: Int
    ) throws -> [Float] {
        let pool = LanePool(lanes: lanes)
        defer { pool.close() }
        let network = Network(
            plan: plan, localMicrobatches: 1, rows: samples, lanes: pool, purpose: .evaluation)
        let (parameters, statistics) = (
            FloatBuffer(count: plan.layout.flatCount), FloatBuffer(count: plan.layout.statisticsCount)
        )
        _ = parameters.elements.update(from: snapshot.parameters)
        _ = statistics.elements.update(from: snapshot.statistics)
        for (i, value) in input.enumerated() { network.input.row(0)[i] = value }
        try network.forward(
            network.makePass(
                rows: MicrobatchRows([samples]), parameters: parameters.pointer,
                statistics: statistics.pointer,
                training: nil))
        return (0..<(samples * plan.outputShape.count)).map { network.output.row(0)[$0] }
    }
}
