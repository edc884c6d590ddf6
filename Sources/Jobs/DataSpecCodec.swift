import Configuration
import Datasets

// `data`: where the samples come from, and how they are prepared.
extension DataSpec {
    /// - Parameter seed: the job's, which is the split's unless it has one of its own
    static func codec(seed: UInt64) -> Codec<DataSpec> {
        .object(DataSpec(train: .digits), check: checkSets) {
            Field(
                required: "train", \.train, .dataSource(like: nil), "The training set.",
                example: "{builtin: \"digits\"}")
            Field(
                "validation", \.validation, .dataSource(like: nil),
                "The validation set, on which the model is evaluated after every epoch.",
                example: "{builtin: \"digits\"}", given: { .dataSource(like: $0.train) })
            Field(
                "test", \.test, .dataSource(like: nil),
                "The test set, on which the trained model is evaluated once, at the end.",
                example: "{builtin: \"digits\"}", given: { .dataSource(like: $0.train) })
            Field(
                "split", \.split, DataSplit.codec(seed: seed),
                "Takes the validation set, the test set or both out of the training set; a number is the "
                    + "fraction for validation.",
                example: "{validation: 0.15, test: 0.15, stratify: true}")
            Field(
                "normalize", \.preparation, Preparation.codec,
                "How features are brought to one scale, with numbers measured on the training set.",
                example: "\"z_score\"")
            Field(
                "target", \.target, .oneOf(Target.self),
                "What the model learns to predict: the data's own targets, or the input (an autoencoder).",
                example: "\"input\"", omitsDefault: true)
            Field(
                "augment", \.augmentation, Augmentation.codec,
                "Varies the training set's images anew in each epoch (see `dist-train data preview`).",
                example: "{horizontal_flip: true}")
        }
    }

    @Sendable private static func checkSets(_ data: DataSpec, _ decoder: ObjectDecoder) {
        for (name, source) in [("validation", data.validation), ("test", data.test)] {
            guard case .builtin(let set)? = source, !set.hasParts, data.train.isBuiltin(set) else { continue }
            decoder.error(
                "`\(set.rawValue)` has no part of its own for \(name), so that its samples would be those of"
                    + " the training set", atValueOf: name,
                label: "leave it out, and set split: {\(name): 0.2, stratify: true}")
        }
        guard let split = data.split else { return }
        for (name, fraction) in [("validation", split.validation), ("test", split.test)]
        where fraction != nil && decoder.contains(name) {
            let only = [split.validation, split.test].contains { $0 == nil }
            decoder.error(
                "there is a \(name) set already", atKey: "split",
                label: only ? "leave out `split`, or `\(name)`" : "leave out `split.\(name)`, or `\(name)`")
        }
    }

    fileprivate var preparation: Preparation {
        get { whitening.map(Preparation.whitening) ?? .features(normalization) }
        set {
            switch newValue {
            case .features(let kind):
                normalization = kind
                whitening = nil
            case .whitening(let spec):
                normalization = .none
                whitening = spec
            }
        }
    }
}

/// `data.normalize`: what is done with each feature alone, or the whitening of all of them together.
private enum Preparation: Equatable, Sendable {
    case features(Normalization.Kind)
    case whitening(WhiteningSpec)

    static let codec = Codec<Preparation>.variant(
        "a normalisation",
        [
            Choice("none", "Features stay as they are.", is: .features(.none)),
            Choice(
                "z_score", "Mean 0 and variance 1, per channel of images and per column of tables.",
                is: .features(.zScore)),
            Choice("min_max", "Values from 0 to 1, per channel or column.", is: .features(.minMax)),
            whitening(
                .pca, "Principal components of the features, each with variance 1.",
                "{epsilon: 0.01, components: 50}"),
            whitening(
                .zca, "Variance 1 and correlation 0 with as little change of the samples as possible.",
                "{epsilon: 0.01}"),
        ])

    private static func whitening(_ kind: WhiteningSpec.Kind, _ sentence: String, _ example: String)
        -> Choice<
            Preparation
        >
    {
        let object = ObjectCodec(WhiteningSpec(kind: kind)) {
            Field(
                "epsilon", \.epsilon, .number(.atLeast(1e-30)),
                "Added to the variances of the raw features (of bytes: 0 to 255).", example: "0.1")
            if kind == .pca {
                Field(
                    "components", \.components, .int(1...65_536), "The first so many principal components.",
                    example: "50", default: "all")
            }
        }
        return Choice(
            kind.rawValue, sentence, example: example, object, to: { .whitening($0) },
            from: { if case .whitening(let spec) = $0, spec.kind == kind { spec } else { nil } })
    }
}

extension DataSpec.Source {
    /// Whether this is the set, or its first samples.
    fileprivate func isBuiltin(_ set: EmbeddedDataset) -> Bool {
        if case .limited(let source, _) = self { return source.isBuiltin(set) }
        return self == .builtin(set)
    }
}
