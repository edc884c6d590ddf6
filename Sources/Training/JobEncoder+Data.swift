import Configuration
import Datasets

extension DataSpec {
    var value: ConfigValue {
        var members = [("train", train.value)]
        if let validation { members.append(("validation", validation.value)) }
        if let test { members.append(("test", test.value)) }
        members.append(("normalize", whitening?.value ?? .string(normalization.rawValue)))
        if let augmentation { members.append(("augment", augmentation.value)) }
        return .object(members)
    }
}

extension DataSpec.Source {
    var value: ConfigValue {
        switch self {
        case .digits: .object([("builtin", .string("digits"))])
        case .idx(let images, let labels):
            .object([("idx", .object([("images", .string(images)), ("labels", .string(labels))]))])
        }
    }
}

extension WhiteningSpec {
    fileprivate var value: ConfigValue {
        .object([
            (
                kind.rawValue,
                .object([("epsilon", .number(epsilon))] + (components.map { [("components", .int($0))] } ?? []))
            )
        ])
    }
}
