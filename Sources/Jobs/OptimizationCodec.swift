import Configuration
import NeuralNetwork

// The fields beside an optimizer: `regularization`, `clip`, `ema`, `learning_rates`.

extension Regularization {
    static let codec = Codec<Regularization>.object(
        Regularization(),
        check: { _, decoder in
            guard decoder.contains("elastic_net"), decoder.contains("l1") || decoder.contains("l2") else {
                return
            }
            decoder.error(
                "`elastic_net` says what `l1` and `l2` would say", atKey: "elastic_net",
                label: "give either it or them")
        }
    ) {
        Field("l1", \.l1, .number(.nonNegative), "Factor of the sum of absolute weights.", example: "1e-4")
        Field(
            "l2", \.l2, .number(.nonNegative), "Factor of half the sum of squared weights.", example: "1e-4")
        Field(
            "elastic_net", \.elasticNet, ElasticNet.codec, "Both in scikit-learn's form, instead of them.",
            example: "{alpha: 0.1, l1_ratio: 0.5}")
    }

    /// Another way to give both numbers; never written.
    private var elasticNet: ElasticNet? {
        get { nil }
        set { if let newValue { self = Regularization(alpha: newValue.alpha, l1Ratio: newValue.ratio) } }
    }
}

/// scikit-learn's elastic net: `alpha · (ratio · ‖w‖₁ + (1 − ratio)/2 · ‖w‖²)`.
private struct ElasticNet: Sendable {
    var alpha = 0.0
    var ratio = 0.5

    static let codec = Codec<ElasticNet>.object(ElasticNet()) {
        Field(
            required: "alpha", \.alpha, .number(.nonNegative), "Factor of the whole penalty.", example: "0.1")
        Field("l1_ratio", \.ratio, .number(0...1), "The part that L1 has of it.", example: "0.9")
    }
}

extension GradientClipping {
    static let codec = Codec<GradientClipping>.choice(
        "a way to clip gradients",
        [
            Choice(
                "global_norm", .number(.positive),
                "Scales the whole gradient so that its norm is at most this.", example: "1",
                to: { .globalNorm($0) }, from: { if case .globalNorm(let most) = $0 { most } else { nil } }),
            Choice(
                "value", .number(.positive), "Brings every element of the gradient between -v and v.",
                example: "0.5", to: { .value($0) },
                from: { if case .value(let most) = $0 { most } else { nil } }
            ),
        ])
}

extension WeightAverage {
    /// A number is the decay.
    static let codec = fraction.shorthand { WeightAverage(decay: $0) }.or(object)

    private static let fraction = Codec<Double>.number(.from(0, below: 1))

    private static let object = Codec<WeightAverage>.object(WeightAverage()) {
        Field(
            "decay", \.decay, fraction, "Fraction of the average that stays in each step.", example: "0.9999")
        Field(
            "warmup", \.isWarmed, .bool,
            "Limits the fraction to n/(n + 9) in step n, from 0, so that the average forgets the beginning of"
                + " a training; without it the average is PyTorch's AveragedModel.", example: "false")
    }
}

extension LowRankAdapters {
    static let codec = Codec<LowRankAdapters>.object(LowRankAdapters()) {
        Field("rank", \.rank, .int(1...4096), "Columns of A and rows of B.", example: "16")
        Field(
            "alpha", \.alpha, .number(.positive), "The adapters' part has the factor alpha/rank.",
            example: "32")
        Field(
            required: "on", \.layers, .names,
            "Dense layers, or blocks of them, that get adapters; `attention` covers all those of attentions.",
            example: "[\"attention\"]")
        Field(
            "train", \.trained, .names, "Layers that are trained as a whole, such as a new head.",
            example: "[\"head\"]", omitsDefault: true)
    }
}

extension Optimization.RateFactor {
    /// Factors of the learning rate by the beginning of tensors' names.
    static let factors = Codec<[(key: String, value: Double)]>.table(of: .number(.nonNegative)).map(
        to: { members in members.map { Optimization.RateFactor($0.key, $0.value) } },
        from: { factors in factors.map { (key: $0.prefix, value: $0.factor) } })
}
