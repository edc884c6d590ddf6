import Configuration
import NeuralNetwork

// Groups of fields that several kinds of layers have: windows and batch normalisation.

/// Height and width.
struct Sides: Equatable, Sendable {
    var height: Int
    var width: Int

    init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }
}

extension Codec where Value == Sides {
    /// `3`, or `[3, 5]`: height and width.
    static func sides(_ range: ClosedRange<Int>) -> Self {
        Codec<Int>.int(range).shorthand { Sides($0, $0) }
            .or(
                Codec<[Int]>.array(of: .int(range), count: 2...2)
                    .map(to: { Sides($0[0], $0[1]) }, from: { [$0.height, $0.width] }))
    }
}

/// The window of a convolution or a pool.
struct WindowFields: Sendable {
    var size = Sides(3, 3)
    /// Nil: the size.
    var stride: Sides?
    var padding = Window.Padding.same

    static let largest = 4096

    /// - Parameters:
    ///   - stride: the default of the stride, in words
    ///   - size: the field of the window's size
    static func codec(
        _ blank: WindowFields, stride: String = "",
        @FieldBuilder<WindowFields> size: () -> [Field<WindowFields>]
    ) -> ObjectCodec<WindowFields> {
        let size = size()
        return ObjectCodec(blank) {
            size
            Field(
                "stride", \.stride, .sides(1...largest), "Distance from one window to the next.",
                example: "[2, 1]", default: stride)
            Field(
                "padding", \.padding, Window.Padding.codec,
                "Zeros around the image: "
                    + "so many that its size stays at stride 1 ((k - 1)/2 before and k/2 behind at any stride"
                    + ", rounded down), none, or a number for each side.",
                example: "{top: 1, left: 1}")
        }
    }
}

extension Window {
    var fields: WindowFields {
        get {
            WindowFields(
                size: Sides(height, width), stride: Sides(strideHeight, strideWidth), padding: padding)
        }
        set {
            let stride = newValue.stride ?? newValue.size
            self = Window(
                (newValue.size.height, newValue.size.width), stride: (stride.height, stride.width),
                padding: newValue.padding, roundsUp: roundsUp)
        }
    }

    /// Whether a last window that does not fit as a whole counts.
    var countsPartial: Bool {
        get { roundsUp }
        set {
            self = Window(
                (height, width), stride: (strideHeight, strideWidth), padding: padding, roundsUp: newValue)
        }
    }
}

extension Window.Padding {
    /// `"same"`, `"valid"`, `1`, `[1, 2]` (above and below, left and right), `{top: 1, left: 1}`.
    static let codec: Codec<Window.Padding> = {
        let words = Codec<String>.oneOf(["same", "valid"]).map(
            to: { $0 == "same" ? Window.Padding.same : .valid },
            from: { $0 == .same ? "same" : $0 == .valid ? "valid" : nil })
        let numbers = Codec<Sides>.sides(0...WindowFields.largest).shorthand { sides in
            Window.Padding.explicit(
                top: sides.height, bottom: sides.height, left: sides.width, right: sides.width)
        }
        let sides = Codec<PaddingFields>.object(PaddingFields()) {
            Field("top", \.top, .int(0...WindowFields.largest), "Rows above.", example: "1")
            Field("bottom", \.bottom, .int(0...WindowFields.largest), "Rows below.", example: "1")
            Field("left", \.left, .int(0...WindowFields.largest), "Columns on the left.", example: "1")
            Field("right", \.right, .int(0...WindowFields.largest), "Columns on the right.", example: "1")
        }.map(
            to: { Window.Padding.explicit(top: $0.top, bottom: $0.bottom, left: $0.left, right: $0.right) },
            from: { padding -> PaddingFields? in
                guard case .explicit(let top, let bottom, let left, let right) = padding else { return nil }
                return PaddingFields(top: top, bottom: bottom, left: left, right: right)
            })
        return words.or(numbers).or(sides).named("padding")
    }()
}

private struct PaddingFields: Sendable {
    var top = 0
    var bottom = 0
    var left = 0
    var right = 0
}

/// The numbers of a batch normalisation.
struct BatchNormFields: Sendable {
    var momentum = 0.1
    var epsilon = 1e-5
    var synchronized = true

    var spec: LayerSpec { .batchNorm(momentum: momentum, epsilon: epsilon, synchronized: synchronized) }

    /// `true`, `false` (nil), or an object of fields.
    static let codec: Codec<LayerSpec?> = {
        let flag = Codec<Bool>.bool.map(
            to: { LayerSpec??.some($0 ? BatchNormFields().spec : nil) }, from: { $0 == nil ? false : nil })
        let object = Codec<BatchNormFields>.object(BatchNormFields()) {
            Field(
                "momentum", \.momentum, .number(.above(0, to: 1)),
                "Weight of a batch's statistics in the running ones (PyTorch's meaning).", example: "0.01")
            Field(
                "epsilon", \.epsilon, .number(.atLeast(1e-30)), "Added to the variance.", example: "1e-3")
            Field(
                "sync", \.synchronized, .bool,
                "Statistics of the global batch; with `false` each microbatch has its own, as each process of"
                    + " PyTorch's DDP has, but the running statistics are those of the whole batch.",
                example: "false")
        }.map(
            to: { LayerSpec??.some($0.spec) },
            from: { spec -> BatchNormFields? in
                guard case .batchNorm(let momentum, let epsilon, let synchronized)? = spec else { return nil }
                return BatchNormFields(momentum: momentum, epsilon: epsilon, synchronized: synchronized)
            })
        return flag.or(object).named("batch_norm")
    }()
}
