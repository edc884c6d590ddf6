import Configuration
import Datasets

extension Augmentation {
    var value: ConfigValue {
        func range(_ range: ClosedRange<Double>) -> ConfigValue {
            .array([.number(range.lowerBound), .number(range.upperBound)])
        }
        let fill: ConfigValue =
            switch fill {
            case .value(let value): .number(value)
            case .mean: .string("mean")
            case .edge: .string("edge")
            }
        return .object([
            ("random_crop", .object([("padding", .array([.int(cropPadding.x), .int(cropPadding.y)]))])),
            ("horizontal_flip", .number(horizontalFlip)), ("vertical_flip", .number(verticalFlip)),
            ("rotation", range(rotation)),
            ("translation", .array([.number(translation.x), .number(translation.y)])),
            ("scale", range(scale)), ("stretch", range(stretch)), ("shear", range(shear)),
            ("brightness", .number(brightness)), ("contrast", .number(contrast)), ("fill", fill),
        ])
    }
}
