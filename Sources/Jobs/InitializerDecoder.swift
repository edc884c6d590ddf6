import Configuration
import NeuralNetwork

extension Expectation where Value == Initializer {
    /// A word, or one of the kinds that have numbers: `"he_normal"`, `{normal: {deviation: 0.01}}`, `{constant: 0.1}`, `{uniform: 0.05}`,
    /// `{uniform: {low: 0, high: 1}}`, `"orthogonal"`, `{orthogonal: {gain: 2}}`.
    static var initializer: Self {
        let kinds = ["orthogonal", "normal", "uniform", "constant"]
        return Expectation("an initializer, such as \"he_normal\" or {constant: 0}") { value, diagnostics in
            if case .string(let word) = value.kind {
                if word == "orthogonal" { return .orthogonal(gain: 1) }
                let words = Expectation<String>.oneOf(Initializer.named.map(\.name) + ["orthogonal"])
                return words.read(value, diagnostics).flatMap { word in
                    Initializer.named.first { $0.name == word }?.initializer
                }
            }
            guard let fields = ObjectDecoder(value, diagnostics) else { return nil }
            let chosen = fields.exactlyOne(of: kinds, what: "an initializer")
            let initializer = chosen.flatMap { decode($0.key, fields) }
            fields.finish()
            return initializer
        }
    }

    private static func decode(_ kind: String, _ fields: ObjectDecoder) -> Initializer? {
        switch kind {
        case "constant": fields.required(kind, .float).map { .constant($0) }
        case "uniform": fields.required(kind, uniform)
        case "normal":
            fields.required(
                kind,
                .object { fields in
                    fields.required("deviation", .number(.from(0, to: largest))).map {
                        .normal(deviation: $0)
                    }
                })
        default:
            fields.required(kind, .object { .orthogonal(gain: $0.optional("gain", .float, default: 1)) })
        }
    }

    /// `{uniform: 0.05}` is between −0.05 and 0.05.
    private static var uniform: Self {
        Expectation<Double>.number(.from(0, to: largest)).map { Initializer.uniform(low: -$0, high: $0) }.or(
            .object { fields in
                let (low, high) = (fields.required("low", .float), fields.required("high", .float))
                guard let low, let high else { return nil }
                if low > high { fields.error("`high` must not be below `low`", atValueOf: "high") }
                return .uniform(low: low, high: high)
            })
    }
}

/// Beyond it a draw might not be finite in single precision.
private let largest = 1e30

extension Expectation where Value == Double {
    fileprivate static var float: Self { .number(-largest...largest) }
}

extension Initializer {
    /// As a config has it.
    var value: ConfigValue {
        switch self {
        case .constant(let value): .object([("constant", .number(value))])
        case .uniform(let low, let high):
            .object([("uniform", .object([("low", .number(low)), ("high", .number(high))]))])
        case .normal(let deviation): .object([("normal", .object([("deviation", .number(deviation))]))])
        case .orthogonal(let gain): .object([("orthogonal", .object([("gain", .number(gain))]))])
        default: .string(name)
        }
    }
}
