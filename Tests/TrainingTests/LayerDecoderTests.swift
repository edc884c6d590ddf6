import NeuralNetwork
import Testing
import Training

@Suite struct LayerDecoderTests {
    private func layers(_ model: String) throws -> [NamedLayer] { try load(config(["model": "[\(model)]"])).job.layers }

    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)
    private static func dense(_ units: Int, bias: Bool = true, _ initializer: Initializer = .xavierUniform) -> LayerSpec {
        .dense(units: units, bias: bias, initializer: initializer)
    }

    @Test func anObjectStandsForLayerNormAndActivation() throws {
        #expect(
            try layers(#"{dense: 8, batch_norm: true, activation: "relu"}"#) == [
                NamedLayer("dense1", Self.dense(8, bias: false, .heNormal)), NamedLayer("dense1.bn", Self.norm),
                NamedLayer("dense1.relu", .activation(.relu)),
            ])
        #expect(
            try layers(#"{name: "h", dense: 8, activation: "softmax"}"#) == [
                NamedLayer("h", Self.dense(8)), NamedLayer("h.softmax", .softmax),
            ])
        #expect(
            try layers(#"{batch_norm: {momentum: 1}, activation: "tanh"}"#) == [
                NamedLayer("bn1", .batchNorm(momentum: 1, epsilon: 1e-5)), NamedLayer("bn1.tanh", .activation(.tanh)),
            ])
    }

    /// He's initialisation belongs to ReLU, no bias stands before a batch norm; both can be overruled.
    @Test func whatDependsOnTheRestOfTheObject() throws {
        #expect(try layers(#"{dense: 8, activation: "tanh"}"#)[0].spec == Self.dense(8))
        #expect(try layers(#"{dense: 8, activation: "relu", init: "xavier_normal"}"#)[0].spec == Self.dense(8, .xavierNormal))
        #expect(try layers("{dense: 8, batch_norm: true, bias: true}")[0].spec == Self.dense(8))
        #expect(try layers("{dense: 8, batch_norm: false}") == [NamedLayer("dense1", Self.dense(8))])
        #expect(try layers("{dense: 8, bias: false}")[0].spec == Self.dense(8, bias: false))
    }

    /// Every kind counts for itself, and named layers count too, so that naming one does not rename those after it.
    @Test func names() throws {
        let names = try layers(
            #""flatten", {dense: 4}, "relu", {dense: 4, name: "middle"}, "relu", {activation: "sigmoid"}, {batch_norm: true}, {dense: 4}, "softmax""#
        ).map(\.name)
        #expect(names == ["flatten1", "dense1", "relu1", "middle", "relu2", "sigmoid1", "bn1", "dense3", "softmax1"])
    }

    @Test func twoLayersCannotShareAName() throws {
        #expect(
            try complaint(config(["model": #"[{dense: 4, name: "a"}, {dense: 4, name: "a"}]"#])) == """
                error: two layers are called `a`
                  --> job.json5:6:34   model.1
                   |  model: [{dense: 4, name: "a"}, {dense: 4, name: "a"}],
                   |                                 ^^^^^^^^^^^^^^^^^^^^^ give one of them another `name`
                """)
        // Also where one of the names was made by the program.
        let shown = try complaint(config(["model": #"[{dense: 4, name: "dense2"}, {dense: 4}]"#]))
        #expect(shown?.hasPrefix("error: two layers are called `dense2`") == true)
    }

    @Test(arguments: [
        ("{dense: 4, name: \"a b\"}", "`name` must be a name of letters, digits"), ("{flatten: false}", "`flatten` must be true"),
        ("{dense: 4, activation: \"rleu\"}", "did you mean `relu`?"), ("\"dense\"", "`model.0` must be one of"),
        ("{}", "a layer must have one of"), ("17", "`model.0` must be an object, found 17"),
        ("{batch_norm: false, dense: 1, init: \"he\"}", "`init` must be one of `zeros`"),
        ("{dense: 4, batch_norm: {momentum: 0}}", "`momentum` must be"), ("{activation: \"relu\", units: 3}", "unknown field `units`"),
    ])
    func mistakes(layer: String, message: String) throws {
        let shown = try #require(try complaint(config(["model": "[\(layer)]"])))
        #expect(shown.contains(message), "\(shown)")
    }
}
