import Configuration
import Datasets

// `data.augment`: how the training set's images are varied.
extension Augmentation {
    static let codec = Codec<Augmentation>.object(Augmentation()) {
        Field.group(
            "random_crop", "Pads the image on every side and cuts the old size out at a random position.",
            example: "{padding: 2}"
        ) {
            Field(
                required: "padding", \.cropPadding, pair(.int(0...4096)),
                "Pixels on each side, the same in both directions or `[x, y]`.", example: "[2, 0]")
        }
        Field(
            "horizontal_flip", \.horizontalFlip, probability,
            "Probability of swapping left and right; `true` is 0.5.", example: "true")
        Field(
            "vertical_flip", \.verticalFlip, probability,
            "Probability of swapping top and bottom; `true` is 0.5.", example: "0.1")
        Field(
            "rotation", \.rotation, range(.number(-360...360), symmetric: .number(0...360)),
            "Degrees, counter-clockwise, `[least, greatest]`; a number a means `[-a, a]`.", example: "10")
        Field(
            "translation", \.translation, pair(.number(0...1)),
            "Largest shift as a fraction of width and height, or `[x, y]`; shifts are whole pixels.",
            example: "0.1")
        Field(
            "scale", \.scale, range(.number(0.01...100)), "Factor of the size, `[least, greatest]`.",
            example: "[0.9, 1.1]")
        Field(
            "stretch", \.stretch, range(.number(0.01...100)),
            "Factor of the width against the height at the same area, `[least, greatest]`.",
            example: "[0.9, 1.1]")
        Field(
            "shear", \.shear, range(.number(-80...80), symmetric: .number(0...80)),
            "Degrees of shear, `[least, greatest]`; a number a means `[-a, a]`.", example: "5")
        Field(
            "brightness", \.brightness, .number(0...1000),
            "Pixel values are multiplied by a factor from 1 - b to 1 + b; nothing is clipped.", example: "0.2"
        )
        Field(
            "contrast", \.contrast, .number(0...1000),
            "Distances from the image's mean are multiplied by a factor from 1 - c to 1 + c.", example: "0.2")
        Field(
            "fill", \.fill, fillCodec,
            "Value outside the image: "
                + "a raw value, the training set's mean per channel, or the nearest pixel.",
            example: "\"edge\"")
    }

    private static var fillCodec: Codec<Fill> {
        let value = Codec<Double>.number().map(
            to: Fill.value, from: { if case .value(let value) = $0 { value } else { nil } })
        let words = Codec<String>.oneOf(["mean", "edge"]).map(
            to: { $0 == "mean" ? Fill.mean : .edge },
            from: { $0 == .mean ? "mean" : $0 == .edge ? "edge" : nil })
        return value.or(words)
    }

    /// `true` is as likely as not.
    private static var probability: Codec<Double> {
        Codec<Double>.number(0...1).or(Codec<Bool>.bool.shorthand { $0 ? 0.5 : 0 })
    }

    /// One number for both directions, or `[x, y]`.
    private static func pair<Value>(_ number: Codec<Value>) -> Codec<Pair<Value>> {
        number.shorthand { Pair($0, $0) }
            .or(
                Codec<[Value]>.array(of: number, count: 2...2)
                    .map(to: { Pair($0[0], $0[1]) }, from: { [$0.x, $0.y] }))
    }

    /// `[least, greatest]`, or with `symmetric` also one number a for [−a, a].
    private static func range(_ bound: Codec<Double>, symmetric: Codec<Double>? = nil)
        -> Codec<ClosedRange<Double>>
    {
        let ordered = Codec<[Double]>.array(of: bound, count: 2...2)
            .checked { $0[0] <= $0[1] ? nil : ("must be a list with the smaller number first", nil) }
            .map(to: { $0[0]...$0[1] }, from: { [$0.lowerBound, $0.upperBound] })
        return symmetric.map { $0.shorthand { (0 - $0)...$0 }.or(ordered) } ?? ordered
    }
}
