import Configuration
import Datasets
import NeuralNetwork
import Testing
import Training

/// Layer objects become layer → batch norm → activation, every one named, every one with its place.
@Suite struct JobLayerTests {
    private func layers(_ model: String) throws -> [NamedLayer] { try load(minimal(model: model)).job.layers }

    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)

    @Test func expansion() throws {
        let found = try layers("[\"flatten\", {dense: 64, batch_norm: true, activation: \"relu\"}, {dense: 10, name: \"head\"}]")
        #expect(
            found == [
                NamedLayer("flatten1", .flatten), NamedLayer("dense1", .dense(units: 64, bias: false, initializer: .heNormal)),
                NamedLayer("dense1.bn", Self.norm), NamedLayer("dense1.relu", .activation(.relu)),
                NamedLayer("head", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ])
    }

    @Test func ordinalsCountKinds() throws {
        let found = try layers(
            """
            ["flatten", {dense: 4}, "relu", {batch_norm: true}, {dense: 4, name: "x"}, {activation: "relu"}, {dense: 4},
             {batch_norm: {momentum: 0.5}}, "softmax"]
            """)
        #expect(found.map(\.name) == ["flatten1", "dense1", "relu1", "bn1", "x", "relu2", "dense3", "bn2", "softmax1"])
        #expect(found[7].spec == .batchNorm(momentum: 0.5, epsilon: 1e-5))
        #expect(found[8].spec == .softmax)
    }

    @Test(arguments: [
        ("{dense: 4}", true, Initializer.xavierUniform), ("{dense: 4, batch_norm: true}", false, .xavierUniform),
        ("{dense: 4, batch_norm: false}", true, .xavierUniform), ("{dense: 4, batch_norm: true, bias: true}", true, .xavierUniform),
        ("{dense: 4, activation: \"relu\"}", true, .heNormal), ("{dense: 4, activation: \"tanh\"}", true, .xavierUniform),
        ("{dense: 4, activation: \"relu\", init: \"zeros\"}", true, .zeros),
        ("{dense: 4, bias: false, init: \"he_uniform\"}", false, .heUniform),
    ])
    func biasAndStart(layer: String, bias: Bool, initializer: Initializer) throws {
        #expect(try layers("[\(layer)]")[0].spec == .dense(units: 4, bias: bias, initializer: initializer))
    }

    // MARK: What does not fit the data

    private static let digits = DataFacts(sampleShape: [8, 8, 1], classCount: 10, trainCount: 1437, validationCount: 360, testCount: 0)

    /// What is said about a job whose config is right, but not for the digits.
    private func misfit(_ model: String) throws -> String {
        let file = try load(minimal(model: model))
        do {
            _ = try TrainingPlan(file.job, Self.digits)
        } catch {
            let shown = "\(file.describe(error))"
            guard let path = shown.split(separator: "  --> ").dropFirst().first?.prefix(while: { $0 != ":" }) else { return shown }
            return shown.split(separator: path).joined(separator: "job.json5")
        }
        return ""
    }

    @Test func denseBeforeFlatten() throws {
        #expect(
            try misfit("[{dense: 10, activation: \"relu\"}]") == """
                error: `dense1` is a dense layer and wants a flat input, but the layer before it gives 8×8×1: put "flatten" before it
                  --> job.json5:3:11   model.0
                   |  model: [{dense: 10, activation: "relu"}],
                   |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                """)
    }

    /// The last layer of the job, the seventh, is the third element of the model.
    @Test func placeIsTheElementNotTheLayer() throws {
        let shown = try misfit(
            """
            ["flatten", {dense: 9, batch_norm: true, activation: "relu"}, {dense: 12, batch_norm: true, activation: "tanh"}]
            """)
        #expect(
            shown.hasPrefix("error: the model has 12 outputs, but the data has 10 classes: end the model with {dense: 10}\n"), "\(shown)")
        #expect(shown.contains("model.2\n"), "\(shown)")
    }

    @Test func errorWithoutALayer() throws {
        let file = try load(minimal(model: "[\"flatten\"]"))
        let error = PlanError("no layer is at fault")
        #expect(file.describe(error) as? PlanError == error)
        #expect(file.describe(PlanError("a layer that is not there", layer: 7)) is PlanError)
    }
}
