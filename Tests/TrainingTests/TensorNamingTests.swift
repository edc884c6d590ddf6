import Checkpoints
import NeuralNetwork
import System
import TestSupport
import Testing

/// Files in which another library has named the tensors.
@Suite struct TensorNamingTests {
    /// The pairs that transformers and torchvision agree on.
    @Test func huggingFaceResNet() throws {
        let lines = try ProjectFiles.text("Tests/Fixtures/resnet/huggingface.txt").split(separator: "\n")
        #expect(lines.count == 122)
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            let translation = TensorNaming.huggingFaceResNet.translation(of: words[0])
            #expect(translation?.name == words[2] && translation?.isTransposed == false, "\(words[0])")
        }
        for other in [
            "resnet.encoder.stages.x.layers.0.layer.1.convolution.weight", "resnet.encoder.stages.0.layers.0",
            "resnet.encoder.stages.-1.layers.0.layer.1.convolution.weight", "", "fc.weight", "classifier.1",
            "encoder.stages.01.layers.0.layer.1.convolution.weight",
            "encoder.stages.99999999999999999999.layers.0.layer.1.convolution.weight",
        ] { #expect(TensorNaming.huggingFaceResNet.translation(of: other) == nil, "\(other)") }
    }

    /// A scheme in the manner of GPT-2: matrices are stored `[inputs, outputs]`, and buffers are no weights.
    private static let scheme = TensorNaming(
        prefix: "transformer.",
        [
            .init("h.#.mlp.c_fc.weight", "block#+1.up.weight", isTransposed: true),
            .init("h.#.mlp.c_fc.bias", "block#+1.up.bias"), .init("score.*", "head.*"),
        ], ignored: ["h.#.attn.bias"])

    private static let plan = try? NetworkPlan(
        layers: [
            NamedLayer("block1.up", .dense(units: 5, bias: true, initializer: .heNormal)),
            NamedLayer("head", .dense(units: 3, bias: true, initializer: .heNormal)),
        ], input: TensorShape([4]), loss: .meanSquaredError)

    private func load(_ tensors: [NamedTensor], skip: [String] = []) throws -> [String: [Float]] {
        let plan = try #require(Self.plan)
        let directory = try TemporaryDirectory()
        let writer = try FileWriter(directory.file("w.safetensors"))
        try SafeTensors.write(tensors, to: writer)
        _ = try writer.finish()
        var snapshot = Snapshot(initial: plan.layout, moments: 0, seed: 1)
        try Weights(path: directory.file("w.safetensors")).load(
            into: &snapshot, plan.layout, skip: skip, schemes: [.huggingFaceResNet, Self.scheme])
        return Dictionary(
            uniqueKeysWithValues: snapshot.modelTensors(plan.layout).map { ($0.name, $0.floats() ?? []) })
    }

    private static func tensor(_ name: String, _ shape: [Int]) -> NamedTensor {
        NamedTensor(name, shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0 + 1) })
    }

    private static let foreign = [
        tensor("transformer.h.0.mlp.c_fc.weight", [4, 5]), tensor("transformer.h.0.mlp.c_fc.bias", [5]),
        tensor("transformer.h.0.attn.bias", [1, 1, 2, 2]), tensor("score.weight", [3, 5]),
        tensor("score.bias", [3]),
    ]

    @Test(arguments: ["transformer.", ""]) func transposesAndRenames(prefix: String) throws {
        let tensors = Self.foreign.map { tensor in
            Self.tensor(
                tensor.name.hasPrefix("transformer.") ? prefix + tensor.name.dropFirst(12) : tensor.name,
                tensor.shape)
        }
        let values = try load(tensors)
        let expected = (0..<5).flatMap { row in (0..<4).map { Float($0 * 5 + row + 1) } }
        #expect(values["block1.up.weight"] == expected)
        #expect(values["block1.up.bias"] == [1, 2, 3, 4, 5])
        #expect(values["head.weight"] == (1...15).map(Float.init))
    }

    /// Our own names come first, and nothing is renamed if most names are unknown.
    @Test func ownNamesComeFirst() throws {
        let own = [
            Self.tensor("block1.up.weight", [5, 4]), Self.tensor("block1.up.bias", [5]),
            Self.tensor("head.weight", [3, 5]), Self.tensor("head.bias", [3]),
        ]
        #expect(try load(own)["block1.up.weight"] == (1...20).map(Float.init))
        let half = own.dropLast() + [Self.tensor("score.bias", [3])]
        #expect(try load(Array(half))["head.bias"] == [1, 2, 3])
        let error = #expect(throws: CheckpointError.self) {
            try load(own.dropLast() + ["score.bias", "a", "b"].map { Self.tensor($0, [3]) })
        }
        #expect(error?.description.contains("3 unexpected: a, b, score.bias") == true)
    }

    /// A file in which the shapes are this program's has nothing transposed.
    @Test func shapesTellWhatIsTransposed() throws {
        let values = try load([Self.tensor("h.0.mlp.c_fc.weight", [5, 4])] + Self.foreign.dropFirst())
        #expect(values["block1.up.weight"] == (1...20).map(Float.init))
    }

    @Test func misfitsHaveOurNames() throws {
        let error = #expect(throws: CheckpointError.self) {
            try load([Self.tensor("transformer.h.0.mlp.c_fc.weight", [6, 4])] + Self.foreign.dropFirst())
        }
        #expect(
            error?.description.contains(
                "1 of another shape or type: block1.up.weight (F32 [6, 4], the model has F32 [4, 5])")
                == true,
            "\(error?.description ?? "")")
    }
}
