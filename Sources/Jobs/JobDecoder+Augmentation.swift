import Configuration
import Datasets

// `data.augment`: how the training set's images are varied.
extension JobDecoder {
    static func augmentation(_ fields: ObjectDecoder) -> Augmentation? {
        var augmentation = Augmentation()
        let crop = Expectation<Augmentation.Pair<Int>>.object { $0.required("padding", pair(.int(0...4096))) }
        augmentation.cropPadding = fields.optional("random_crop", crop, default: augmentation.cropPadding)
        augmentation.horizontalFlip = fields.optional("horizontal_flip", probability, default: 0)
        augmentation.verticalFlip = fields.optional("vertical_flip", probability, default: 0)
        augmentation.rotation = fields.optional(
            "rotation", range(.number(-360...360), symmetric: .number(0...360)), default: 0...0)
        augmentation.translation = fields.optional(
            "translation", pair(.number(0...1)), default: augmentation.translation)
        augmentation.scale = fields.optional("scale", range(.number(0.01...100)), default: 1...1)
        augmentation.stretch = fields.optional("stretch", range(.number(0.01...100)), default: 1...1)
        augmentation.shear = fields.optional(
            "shear", range(.number(-80...80), symmetric: .number(0...80)), default: 0...0)
        augmentation.brightness = fields.optional("brightness", .number(0...1000), default: 0)
        augmentation.contrast = fields.optional("contrast", .number(0...1000), default: 0)
        let value = Expectation<Double>.number().map(Augmentation.Fill.value)
        augmentation.fill = fields.optional("fill", value.or(fillWords), default: augmentation.fill)
        return augmentation
    }

    private static var fillWords: Expectation<Augmentation.Fill> {
        Expectation<String>.oneOf(["mean", "edge"]).map { $0 == "mean" ? .mean : .edge }
    }

    /// `true` is as likely as not.
    private static var probability: Expectation<Double> {
        Expectation<Double>.number(0...1).or(Expectation<Bool>.bool.map { $0 ? 0.5 : 0 })
    }

    /// One number for both directions, or `[x, y]`.
    private static func pair<Value>(_ number: Expectation<Value>) -> Expectation<Augmentation.Pair<Value>> {
        number.map { Augmentation.Pair($0, $0) }.or(
            Expectation<[Value]>.array(of: number, count: 2...2).map { Augmentation.Pair($0[0], $0[1]) })
    }

    /// `[least, greatest]`, or with `symmetric` also one number a for [−a, a].
    private static func range(_ bound: Expectation<Double>, symmetric: Expectation<Double>? = nil)
        -> Expectation<ClosedRange<Double>>
    {
        let list = Expectation<[Double]>.array(of: bound, count: 2...2)
        let ordered = Expectation<ClosedRange<Double>>(list.description) { value, diagnostics in
            guard let bounds = list.read(value, diagnostics) else { return nil }
            guard bounds[0] <= bounds[1] else {
                diagnostics.error(
                    "\(value.path.name) must be a list with the smaller number first", at: value)
                return nil
            }
            return bounds[0]...bounds[1]
        }
        guard let symmetric else { return ordered }
        let either = symmetric.map { (0 - $0)...$0 }.or(ordered)
        // A list that is wrong is told what is wrong with a list.
        return Expectation(either.description) { value, diagnostics in
            (value.elements == nil ? either : ordered).read(value, diagnostics)
        }
    }
}
