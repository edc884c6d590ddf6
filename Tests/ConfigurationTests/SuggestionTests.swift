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

    @Test func aFieldThatIsSetAlreadyIsNotSuggested() {
        let diagnostics = Diagnostics()
        let object = ObjectDecoder(["size": 1, "sise": 2], diagnostics)
        _ = object?.required("size", .int)
        object?.finish()
        #expect(diagnostics.sorted.map(\.label) == ["known fields: `size`"])
    }
}
