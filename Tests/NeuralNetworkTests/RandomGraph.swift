import Kernels
import NeuralNetwork

/// A model drawn by chance, of every kind of layer and block, that ends in four outputs.
struct RandomGraph {
    static let input = TensorShape([8, 8, 3])
    let input: TensorShape
    private(set) var layers: [NamedLayer] = []
    private var random: RandomStream
    private var channels = 3
    private var side: Int
    private var count = 0
    private let isOurs: Bool

    /// - Parameters:
    ///   - side: of the input's images, a multiple of 8.
    ///   - isOurs: true for convolutions of our own kernels alone.
    init(seed: UInt64, side: Int = 8, isOurs: Bool = false) {
        (self.side, self.isOurs) = (side, isOurs)
        input = TensorShape([side, side, 3])
        random = RandomStream(seed: seed, purpose: .test)
        appendNormed(channels: isOurs ? 16 : [16, 20, 3][random.below(3)])
        for _ in 0..<(3 + random.below(3)) { appendPiece() }
        if random.below(2) == 0 {
            append(.globalPool(random.below(2) == 0 ? .average : .maximum))
        } else {
            append(.flatten)
        }
        append(Self.dense(24))
        append(norm)
        append(.activation(.relu))
        append(Self.dense(4))
    }

    private static func dense(_ units: Int) -> LayerSpec {
        .dense(units: units, bias: true, initializer: .heNormal)
    }

    private static func conv(_ channels: Int, _ size: Int = 3) -> LayerSpec {
        .convolution(
            channels: channels, window: Window(size, stride: 1, padding: .same), bias: false,
            initializer: .heNormal)
    }

    private static func strided(_ channels: Int, _ size: Int) -> LayerSpec {
        .convolution(
            channels: channels, window: Window(size, stride: 2, padding: .same), bias: true,
            initializer: .heNormal)
    }

    private var norm: LayerSpec { .batchNorm(momentum: 0.1, epsilon: 1e-3, synchronized: true) }

    private mutating func anyNorm() -> LayerSpec {
        .batchNorm(momentum: 0.1, epsilon: 1e-3, synchronized: random.below(3) > 0)
    }

    private mutating func name() -> String {
        count += 1
        return "l\(count)"
    }

    private mutating func append(_ spec: LayerSpec, from: [String] = []) {
        layers.append(NamedLayer(name(), spec, from: from))
    }

    private mutating func named(_ specs: [LayerSpec]) -> [NamedLayer] { specs.map { NamedLayer(name(), $0) } }

    private mutating func activation() -> [LayerSpec] {
        let all: [LayerSpec?] = [
            .activation(.relu), .activation(.leakyReLU(slope: 0.1)), .activation(.tanh), .activation(.elu()),
            .activation(.sigmoid), .gelu(.exact), .gelu(.tanh), nil, .activation(.relu),
        ]
        return all[random.below(all.count)].map { [$0] } ?? []
    }

    private mutating func appendNormed(channels: Int) {
        self.channels = channels
        for spec in [Self.conv(channels), anyNorm()] + activation() { append(spec) }
    }

    private mutating func appendPiece() {
        if isOurs { return appendOurPiece() }
        switch random.below(11) {
        case 0: appendNormed(channels: [8, 16, 20][random.below(3)])
        case 1:
            append(
                .residual(
                    body: named(
                        [Self.conv(channels), anyNorm()] + activation() + [Self.conv(channels), anyNorm()]),
                    shortcut: .identity))
            for spec in activation() { append(spec) }
        case 2:
            channels += 4
            append(.residual(body: named([Self.conv(channels), anyNorm()]), shortcut: .automatic))
            for spec in activation() { append(spec) }
        case 3:
            append(
                .residual(
                    body: named([anyNorm()] + activation() + [Self.conv(channels)]), shortcut: .identity))
        case 4 where side >= 4:
            append(.pool(random.below(3) > 0 ? .maximum : .average, window: Window(2)))
            side /= 2
        case 5: append(.dropout(rate: 0.3))
        case 6:
            let pool = LayerSpec.pool(.maximum, window: Window(3, stride: 1, padding: .same))
            append(
                .branches([
                    named([Self.conv(8), anyNorm()] + activation()), named([pool]), named([Self.conv(5, 1)]),
                ]))
            channels += 13
        case 7 where channels.isMultiple(of: 4):
            append(.maxout(pieces: 2))
            channels /= 2
        case 8:
            let last = layers[layers.count - 1].name
            append(.add, from: random.below(2) == 0 ? [last, last] : [last, last, last])
        case 9:
            // A shortcut around a batch norm, which also reads what others read; and activations one behind
            // another.
            append(.residual(body: named([anyNorm()]), shortcut: .identity))
            for spec in activation() + activation() { append(spec) }
        case 10:
            let (hasScale, hasShift) = (random.below(3) > 0, random.below(3) > 0)
            append(.layerNorm(epsilon: 1e-3, hasScale: hasScale, hasShift: hasShift))
            for spec in activation() { append(spec) }
        default: append(.activation(.relu))
        }
    }

    private mutating func appendOurPiece() {
        switch random.below(10) {
        case 0: appendNormed(channels: [16, 32, 48][random.below(3)])
        case 1:
            append(
                .residual(
                    body: named(
                        [Self.conv(channels), anyNorm()] + activation() + [Self.conv(channels), norm]),
                    shortcut: .identity))
            for spec in activation() { append(spec) }
        case 2 where side >= 4:
            channels = 32
            append(Self.strided(channels, [1, 3, 5][random.below(3)]))
            side /= 2
            for spec in activation() { append(spec) }
        case 3 where side >= 4:
            append(
                .pool(
                    random.below(2) == 0 ? .maximum : .average, window: Window(3, stride: 2, padding: .same)))
            side /= 2
        case 4:
            append(.branches([named([Self.conv(16), anyNorm()] + activation()), named([Self.conv(32, 5)])]))
            channels = 48
        case 5 where channels == 32:
            append(.maxout(pieces: 2))
            channels = 16
        case 6:
            let last = layers[layers.count - 1].name
            append(.add, from: [last, last, last])
        case 7: append(.layerNorm(epsilon: 1e-3, hasScale: true, hasShift: random.below(2) == 0))
        case 8: append(.softmax)
        default: for spec in activation() + activation() { append(spec) }
        }
    }
}
