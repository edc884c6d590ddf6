import Configuration
import NeuralNetwork

// `loss` and `metrics`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func objective(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        let metrics = fields.optional("metrics", .array(of: Self.metric))
        if let metrics, Set(metrics).count < metrics.count {
            fields.error("`metrics` must name each metric once", atValueOf: "metrics")
        }
        return { job in job.metrics = metrics }
    }

    private static var metric: Expectation<Metric> {
        Expectation(
            "a metric, such as \"accuracy\" or \"top_5\"",
            hint: { value in
                guard case .string(let text) = value.kind,
                    let nearest = Suggestion.nearest(to: text, among: Metric.names)
                else {
                    return "known are \(Metric.names.joined(separator: ", "))"
                }
                return "did you mean \"\(nearest)\"?"
            },
            accept: { value in
                if case .string(let text) = value.kind { Metric(name: text) } else { nil }
            })
    }

    /// `"mse"`, or a loss with options: `{cross_entropy: {label_smoothing: 0.1, class_weights: "balanced"}}`.
    static var loss: Expectation<Loss> {
        .variant("a loss", among: Loss.Kind.allCases.map(\.rawValue)) { choice in
            guard let kind = Loss.Kind(rawValue: choice.name) else { return nil }
            let fields = choice.fields
            switch kind {
            case .crossEntropy:
                return Loss(
                    kind,
                    labelSmoothing: fields.optional(
                        "label_smoothing", .number(.from(0, below: 1)), default: 0),
                    classWeights: fields.optional("class_weights", Self.classWeights))
            case .binaryCrossEntropy:
                let weights = Expectation<Double>.number(.positive).map { [$0] }
                    .or(.array(of: Expectation<Double>.number(.positive), count: 1...1_000_000))
                return Loss(
                    kind, classWeights: fields.optional("class_weights", Self.classWeights),
                    positiveWeights: fields.optional("positive_weight", weights, default: []))
            default: return Loss(kind)
            }
        }
    }

    private static var classWeights: Expectation<Loss.ClassWeights> {
        Expectation<[Double]>.array(of: Expectation<Double>.number(.nonNegative), count: 1...1_000_000).map(
            Loss.ClassWeights.values
        )
        .or("balanced", is: .balanced)
    }
}
