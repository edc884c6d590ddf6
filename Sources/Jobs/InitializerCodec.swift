import Configuration
import NeuralNetwork

extension Initializer {
    /// A word, or one of the kinds that have numbers: `"he_normal"`, `{normal: {deviation: 0.01}}`,
    /// `{constant: 0.1}`, `{uniform: 0.05}`, `{uniform: {low: 0, high: 1}}`, `"orthogonal"`, `{orthogonal:
    /// {gain: 2}}`.
    static let codec = Codec<Initializer>.choice(
        "an initializer",
        [
            Choice("zeros", "All zeros.", is: .zeros),
            Choice("he_normal", "N(0, 2/fan_in); the default before ReLU and its kin.", is: .heNormal),
            Choice("he_uniform", "U(±√(6/fan_in)).", is: .heUniform),
            Choice("xavier_normal", "N(0, 2/(fan_in + fan_out)).", is: .xavierNormal),
            Choice(
                "xavier_uniform", "U(±√(6/(fan_in + fan_out))); the default elsewhere.", is: .xavierUniform),
            Choice(
                "constant", float, "One value.", example: "0.1", to: { .constant($0) },
                from: { if case .constant(let value) = $0 { value } else { nil } }),
            Choice(
                "uniform", uniform, "U(low, high); one number a is U(-a, a).", example: "0.05",
                to: { .uniform(low: $0.low, high: $0.high) },
                from: {
                    if case .uniform(let low, let high) = $0 { Bounds(low: low, high: high) } else { nil }
                }),
            Choice(
                "normal",
                .object(0.0) {
                    Field(
                        required: "deviation", \.self, .number(.from(0, to: largest)), "Standard deviation.",
                        example: "0.01")
                }, "N(0, deviation²).", example: "{deviation: 0.01}", to: { .normal(deviation: $0) },
                from: { if case .normal(let deviation) = $0 { deviation } else { nil } }),
            Choice(
                "orthogonal",
                .object(1.0) { Field("gain", \.self, float, "Factor of the matrix.", example: "2") },
                "Orthonormal rows or columns, times a gain.", example: "{gain: 2}",
                word: .orthogonal(gain: 1), to: { .orthogonal(gain: $0) },
                from: { if case .orthogonal(let gain) = $0 { gain } else { nil } }),
        ]
    ).named("initializer")

    private struct Bounds: Sendable {
        var low = 0.0
        var high = 0.0
    }

    /// Beyond it a draw might not be finite in single precision.
    private static let largest = 1e30

    private static var float: Codec<Double> { .number(-largest...largest) }

    private static var uniform: Codec<Bounds> {
        Codec<Double>.number(.from(0, to: largest)).shorthand { Bounds(low: -$0, high: $0) }
            .or(
                .object(
                    Bounds(),
                    check: { bounds, decoder in
                        guard decoder.contains("low"), decoder.contains("high"), bounds.low > bounds.high
                        else { return }
                        decoder.error("`high` must not be below `low`", atValueOf: "high")
                    }
                ) {
                    Field(required: "low", \.low, float, "Lower end.", example: "-0.5")
                    Field(required: "high", \.high, float, "Upper end.", example: "0.5")
                })
    }
}
