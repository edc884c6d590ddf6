import Configuration
import Testing

@Suite struct SuggestionTests {
    /// The field of an object that the name `written` is taken for.
    private func suggestion(_ written: String, among fields: [String]) -> String? {
        let diagnostics = Diagnostics()
        let value = ConfigValue.object([(written, 1)])
        guard let object = ObjectDecoder(value, diagnostics) else { return nil }
        for field in fields { _ = object.optional(field, .any) }
        object.finish()
        let label = diagnostics.sorted.first?.label ?? ""
        return label.hasPrefix("did you mean") ? String(label.dropFirst(14).dropLast(2)) : nil
    }

    private static let fields = [
        "learning_rate", "weight_decay", "beta1", "beta2", "kernel", "stride", "size", "activation",
        "augment", "id",
    ]

    private static let cases: [(String, String?)] = [
        ("learning_rte", "learning_rate"), ("learnign_rate", "learning_rate"),
        ("learningRate", "learning_rate"),
        ("LEARNING-RATE", "learning_rate"),
        ("lr", "learning_rate"), ("wd", "weight_decay"), ("beta_1", "beta1"), ("beta3", "beta1"),
        ("sise", "size"), ("szie", "size"),
        ("kernal", "kernel"),
        ("kernel_size", "kernel"), ("augmentation", "augment"), ("act", "activation"), ("colour", nil),
        ("x", nil), ("if", nil),
        ("momentum", nil), ("", nil),
        ("strid", "stride"), ("strides", "stride"),
    ]

    @Test(arguments: cases) func nearestField(_ written: String, _ expected: String?) {
        #expect(suggestion(written, among: Self.fields) == expected)
    }

    /// Words of Keras, PyTorch and scikit-learn lead to the field that means the same, with its form where
    /// the name alone would not help.
    @Test(
        arguments: [
            ("batch_size", ["batch", "epochs"], "did you mean `batch`? write batch: {size: 32}"),
            ("batch_size", ["size", "microbatches"], "did you mean `size`?"),
            (
                "learning_rate", ["learning_rates", "optimizer"],
                "did you mean `optimizer`? write optimizer: {adam: {learning_rate: 1e-3}}"
            ),
            ("lr", ["learning_rate"], "did you mean `learning_rate`?"),
            ("Dense", ["dense", "conv"], "did you mean `dense`?"),
            ("nn.Linear", ["dense", "conv"], "did you mean `dense`?"),
            ("units", ["dense", "conv"], "did you mean `dense`? write dense: 64"),
            ("filters", ["dense", "conv"], "did you mean `conv`? write conv: 32"),
            ("Conv2d", ["dense", "conv"], "did you mean `conv`?"),
            ("kernel_size", ["kernel", "stride"], "did you mean `kernel`?"),
            ("BatchNormalization", ["batch_norm", "dense"], "did you mean `batch_norm`?"),
            ("CrossEntropyLoss", ["cross_entropy", "mse"], "did you mean `cross_entropy`?"),
            ("torch.nn.MSELoss", ["cross_entropy", "mse"], "did you mean `mse`?"),
            ("categorical_crossentropy", ["cross_entropy", "mse"], "did you mean `cross_entropy`?"),
            (
                "hidden_layer_sizes", ["model", "epochs"],
                "did you mean `model`? write model: [{dense: 64, activation: \"relu\"}, {dense: 3}]"
            ),
            (
                "alpha", ["regularization", "loss"],
                "did you mean `regularization`? write regularization: {l2: 1e-4}"
            ),
            ("n_clusters", ["clusters", "tolerance"], "did you mean `clusters`?"),
            ("max_iter", ["epochs", "seed"], "did you mean `epochs`?"),
            ("random_state", ["epochs", "seed"], "did you mean `seed`?"),
            ("keras.optimizers.Adam", ["adam", "sgd"], "did you mean `adam`?"),
            ("xyzzy", ["adam", "sgd"], "known fields: `adam`, `sgd`"),
        ] as [(String, [String], String)])
    func wordsOfOtherLibrariesAreKnown(word: String, fields: [String], label: String) {
        let diagnostics = Diagnostics()
        let object = ObjectDecoder(ConfigValue.object([(word, 1)]), diagnostics)
        for field in fields { _ = object?.optional(field, .any) }
        object?.finish()
        #expect(diagnostics.sorted.first?.label == label)
    }

    @Test func aFieldThatIsSetAlreadyIsNotSuggested() {
        let diagnostics = Diagnostics()
        let object = ObjectDecoder(["size": 1, "sise": 2], diagnostics)
        _ = object?.required("size", .int)
        object?.finish()
        #expect(diagnostics.sorted.map(\.label) == ["known fields: `size`"])
    }
}
