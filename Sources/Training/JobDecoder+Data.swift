import Configuration
import Datasets

// `data`: where the samples come from, and how they are prepared.
extension JobDecoder {
    static func data(_ fields: ObjectDecoder) -> DataSpec? {
        let train = fields.required("train", source)
        let validation = fields.optional("validation", source)
        let test = fields.optional("test", source)
        let normalization = fields.optional("normalize", Self.normalization, default: .features(.none))
        let augmentation = fields.optional("augment", .object(Self.augmentation))
        return train.map {
            var spec = DataSpec(
                train: $0, validation: validation, test: test, normalization: normalization.kind, augmentation: augmentation)
            spec.whitening = normalization.whitening
            return spec
        }
    }

    static var source: Expectation<DataSpec.Source> {
        Expectation<DataSpec.Source>.inlineVariant("a data set", among: ["builtin", "idx"]) { choice in
            guard let argument = choice.argument else { return nil }
            if choice.name == "builtin" {
                return Expectation<String>.oneOf(["digits"]).read(argument, choice.fields.diagnostics).map { _ in .digits }
            }
            return Expectation<DataSpec.Source>.object { fields in
                let images = fields.required("images", .nonEmptyString)
                let labels = fields.required("labels", .nonEmptyString)
                guard let images, let labels else { return nil }
                return .idx(images: images, labels: labels)
            }.read(argument, choice.fields.diagnostics)
        }
    }
}
