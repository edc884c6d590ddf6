import Configuration
import Datasets

extension DataSpec {
    var value: ConfigValue {
        var members = [("train", train.value)]
        if let validation { members.append(("validation", validation.value)) }
        if let test { members.append(("test", test.value)) }
        if let split {
            members.append(
                (
                    "split",
                    .object([("validation", .number(split.validation)), ("seed", .unsigned(split.seed))])
                ))
        }
        members.append(("normalize", whitening?.value ?? .string(normalization.rawValue)))
        if target != .data { members.append(("target", .string(target.rawValue))) }
        if let augmentation { members.append(("augment", augmentation.value)) }
        return .object(members)
    }
}

extension DataSpec.Source {
    var value: ConfigValue { .object(members) }

    private var members: [(String, ConfigValue)] {
        switch self {
        case .digits: [("builtin", .string("digits"))]
        case .idx(let images, let labels):
            [("idx", .object([("images", .string(images)), ("labels", .string(labels))]))]
        case .csv(let path, let format, let rules):
            [("csv", .object([("path", .string(path))] + format.members + rules.members))]
        case .cifar10(let paths): [("cifar10", .strings(paths))]
        case .cifar100(let path, let labels):
            [("cifar100", .object([("path", .string(path)), ("labels", .string(labels.rawValue))]))]
        case .npy(let files): [("npy", files.value)]
        case .imageFolder(let folder): [("image_folder", folder.value)]
        case .madeUp(let data):
            [
                (
                    "made_up",
                    .object([
                        ("shape", .array(data.shape.map { .int($0) })), ("classes", .int(data.classes)),
                        ("samples", .int(data.samples)),
                    ])
                )
            ]
        case .limited(let source, let count): source.members + [("limit", .int(count))]
        }
    }
}

extension WhiteningSpec {
    fileprivate var value: ConfigValue {
        .object([
            (
                kind.rawValue,
                .object(
                    [("epsilon", .number(epsilon))] + (components.map { [("components", .int($0))] } ?? []))
            )
        ])
    }
}

extension ConfigValue {
    /// A list of strings.
    static func strings(_ texts: [String]) -> ConfigValue { .array(texts.map { .string($0) }) }
}

extension CSVFormat {
    var members: [(String, ConfigValue)] {
        [
            ("header", .bool(hasHeader)), ("delimiter", .string(delimiter.rawValue)),
            ("missing", .strings(missing)),
        ]
    }
}

extension TableRules {
    fileprivate var members: [(String, ConfigValue)] {
        var members: [(String, ConfigValue)] = []
        if !targets.isEmpty {
            members.append(("target", targets.count == 1 ? .string(targets[0]) : .strings(targets)))
        }
        if let task { members.append(("task", .string(task.rawValue))) }
        return members + [
            ("categorical", .strings(categorical)), ("ignore", .strings(ignored)),
            ("on_missing", .string(missingCells.rawValue)),
        ]
    }
}

extension DataSpec.NPYFiles {
    fileprivate var value: ConfigValue {
        var members: [(String, ConfigValue)] = [("features", .string(features))]
        if let targets { members.append(("targets", .string(targets))) }
        members.append(("layout", .string(layout.rawValue)))
        if let classes { members.append(("classes", .bool(classes))) }
        return .object(members)
    }
}

extension ImageFolder {
    fileprivate var value: ConfigValue {
        var members: [(String, ConfigValue)] = [("path", .string(path))]
        if let size { members.append(("size", .array([.int(size.height), .int(size.width)]))) }
        return .object(members + [("channels", .int(channels))])
    }
}
