import Kernels

/// The heads of queries, keys and values that lie side by side in a row.
package struct AttentionCore: Equatable, Sendable {
    package let heads: Int
    package let kvHeads: Int
    package let headWidth: Int
    package let isCausal: Bool

    var kernels: AttentionKernels {
        AttentionKernels(heads: heads, kvHeads: kvHeads, headWidth: headWidth, isCausal: isCausal)
    }
}

/// The definition of attention between rows that have queries, keys and values already.
struct AttentionCoreDefinition: LayerDefinition {
    let joinsInputs = false
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let core: AttentionCore
    /// The probability that a probability becomes 0, from 0 up to, but not including, 1.
    let dropout: Double

    var sequenceInput: SequenceInput { core.isCausal ? .causal : .whole }

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, core, kernels) = (layer.input, core, core.kernels)
        let dropout = AttentionCoreLayer.Dropout(rate: dropout, layer: layer.number)
        guard input.shape.isSequence, input.shape.channels == kernels.inputWidth else {
            throw layer.mismatch("`\(layer.name)` reads queries, keys and values, not \(input.shape)")
        }
        let positions = input.shape.positions
        let products = 4 * core.heads * core.headWidth * positions * positions
        return LayerPlan(
            summary: "attention (\(core.heads) heads of \(core.headWidth)"
                + (core.kvHeads == core.heads ? "" : ", \(core.kvHeads) of keys and values")
                + (core.isCausal ? ", causal" : "")
                + (dropout.rate == 0
                    ? ")" : ", \(DropoutDefinition.hundredths(dropout.rate)) of the probabilities dropped)"),
            output: Boundary(
                shape: TensorShape([positions, kernels.outputWidth]), flattened: nil, field: input.field,
                measuredImages: nil),
            operations: core.isCausal ? products / 2 : products,
            scratchCount: max(kernels.forwardScratchCount, kernels.backwardScratchCount), workspaceCount: 0,
            rememberedBytes: { AttentionCoreLayer.rememberedFloats(core, positions, $0) * 4 },
            memory: .separate(backwardReads: [.input, .output]), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .layer { AttentionCoreLayer(core, dropout, positions: positions, $0) })
    }
}

/// Scaled dot-product attention (`AttentionKernels`) over the positions of each sample. Lanes share samples
/// and heads and, in the forward pass, blocks of queries: no bit depends on that.
///
/// A network that continues sequences keeps the rows of each sample, and computes new ones against them.
final class AttentionCoreLayer: Layer {
    /// Queries of a task.
    private static let blockQueries = 256

    /// The dropout on probabilities; `layer` is the layer's number in its network, by which they are drawn.
    struct Dropout {
        let rate: Double
        let layer: Int
    }

    private let kernels: AttentionKernels
    private let dropout: Dropout
    /// The most positions of a sample.
    private let positions: Int
    /// The most rows of a microbatch.
    private let mostRows: Int
    /// For each local microbatch and head the statistics of every row; nil in a network that does not train.
    private let statistics: FloatBuffer?
    /// For each sample of one local microbatch the rows of all positions that were computed; nil if none
    /// are continued.
    private let cache: FloatBuffer?

    init(_ core: AttentionCore, _ dropout: Dropout, positions: Int, _ capacity: NetworkCapacity) {
        kernels = core.kernels
        self.dropout = dropout
        self.positions = positions
        mostRows = capacity.rows * positions
        statistics =
            capacity.trains
            ? FloatBuffer(count: Self.statisticsCount(core, positions, capacity)) : nil
        cache =
            capacity.continuesSequences
            ? FloatBuffer(count: Self.cacheCount(core, positions, capacity)) : nil
    }

    private static func statisticsCount(
        _ core: AttentionCore, _ positions: Int, _ capacity: NetworkCapacity
    ) -> Int {
        capacity.microbatches * core.heads * capacity.rows * positions * AttentionKernels.statistics
    }

    private static func cacheCount(_ core: AttentionCore, _ positions: Int, _ capacity: NetworkCapacity)
        -> Int
    {
        capacity.microbatches * capacity.rows * positions * core.kernels.inputWidth
    }

    static func rememberedFloats(_ core: AttentionCore, _ positions: Int, _ capacity: NetworkCapacity) -> Int
    {
        (capacity.trains ? statisticsCount(core, positions, capacity) : 0)
            + (capacity.continuesSequences ? cacheCount(core, positions, capacity) : 0)
    }

    private func statistics(_ localMicrobatch: Int, head: Int, row: Int) -> UnsafeMutablePointer<Float>? {
        statistics.map {
            $0.pointer + ((localMicrobatch * kernels.heads + head) * mostRows + row)
                * AttentionKernels.statistics
        }
    }

    /// The dropout of a step; nil in evaluation, and if there is none.
    private func drops(_ training: TrainingMode?) -> ((SequenceSample) -> AttentionKernels.SampleDropout)? {
        guard dropout.rate > 0, let training else { return nil }
        let dropout = ProbabilityDropout(
            rate: dropout.rate,
            stream: RandomStream(
                seed: training.seed, purpose: .attentionDropout, major: training.step, minor: dropout.layer),
            heads: kernels.heads)
        return { .init(dropout, sample: training.firstSamples[$0.localMicrobatch] + $0.number) }
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let sequences = pass.ofSequences
        let samples = sequences.sampleCount(pass.rows)
        if sequences.continues {
            for index in 0..<samples { remember(input, sequences.sample(index, of: pass.rows)) }
        }
        let drops = drops(pass.training)
        let blocks = max(1, (sequences.longest + Self.blockQueries - 1) / Self.blockQueries)
        pass.lanes.run(samples * kernels.heads * blocks) { task, lane in
            let sample = sequences.sample(task / (kernels.heads * blocks), of: pass.rows)
            let (head, block) = (task / blocks % kernels.heads, task % blocks)
            let first = block * Self.blockQueries
            guard first < sample.rows.count else { return }
            let count = min(Self.blockQueries, sample.rows.count - first)
            let row = sample.rows.lowerBound + first
            kernels.forward(
                sequences.continues
                    ? cached(sample) : input.row(sample.localMicrobatch, sample.rows.lowerBound),
                head: head,
                .init(
                    (sample.past + first)..<(sample.past + first + count), length: sample.positions.upperBound
                ),
                into: output.row(sample.localMicrobatch, row),
                statistics: statistics(sample.localMicrobatch, head: head, row: row), dropout: drops?(sample),
                scratch: pass.scratch[lane].pointer)
        }
    }

    private func cached(_ sample: SequenceSample) -> UnsafeMutablePointer<Float> {
        guard let cache else { preconditionFailure("sequences are continued by a network made for that") }
        let samples = mostRows / positions
        return cache.pointer + (sample.localMicrobatch * samples + sample.number) * positions
            * kernels.inputWidth
    }

    /// Keeps the rows of a sample behind those of its past.
    private func remember(_ input: MicrobatchMatrix, _ sample: SequenceSample) {
        (cached(sample) + sample.past * kernels.inputWidth).update(
            from: input.row(sample.localMicrobatch, sample.rows.lowerBound),
            count: sample.rows.count * kernels.inputWidth)
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let (sequences, drops) = (pass.ofSequences, drops(pass.training))
        pass.lanes.run(sequences.sampleCount(pass.rows) * kernels.kvHeads) { task, lane in
            let sample = sequences.sample(task / kernels.kvHeads, of: pass.rows)
            let (localMicrobatch, row) = (sample.localMicrobatch, sample.rows.lowerBound)
            kernels.backward(
                .init(
                    x: input.row(localMicrobatch, row), output: output.row(localMicrobatch, row),
                    outputGradient: outputGradient.row(localMicrobatch, row), length: sample.rows.count,
                    dropout: drops?(sample)),
                kvHead: task % kernels.kvHeads,
                statistics: {
                    guard let statistics = statistics(localMicrobatch, head: $0, row: row) else {
                        preconditionFailure("a network that trains keeps statistics")
                    }
                    return UnsafePointer(statistics)
                }, into: inputGradient.row(localMicrobatch, row), scratch: pass.scratch[lane].pointer)
        }
    }
}
