import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// A network of sequences drawn by chance, of every kind of layer that reads them.
struct RandomSequenceModel {
    let positions: Int
    /// Different tokens; nil for values.
    let vocabulary: Int?
    /// Channels of values.
    let channels: Int
    let isRagged: Bool
    /// True if each position has an answer: the token that comes next.
    let predictsNextToken: Bool
    private(set) var layers: [NamedLayer] = []
    private var width: Int
    private var random: RandomStream
    private var count = 0

    init(seed: UInt64) {
        random = RandomStream(seed: seed, purpose: .test, major: 2)
        positions = 3 + random.below(9)
        predictsNextToken = seed % 3 == 0
        vocabulary = seed % 3 == 2 ? nil : 7 + random.below(9)
        channels = vocabulary == nil ? 2 + random.below(4) : 1
        isRagged = seed / 3 % 2 == 0
        width = channels
        if vocabulary != nil {
            width = 12
            append("emb", .embedding(entries: vocabulary ?? 0, width: width, initializer: .xavierUniform))
        } else {
            append(.dense(units: 12, bias: true, initializer: .xavierUniform))
            width = 12
        }
        if random.below(2) == 0 { append(.positions(initializer: .xavierUniform)) }
        for _ in 0..<(2 + random.below(4)) { appendPiece() }
        predictsNextToken ? appendHead() : appendPool()
    }

    private mutating func append(_ spec: LayerSpec) {
        count += 1
        append("l\(count)", spec)
    }

    private mutating func append(_ name: String, _ spec: LayerSpec) { layers.append(NamedLayer(name, spec)) }

    private mutating func dense(_ units: Int) -> LayerSpec {
        .dense(units: units, bias: random.below(2) == 0, initializer: .xavierUniform)
    }

    private mutating func norm() -> LayerSpec {
        switch random.below(4) {
        case 0: .layerNorm(epsilon: 1e-3, hasScale: random.below(2) > 0, hasShift: random.below(2) > 0)
        case 1: .batchNorm(momentum: 0.1, epsilon: 1e-3)
        default: .rmsNorm(epsilon: 1e-3, hasScale: random.below(3) > 0)
        }
    }

    private mutating func attention() -> LayerSpec {
        var options = AttentionOptions(heads: [1, 2, 4][random.below(3)])
        options = AttentionOptions(
            heads: options.heads, kvHeads: options.heads == 4 ? [1, 2, 4][random.below(3)] : 1)
        // The width is 12, and heads have 12, 6 or 3 values.
        options.isCausal = predictsNextToken || random.below(2) == 0
        options.hasBias = random.below(2) == 0
        if random.below(2) == 0 {
            options.rotary = RotaryOptions(
                base: 100, width: options.heads == 4 ? 2 : [nil, 4][random.below(2)])
        }
        return .attention(options)
    }

    private mutating func recurrent(last: Bool) -> LayerSpec {
        let cells: [RecurrentOptions.Cell] = [.tanh, .relu, .lstm, .gru]
        var options = RecurrentOptions(cells[random.below(4)], units: 6)
        options.isBidirectional = !predictsNextToken && random.below(2) == 0
        if !options.isBidirectional { options.units = 12 }
        options.layers = 1 + random.below(2)
        options.hasAllOutputs = !last
        options.dropout = random.below(2) == 0 ? 0.2 : 0
        return .recurrent(options)
    }

    private mutating func appendPiece() {
        switch random.below(7) {
        case 0, 1:
            count += 1
            let body = [NamedLayer("norm", norm()), NamedLayer("attn", attention())]
            append("b\(count)", .residual(body: body, shortcut: .identity))
        case 2:
            let gate = GateFunction.allCases[random.below(GateFunction.allCases.count)]
            append(dense(24))
            append(.gated(gate))
        case 3: append(recurrent(last: false))
        case 4:
            append(
                .sequenceConvolution(
                    channels: 12, kernel: 1 + random.below(4),
                    isCausal: predictsNextToken || random.below(2) == 0, bias: random.below(2) == 0,
                    initializer: .xavierUniform))
        case 5: append([.silu, .gelu(.tanh), .activation(.relu), .dropout(rate: 0.4)][random.below(4)])
        default: append(norm())
        }
    }

    private mutating func appendHead() {
        append(norm())
        append(
            random.below(2) == 0
                ? .tiedHead(embedding: "emb")
                : .dense(units: vocabulary ?? 1, bias: false, initializer: .xavierUniform))
    }

    private mutating func appendPool() {
        let functions: [GlobalPoolFunction] = [.average, .maximum, .firstPosition, .lastPosition]
        let choice = random.below(isRagged ? 5 : 6)
        switch choice {
        case 0..<4: append(.globalPool(functions[choice]))
        case 4: append(recurrent(last: true))
        default: append(.flatten)
        }
        append(dense(4))
    }
}

extension ExportCase {
    /// A random network of sequences with random samples.
    static func randomSequences(seed: UInt64) throws -> ExportCase {
        let model = RandomSequenceModel(seed: seed)
        let classes = model.predictsNextToken ? nil : ["a", "b", "c", "d"]
        let source: DataSpec.Source =
            model.vocabulary == nil
            ? .npy(DataSpec.NPYFiles(features: "x.npy", targets: "y.npy"))
            : .madeUp(
                MadeUpData(
                    shape: [model.positions], classes: classes?.count, tokens: model.vocabulary, samples: 64))
        let job = Job(
            name: "sequences-\(seed)", seed: seed,
            data: DataSpec(
                train: source, normalization: model.vocabulary == nil ? .zScore : .none, target: .data),
            layers: model.layers, loss: .crossEntropy, optimizer: .gradientDescent(learningRate: 0.1),
            batchSize: 16, epochs: 1)
        return try ExportCase(job.name, job, try samples(of: model, seed: seed), classes: classes, seed: seed)
    }

    /// Nine samples, one of which at least has the most positions.
    private static func samples(of model: RandomSequenceModel, seed: UInt64) throws -> Dataset {
        var random = RandomStream(seed: seed, purpose: .test, major: 3)
        let total = 9 * model.positions + 1
        let form = DatasetForm(
            elementType: model.vocabulary == nil ? .float32 : .uint8,
            sampleShape: [model.positions, model.channels], count: 9,
            targets: model.predictsNextToken ? .nextToken : .absent,
            stream: StreamForm(
                positions: total, vocabulary: model.vocabulary,
                index: model.isRagged ? .table : .windows(stride: model.positions)))
        let samples = (0..<9).map { index in
            StreamSample(
                start: index * model.positions,
                length: index == 4 ? model.positions : 1 + random.below(model.positions))
        }
        return try Dataset.build(form, samples: model.isRagged ? samples : []) { features, _ in
            if let vocabulary = model.vocabulary {
                for place in features.indices { features[place] = UInt8(random.below(vocabulary)) }
            } else {
                let values = features.bindMemory(to: Float.self)
                for place in values.indices { values[place] = Float(random.normal()) }
            }
        }
    }
}
