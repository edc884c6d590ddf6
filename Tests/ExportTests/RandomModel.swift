import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// A network drawn by chance, of every kind of layer, with windows, strides and paddings of all sorts.
struct RandomModel {
    let input: TensorShape
    private(set) var layers: [NamedLayer] = []
    /// Classes of a softmax, or another kind of answer.
    let answer: Answer
    private var random: RandomStream
    private var count = 0

    enum Answer: Int, CaseIterable {
        case classes, twoClasses, scores, labels, values, reconstruction
    }

    init(seed: UInt64) {
        random = RandomStream(seed: seed, purpose: .test)
        input = TensorShape([6 + random.below(6), 6 + random.below(6), [1, 3, 4][random.below(3)]])
        answer = Answer.allCases[Int(seed) % Answer.allCases.count]
        for _ in 0..<(4 + random.below(5)) { appendPiece() }
        if random.below(3) == 0 {
            append([.globalPool(random.below(2) == 0 ? .average : .maximum)])
        } else {
            append([.flatten])
        }
        append(activation() + (random.below(2) == 0 ? [.dropout(rate: 0.3)] : []))
        append([dense(12)] + (random.below(2) == 0 ? [norm()] : []) + activation())
        append(random.below(4) == 0 ? [dense(12), .maxout(pieces: 2)] : [])
        append([dense(width)] + (seed / 6 % 2 == 0 ? end() : []))
    }

    /// Outputs of the network.
    var width: Int {
        switch answer {
        case .classes, .scores: 5
        case .twoClasses: 1
        case .labels, .values: 3
        case .reconstruction: input.count
        }
    }

    var loss: Loss {
        switch answer {
        case .classes: .crossEntropy
        case .twoClasses, .labels: .binaryCrossEntropy
        case .scores, .values, .reconstruction: .meanSquaredError
        }
    }

    /// A last activation: the loss's own, or one of the network's.
    private func end() -> [LayerSpec] {
        switch answer {
        case .classes, .scores: return [.softmax]
        case .twoClasses, .labels: return [.activation(.sigmoid)]
        case .values, .reconstruction: return [.activation(.tanh)]
        }
    }

    private func dense(_ units: Int) -> LayerSpec {
        .dense(units: units, bias: count % 3 > 0, initializer: .xavierUniform)
    }

    private mutating func norm() -> LayerSpec {
        random.below(3) > 0
            ? .batchNorm(momentum: 0.1, epsilon: 1e-3)
            : .layerNorm(epsilon: 1e-3, hasScale: random.below(2) > 0, hasShift: random.below(2) > 0)
    }

    private mutating func activation() -> [LayerSpec] {
        let all: [LayerSpec] = [
            .activation(.relu), .activation(.leakyReLU(slope: 0.1)), .activation(.tanh),
            .activation(.elu(alpha: 0.7)), .activation(.sigmoid), .gelu(.exact), .gelu(.tanh), .silu,
        ]
        let index = random.below(all.count + 1)
        return index < all.count ? [all[index]] : []
    }

    private mutating func window(_ sizes: [Int], strides: [Int], mayRoundUp: Bool) -> Window {
        let size = (sizes[random.below(sizes.count)], sizes[random.below(sizes.count)])
        let stride = (strides[random.below(strides.count)], strides[random.below(strides.count)])
        func side(_ size: Int) -> Int { random.below(size) }
        let padding: Window.Padding =
            switch random.below(3) {
            case 0: .same
            case 1: .valid
            default:
                .explicit(top: side(size.0), bottom: side(size.0), left: side(size.1), right: side(size.1))
            }
        return Window(
            size, stride: stride, padding: padding, roundsUp: mayRoundUp && random.below(2) == 0)
    }

    private mutating func convolution(_ channels: Int, keepsSize: Bool = false) -> LayerSpec {
        let window =
            keepsSize
            ? Window(3, stride: 1, padding: .same)
            : window([1, 2, 3, 5], strides: [1, 1, 2], mayRoundUp: false)
        return .convolution(
            channels: channels, window: window, bias: random.below(2) == 0, initializer: .xavierUniform)
    }

    private mutating func named(_ specs: [LayerSpec]) -> [NamedLayer] {
        specs.map {
            count += 1
            return NamedLayer("l\(count)", $0)
        }
    }

    /// Appends layers, unless they do not fit.
    private mutating func append(_ specs: [LayerSpec], from: [String] = []) {
        let more = named(specs)
        let linked = from.isEmpty ? more : more.map { NamedLayer($0.name, $0.spec, from: from) }
        if shape(with: linked) != nil { layers += linked }
    }

    private func shape(with more: [NamedLayer]) -> TensorShape? {
        try? NetworkPlan(layers: layers + more, input: input, loss: .meanSquaredError).outputShape
    }

    private mutating func appendPiece() {
        let channels = shape(with: [])?.channels ?? 1
        switch random.below(12) {
        case 0, 1: append([convolution(4 + random.below(8)), norm()] + activation())
        case 2: append([convolution(3 + random.below(4))] + activation())
        case 3, 4:
            append([.pool(.maximum, window: window([2, 3], strides: [1, 2, 3], mayRoundUp: true))])
        case 5, 6:
            append([.pool(.average, window: window([2, 3], strides: [1, 2, 3], mayRoundUp: true))])
        case 7:
            let body = named([convolution(channels, keepsSize: true), norm()] + activation())
            append([.residual(body: body, shortcut: .identity)] + activation())
        case 8:
            let body = named([
                convolution(channels + 2, keepsSize: true), .batchNorm(momentum: 0.1, epsilon: 1e-5),
            ])
            append([.residual(body: body, shortcut: .automatic)] + activation())
        case 9:
            let pool = LayerSpec.pool(.maximum, window: Window(3, stride: 1, padding: .same))
            let branches = [
                named([convolution(3, keepsSize: true)] + activation()), named([pool]), named([norm()]),
            ]
            append([.branches(branches)])
        case 10: append(channels.isMultiple(of: 2) ? [.maxout(pieces: 2)] : [.dropout(rate: 0.5)])
        default:
            guard let last = layers.last?.name else { return append([norm()]) }
            append([.add], from: [last, last])
        }
    }
}

extension ExportCase {
    /// A random network with random samples.
    static func random(seed: UInt64) throws -> ExportCase {
        let model = RandomModel(seed: seed)
        let areBytes = seed % 2 == 0
        let classes: [String]? =
            switch model.answer {
            case .classes, .scores: (0..<5).map { "class \($0)" }
            case .twoClasses: ["no", "yes"]
            case .labels, .values, .reconstruction: nil
            }
        let source: DataSpec.Source =
            areBytes
            ? .madeUp(MadeUpData(shape: model.input.dimensions, classes: 5, samples: 64))
            : .npy(DataSpec.NPYFiles(features: "x.npy", targets: "y.npy"))
        let job = Job(
            name: "random-\(seed)", seed: seed,
            data: DataSpec(
                train: source, normalization: [.zScore, .minMax, .none, .zScore][Int(seed / 2 % 4)],
                target: model.answer == .reconstruction ? .input : .data),
            layers: model.layers, loss: model.loss, optimizer: .gradientDescent(learningRate: 0.1),
            batchSize: 16, epochs: 1)
        let form = DatasetForm(
            elementType: areBytes ? .uint8 : .float32, sampleShape: model.input.dimensions, count: 9,
            targets: .absent)
        return try ExportCase(
            job.name, job, try Dataset.madeUp(form), classes: classes,
            targetWidth: classes == nil ? model.width : nil, seed: seed)
    }
}
