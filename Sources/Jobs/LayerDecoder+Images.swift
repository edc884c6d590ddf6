import Configuration
import NeuralNetwork

/// Layers that slide a window over images: `{conv: 32, kernel: 3, stride: [2, 1], padding: "same"}`, `{max_pool: 2}`.
extension LayerDecoder {
    private static let largestSide = 4096

    func convolution(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, from) = head("conv", fields, &namer)
        let channels = fields.required("conv", .int(1...65_536))
        let size = fields.optional("kernel", Self.sides(1...Self.largestSide), default: Sides(3, 3))
        let window = window(fields, size, stride: Sides(1, 1), padding: .same, roundsUp: false)
        let tail = tail(fields, name)
        let bias = fields.optional("bias", .bool, default: !tail.hasNorm)
        let initializer = fields.optional("init", .initializer, default: tail.initializer)
        guard let channels else { return [] }
        let spec = LayerSpec.convolution(
            channels: channels * tail.pieces, window: window, bias: bias, initializer: initializer)
        return [NamedLayer(name, spec, from: from)] + tail.layers
    }

    func pool(_ function: PoolFunction, _ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, from) = head(function.word, fields, &namer)
        let size = fields.required(function.word, Self.sides(1...Self.largestSide))
        let roundsUp = fields.optional("ceil_mode", .bool, default: false)
        let window = window(
            fields, size ?? Sides(1, 1), stride: size ?? Sides(1, 1), padding: .valid, roundsUp: roundsUp)
        return size == nil ? [] : [NamedLayer(name, .pool(function, window: window), from: from)]
    }

    private func window(
        _ fields: ObjectDecoder, _ size: Sides, stride: Sides, padding: Window.Padding, roundsUp: Bool
    ) -> Window {
        let stride = fields.optional("stride", Self.sides(1...Self.largestSide), default: stride)
        let padding = fields.optional("padding", Self.padding, default: padding)
        return Window(
            (size.height, size.width), stride: (stride.height, stride.width), padding: padding,
            roundsUp: roundsUp)
    }

    private struct Sides {
        let height: Int
        let width: Int

        init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
    }

    /// `3`, or `[3, 5]`: height and width.
    private static func sides(_ range: ClosedRange<Int>) -> Expectation<Sides> {
        Expectation<Int>.int(range).map { Sides($0, $0) }.or(
            Expectation<[Int]>.array(of: .int(range), count: 2...2).map { Sides($0[0], $0[1]) })
    }

    /// `"same"`, `"valid"`, `1`, `[1, 2]` (above and below, left and right), `{top: 1, left: 1}`.
    private static var padding: Expectation<Window.Padding> {
        let words = Expectation<String>.oneOf(["same", "valid"]).map {
            $0 == "same" ? Window.Padding.same : .valid
        }
        let numbers = sides(0...largestSide).map { sides in
            Window.Padding.explicit(
                top: sides.height, bottom: sides.height, left: sides.width, right: sides.width)
        }
        let sides = Expectation<Window.Padding>.object { fields in
            let side = { (name: String) in fields.optional(name, .int(0...largestSide), default: 0) }
            return .explicit(
                top: side("top"), bottom: side("bottom"), left: side("left"), right: side("right"))
        }
        return words.or(numbers).or(sides)
    }
}

extension PoolFunction {
    /// The word for it in configs.
    var word: String { self == .maximum ? "max_pool" : "average_pool" }
}

extension Window {
    /// Its steps and padding, as a config has them.
    var members: [(String, ConfigValue)] {
        [("stride", .pair(strideHeight, strideWidth)), ("padding", padding.value)]
    }
}

extension Window.Padding {
    fileprivate var value: ConfigValue {
        switch self {
        case .same: "same"
        case .valid: "valid"
        case .explicit(let top, let bottom, let left, let right):
            .object([
                ("top", .int(top)), ("bottom", .int(bottom)), ("left", .int(left)), ("right", .int(right)),
            ])
        }
    }
}

extension ConfigValue {
    static func pair(_ height: Int, _ width: Int) -> ConfigValue { .array([.int(height), .int(width)]) }
}
