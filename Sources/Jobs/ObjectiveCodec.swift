import Configuration
import NeuralNetwork

// `loss` and `metrics`.

extension Loss {
    /// `"mse"`, or a loss with options: `{cross_entropy: {label_smoothing: 0.1, class_weights: "balanced"}}`.
    static let codec = Codec<Loss>.variant(
        "a loss",
        [
            choice(.crossEntropy, "Softmax cross-entropy of classes; the model ends in logits.") {
                Field(
                    "label_smoothing", \.labelSmoothing, .number(.from(0, below: 1)),
                    "The part of each label that is spread evenly over all classes.", example: "0.1",
                    omitsDefault: true)
                classWeights
            },
            choice(
                .binaryCrossEntropy, "Sigmoid cross-entropy of yes-or-no outputs; the model ends in logits."
            ) {
                classWeights
                Field(
                    "positive_weight", \.positiveWeights, weights,
                    "Factor of positive targets, one for all outputs or one for each.", example: "[3]",
                    default: "1", omitsDefault: true)
            },
            choice(.meanSquaredError, "Mean squared error.") {},
            choice(.meanAbsoluteError, "Mean absolute error.") {},
            choice(.rootMeanSquaredError, "Root of the batch's mean squared error.") {},
        ])

    private static func choice(
        _ kind: Kind, _ sentence: String, @FieldBuilder<Loss> _ fields: () -> [Field<Loss>]
    ) -> Choice<Loss> {
        Choice(
            kind.rawValue, sentence, ObjectCodec(Loss(kind)) { fields() }, to: { $0 },
            from: { $0.kind == kind ? $0 : nil })
    }

    private static let classWeights = Field(
        "class_weights", \Loss.classWeights,
        Codec<[Double]>.array(of: .number(.nonNegative), count: 1...1_000_000)
            .map(
                to: { ClassWeights.values($0) },
                from: { if case .values(let values) = $0 { values } else { nil } }
            )
            .or("balanced", is: .balanced),
        "Factors of the samples of each class; \"balanced\" gives every class the same weight in all.",
        example: "\"balanced\"")

    private static var weights: Codec<[Double]> {
        Codec<Double>.number(.positive).shorthand { [$0] }
            .or(.array(of: .number(.positive), count: 1...1_000_000))
    }
}

extension Metric {
    static let codec = Codec<Metric>(
        .special(
            "a metric, such as \"accuracy\" or \"top_5\"",
            schema: [
                "anyOf": [
                    ["enum": .array(names.map { .string($0) })],
                    ["type": "string", "pattern": "^top_[1-9][0-9]*$"],
                    ["enum": ["purity", "explained_variance_ratio"]],
                ]
            ], samples: ["top_3"]),
        hint: { value in
            guard case .string(let text) = value.kind,
                let nearest = Suggestion.nearest(to: text, among: names)
            else { return "known are \(names.joined(separator: ", "))" }
            return "did you mean \"\(nearest)\"?"
        },
        accept: { if case .string(let text) = $0.kind { Metric(name: text) } else { nil } },
        write: { .string($0.name) })

    static let list = Codec<[Metric]>.array(of: codec).checked {
        Set($0).count == $0.count ? nil : ("must name each metric once", nil)
    }
}
