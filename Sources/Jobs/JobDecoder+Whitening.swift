import Configuration
import Datasets

// `data.normalize`: a word for what is done with each feature, or the whitening of all of them together.
extension JobDecoder {
    enum Preparation {
        case features(Normalization.Kind)
        case whitening(WhiteningSpec)

        var kind: Normalization.Kind { if case .features(let kind) = self { kind } else { .none } }
        var whitening: WhiteningSpec? { if case .whitening(let spec) = self { spec } else { nil } }
    }

    static var normalization: Expectation<Preparation> {
        let words = Normalization.Kind.allCases.map(\.rawValue)
        let names = words + WhiteningSpec.Kind.allCases.map(\.rawValue)
        return Expectation<Preparation>.variant("a normalisation", among: names) { choice in
            if let kind = Normalization.Kind(rawValue: choice.name) { return .features(kind) }
            guard let kind = WhiteningSpec.Kind(rawValue: choice.name) else { return nil }
            let epsilon = choice.fields.optional("epsilon", .number(.atLeast(1e-30)), default: 1e-2)
            let components = kind == .pca ? choice.fields.optional("components", .int(1...65_536)) : nil
            return .whitening(WhiteningSpec(kind: kind, epsilon: epsilon, components: components))
        }
    }
}
