import Checkpoints
import NeuralNetwork
import TestSupport
import Testing
import Training

/// Snapshots as checkpoints with PyTorch's names and layout.
@Suite struct SnapshotTensorsTests {
    /// The flatten layer gets an image, so that files have another order of channels.
    private static func layout() throws -> ParameterLayout {
        let layers = [
            NamedLayer("image", .batchNorm(momentum: 0.1, epsilon: 1e-5)), NamedLayer("flatten", .flatten),
            NamedLayer("a", .dense(units: 5, bias: true, initializer: .zeros)),
            NamedLayer("a.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
            NamedLayer("b", .dense(units: 4, bias: false, initializer: .zeros)),
        ]
        return try NetworkPlan(layers: layers, input: TensorShape([2, 3, 2]), loss: .crossEntropy).layout
    }

    private static let moments = ["exp_avg", "exp_avg_sq"]

    private static func checkpoint(_ model: [NamedTensor], _ optimizer: [NamedTensor], step: Int = 8) throws
        -> Checkpoint
    {
        let directory = try TemporaryDirectory()
        let entry = try CheckpointStore(directory: directory.file("checkpoints")).write(
            step: step, model: model, optimizer: optimizer, state: .null)
        return try Checkpoint(path: entry.path)
    }

    private static func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    @Test func everyBitComesBack() throws {
        let layout = try Self.layout()
        var snapshot = distinctSnapshot(layout, moments: 2, step: 8)
        let odd: [Float] = [
            -0.0, .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude,
            Float(bitPattern: 0x3f80_0001),
        ]
        for (i, value) in odd.enumerated() {
            snapshot.parameters[layout.tensors[2].range.lowerBound + i] = value
            snapshot.moments[1][layout.tensors[2].range.lowerBound + 2 * i] = value
            snapshot.statistics[layout.statistics[2].range.lowerBound + i] = value
        }
        let checkpoint = try Self.checkpoint(
            snapshot.modelTensors(layout), snapshot.optimizerTensors(layout, momentNames: Self.moments))
        let back = try Snapshot(
            checkpoint, layout: layout, momentNames: Self.moments, epochTotals: snapshot.epochTotals)
        #expect(back == snapshot)
        #expect(Self.bits(back.parameters) == Self.bits(snapshot.parameters))
        #expect(back.moments.map(Self.bits) == snapshot.moments.map(Self.bits))
        #expect(Self.bits(back.statistics) == Self.bits(snapshot.statistics))
        #expect(checkpoint.stateSHA256() == snapshot.stateSHA256(layout, momentNames: Self.moments))
    }

    @Test func namesAndShapesArePyTorchs() throws {
        let layout = try Self.layout()
        let snapshot = distinctSnapshot(layout, moments: 2, step: 8)
        let model = snapshot.modelTensors(layout)
        #expect(
            Dictionary(uniqueKeysWithValues: model.map { ($0.name, $0.shape) }) == [
                "image.weight": [2], "image.bias": [2], "image.running_mean": [2], "image.running_var": [2],
                "image.num_batches_tracked": [],
                "a.weight": [5, 12], "a.bias": [5], "a.bn.weight": [5], "a.bn.bias": [5],
                "a.bn.running_mean": [5], "a.bn.running_var": [5],
                "a.bn.num_batches_tracked": [], "b.weight": [4, 5],
            ])
        #expect(model.first { $0.name == "a.bn.num_batches_tracked" }?.int64s() == [8])
        let optimizer = snapshot.optimizerTensors(layout, momentNames: Self.moments)
        let trained = [
            "image.weight", "image.bias", "a.weight", "a.bias", "a.bn.weight", "a.bn.bias", "b.weight",
        ]
        #expect(
            Set(optimizer.map(\.name))
                == Set(Self.moments.flatMap { moment in trained.map { "\(moment).\($0)" } }))

        // The order in memory is (y, x, channel) × output, and in the file output × (channel, y, x).
        let tensor = try #require(layout.tensors.first { $0.name == "a.weight" })
        let file = try #require(model.first { $0.name == "a.weight" }?.floats())
        for (y, x, channel, output) in [(0, 0, 0, 0), (1, 2, 0, 3), (0, 1, 1, 4), (1, 2, 1, 4)] {
            let memory = tensor.range.lowerBound + ((y * 3 + x) * 2 + channel) * 5 + output
            #expect(file[output * 12 + channel * 6 + y * 3 + x] == snapshot.parameters[memory])
        }
    }

    /// The error names every tensor that is missing or has another shape or type.
    @Test func whatDoesNotFitIsNamed() throws {
        let layout = try Self.layout()
        let snapshot = distinctSnapshot(layout, moments: 2, step: 8)
        let model = snapshot.modelTensors(layout).compactMap { tensor -> NamedTensor? in
            switch tensor.name {
            case "a.bias": nil
            case "b.weight": NamedTensor(tensor.name, shape: [5, 4], floats: tensor.floats() ?? [])
            case "a.bn.running_var": NamedTensor(tensor.name, shape: [5], int64s: [1, 2, 3, 4, 5])
            default: tensor
            }
        }
        let optimizer = snapshot.optimizerTensors(layout, momentNames: ["exp_avg"])
        let checkpoint = try Self.checkpoint(model, optimizer)
        let error = #expect(throws: CheckpointError.self) {
            try Snapshot(checkpoint, layout: layout, momentNames: Self.moments, epochTotals: [0, 0, 0])
        }
        let shown = try #require(error).description
        #expect(
            shown.hasPrefix(
                "the checkpoint `\(checkpoint.path)` does not fit this model: `a.bias` is missing; "))
        #expect(shown.contains("; `b.weight` has shape [5, 4], expected [4, 5]; "))
        #expect(shown.contains("; `exp_avg_sq.image.weight` is missing; "))
        #expect(shown.contains("; `a.bn.running_var` holds I64, expected F32; "), "\(shown)")
        #expect(shown.hasSuffix("; resume with the job that wrote it"))
        #expect(!shown.contains("`exp_avg.") && !shown.contains("`a.weight`"))
    }
}
