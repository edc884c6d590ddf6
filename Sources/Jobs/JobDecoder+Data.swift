import Configuration
import Datasets

// `data`: where the samples come from, and how they are prepared.
extension JobDecoder {
    /// - Parameter seed: the job's, which is the split's unless it has one of its own
    static func data(_ fields: ObjectDecoder, seed: UInt64) -> DataSpec? {
        let train = fields.required("train", source(like: nil))
        let validation = fields.optional("validation", source(like: train))
        let test = fields.optional("test", source(like: train))
        let split = fields.optional("split", .object { Self.split($0, seed: seed) })
        if split != nil, fields.contains("validation") {
            fields.error(
                "there is a validation set already", atKey: "split",
                label: "leave out `split`, or `validation`")
        }
        let normalization = fields.optional("normalize", Self.normalization, default: .features(.none))
        let target = fields.optional("target", .oneOf(DataSpec.Target.self), default: .data)
        let augmentation = fields.optional("augment", .object(Self.augmentation))
        return train.map {
            var spec = DataSpec(
                train: $0, validation: validation, test: test, split: split,
                normalization: normalization.kind, target: target,
                augmentation: augmentation)
            spec.whitening = normalization.whitening
            return spec
        }
    }

    private static func split(_ fields: ObjectDecoder, seed: UInt64) -> DataSpec.Split? {
        let validation = fields.required("validation", .number(.above(0, below: 1)))
        let seed = fields.optional("seed", .unsigned, default: seed)
        return validation.map { DataSpec.Split(validation: $0, seed: seed) }
    }

    /// - Parameter train: the training data: others of the same kind have its settings unless they say otherwise
    private static func source(like train: DataSpec.Source?) -> Expectation<DataSpec.Source> {
        let kinds = ["builtin", "idx", "csv", "cifar10", "cifar100", "npy", "image_folder", "made_up"]
        let train = train?.unlimited
        return Expectation<DataSpec.Source>.inlineVariant("a data set", among: kinds) { choice in
            let limit = choice.fields.optional("limit", .int(1...))
            guard let argument = choice.argument else {
                choice.fields.diagnostics.error(
                    "\(choice.fields.path.name) must say which data set of the kind `\(choice.name)`",
                    at: choice.fields.value,
                    label: "such as \(example(choice.name))")
                return nil
            }
            let source = expectation(choice.name, like: train).read(argument, choice.fields.diagnostics)
            return source.map { source in limit.map { .limited(source, count: $0) } ?? source }
        }
    }

    private static func example(_ kind: String) -> String {
        switch kind {
        case "builtin": #"{builtin: "digits"}"#
        case "idx": #"{idx: {images: "FILE", labels: "FILE"}}"#
        case "csv": #"{csv: {path: "FILE", target: "COLUMN"}}"#
        case "npy": #"{npy: {features: "FILE", targets: "FILE"}}"#
        case "cifar10": #"{cifar10: "DIRECTORY"}"#
        case "made_up": "{made_up: {shape: [28, 28, 1], classes: 10, samples: 2048}}"
        default: #"{\#(kind): {path: "DIRECTORY"}}"#
        }
    }

    private static func expectation(_ kind: String, like train: DataSpec.Source?) -> Expectation<
        DataSpec.Source
    > {
        switch kind {
        case "builtin": Expectation<String>.oneOf(["digits"]).map { _ in .digits }
        case "idx": .object(idx)
        case "csv": .object { csv($0, like: train) }
        case "cifar10": strings.map { .cifar10($0) }
        case "cifar100": .object { cifar100($0, like: train) }
        case "npy": .object { npy($0, like: train) }
        case "made_up": .object { madeUp($0, like: train) }
        default: .object { imageFolder($0, like: train) }
        }
    }

    /// One string, or a list of at least one.
    private static var strings: Expectation<[String]> {
        Expectation<String>.nonEmptyString.map { [$0] }.or(
            .array(of: Expectation<String>.nonEmptyString, count: 1...Int.max))
    }

    // MARK: Kinds

    private static func idx(_ fields: ObjectDecoder) -> DataSpec.Source? {
        let images = fields.required("images", .nonEmptyString)
        let labels = fields.required("labels", .nonEmptyString)
        guard let images, let labels else { return nil }
        return .idx(images: images, labels: labels)
    }

    private static func csv(_ fields: ObjectDecoder, like train: DataSpec.Source?) -> DataSpec.Source? {
        var (usualFormat, usualRules) = (CSVFormat(), TableRules())
        if case .csv(_, let format, let rules)? = train { (usualFormat, usualRules) = (format, rules) }
        let path = fields.required("path", .nonEmptyString)
        let format = CSVFormat(
            hasHeader: fields.optional("header", .bool, default: usualFormat.hasHeader),
            delimiter: fields.optional(
                "delimiter", .oneOf(CSVFormat.Delimiter.self), default: usualFormat.delimiter),
            missing: fields.optional(
                "missing", .array(of: Expectation<String>.string), default: usualFormat.missing))
        let names = Expectation<[String]>.array(of: Expectation<String>.nonEmptyString)
        let rules = TableRules(
            targets: fields.optional("target", strings, default: usualRules.targets),
            task: fields.optional("task", .oneOf(TableRules.Task.self)) ?? usualRules.task,
            categorical: fields.optional("categorical", names, default: usualRules.categorical),
            ignored: fields.optional("ignore", names, default: usualRules.ignored),
            missingCells: fields.optional(
                "on_missing", .oneOf(TableRules.MissingCells.self), default: usualRules.missingCells))
        check(rules, like: train, fields)
        return path.map { .csv(path: $0, format, rules) }
    }

    private static func check(_ rules: TableRules, like train: DataSpec.Source?, _ fields: ObjectDecoder) {
        let isOwn = ["target", "task"].contains { fields.contains($0) }
        if let twice = rules.targets.indices.first(where: { rules.targets[..<$0].contains(rules.targets[$0]) }
        ), isOwn {
            fields.error("the target `\(rules.targets[twice])` is named twice", atValueOf: "target")
        }
        if rules.task != nil, rules.targets.isEmpty, isOwn {
            fields.error("a task needs a target", atValueOf: "task", label: "give `target`")
        }
        if rules.task == .classification, rules.targets.count > 1, isOwn {
            fields.error(
                "classification takes one target column", atValueOf: "task",
                label: "leave out `task`, or name one target")
        }
        guard case .csv(_, _, let training)? = train, rules != training else { return }
        let differing = [
            ("target", rules.targets != training.targets), ("task", rules.task != training.task),
            ("categorical", rules.categorical != training.categorical),
            ("ignore", rules.ignored != training.ignored),
            ("on_missing", rules.missingCells != training.missingCells),
        ]
        for (key, differs) in differing where differs {
            fields.error(
                "tables are encoded as the training data are, so `\(key)` cannot differ", atValueOf: key,
                label: "leave it out here")
        }
    }

    private static func cifar100(_ fields: ObjectDecoder, like train: DataSpec.Source?) -> DataSpec.Source? {
        var usual = CIFAR.Labels.fine
        if case .cifar100(_, let labels)? = train { usual = labels }
        let path = fields.required("path", .nonEmptyString)
        let labels = fields.optional("labels", .oneOf(CIFAR.Labels.self), default: usual)
        return path.map { .cifar100(path: $0, labels: labels) }
    }

    private static func npy(_ fields: ObjectDecoder, like train: DataSpec.Source?) -> DataSpec.Source? {
        var usual = DataSpec.NPYFiles(features: "")
        if case .npy(let files)? = train { usual = files }
        let features = fields.required("features", .nonEmptyString)
        let targets = fields.optional("targets", .nonEmptyString)
        let layout = fields.optional("layout", .oneOf(Dataset.ImageLayout.self), default: usual.layout)
        let classes = fields.optional("classes", .bool) ?? usual.classes
        if classes != nil, targets == nil, fields.contains("classes") {
            fields.error(
                "`classes` says what the targets are", atValueOf: "classes", label: "give `targets` too")
        }
        return features.map {
            .npy(
                DataSpec.NPYFiles(
                    features: $0, targets: targets, layout: layout, classes: targets == nil ? nil : classes))
        }
    }

    private static func imageFolder(_ fields: ObjectDecoder, like train: DataSpec.Source?) -> DataSpec.Source?
    {
        var usual = ImageFolder(path: "")
        if case .imageFolder(let folder)? = train { usual = folder }
        let side = Expectation<Int>.int(1...16_384)
        let sides = side.map { [$0, $0] }.or(.array(of: side, count: 2...2))
        let path = fields.required("path", .nonEmptyString)
        let size =
            fields.optional("size", sides).map { ImageFolder.Size(height: $0[0], width: $0[1]) } ?? usual.size
        let channels = fields.optional(
            "channels",
            Expectation<Int>("1 (grey) or 3 (red, green, blue)") { value in
                if case .number(let number) = value.kind, number.integer == 1 || number.integer == 3 {
                    number.integer
                } else {
                    nil
                }
            }, default: usual.channels)
        return path.map { .imageFolder(ImageFolder(path: $0, size: size, channels: channels)) }
    }
}

extension JobDecoder {
    private static func madeUp(_ fields: ObjectDecoder, like train: DataSpec.Source?) -> DataSpec.Source? {
        let side = Expectation<Int>.int(1...65_536)
        var (usualShape, usualClasses): ([Int]?, Int?)
        if case .madeUp(let data)? = train { (usualShape, usualClasses) = (data.shape, data.classes) }
        let shapes = Expectation<[Int]>.array(of: side, count: 1...3)
        let classes = Expectation<Int>.int(2...65_536)
        let shape =
            usualShape.map { fields.optional("shape", shapes, default: $0) }
            ?? fields.required("shape", shapes)
        let count =
            usualClasses.map { fields.optional("classes", classes, default: $0) }
            ?? fields.required("classes", classes)
        let samples = fields.required("samples", .int(1...16_777_216))
        if shape?.count == 2 {
            fields.error(
                "a sample's shape is [columns] or [height, width, channels]", atValueOf: "shape",
                label: "such as [28, 28, 1]")
            return nil
        }
        guard let shape, let count, let samples else { return nil }
        return .madeUp(MadeUpData(shape: shape, classes: count, samples: samples))
    }
}

extension DataSpec.Source {
    fileprivate var unlimited: DataSpec.Source {
        if case .limited(let source, _) = self { source } else { self }
    }
}
