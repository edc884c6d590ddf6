import Kernels

/// The definition of a convolution along the positions of a sequence, which keeps their number.
struct SequenceConvolutionDefinition: LayerDefinition {
    let joinsInputs = false
    var sequenceInput: SequenceInput { isCausal ? .causal : .whole }
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let channels: Int
    let kernel: Int
    let isCausal: Bool
    let hasBias: Bool
    let initializer: Initializer

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let input = layer.input.shape
        try layer.checkSequence("is a convolution along positions")
        // PyTorch's "same" has the extra position of an even kernel behind.
        let convolution = SequenceConvolution(
            kernel: kernel, inputs: input.channels, outputs: channels,
            before: isCausal ? kernel - 1 : (kernel - 1) / 2)
        try layer.checkWeights(kernel * input.channels, channels)
        try layer.checkValues(input.positions, channels)
        let weight = allocator.addWeight(
            layer.name, .sequenceConvolution(kernel: kernel, inputs: input.channels, outputs: channels),
            initializer, fanIn: kernel * input.channels, fanOut: kernel * channels)
        let bias = hasBias ? allocator.addBias(layer.name, count: channels) : nil
        return LayerPlan(
            summary: "conv1d \(kernel)\(isCausal ? ", causal" : "") (\(initializer.name)"
                + "\(hasBias ? "" : ", no bias"))",
            output: Boundary(
                shape: TensorShape([input.positions, channels]), flattened: nil, field: layer.input.field,
                measuredImages: nil),
            operations: input.positions * (2 * convolution.depth * channels + (hasBias ? channels : 0)),
            scratchCount: SequenceConvolutionLayer.scratchCount(convolution),
            workspaceCount: SequenceConvolutionLayer.workspaceCount(convolution),
            rememberedBytes: { 4 * SequenceConvolutionLayer.pastCount(convolution, $0) },
            memory: .separate(backwardReads: layer.isFrozen ? [] : .input), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .layer {
                SequenceConvolutionLayer(convolution, weight: weight, bias: bias, $0)
            })
    }
}

/// `y[p] = Σ_k x[p + k − before] w[k] + b` within each sample, x `[positions, in]`, w `[K, in, out]`.
///
/// Gradients: dx is the convolution of dy with the reversed windows and transposed weights; dw and db are one
/// sum over the positions of a microbatch. A network that continues sequences keeps the last `before` inputs
/// of each sample.
final class SequenceConvolutionLayer: Layer {
    private let convolution: SequenceConvolution
    private let weight: Int
    private let bias: Int?
    private let kept: KeptWeights?
    /// The past of every sample; nil if sequences are not continued.
    private let past: FloatBuffer?
    /// The most samples of a microbatch.
    private let samples: Int

    /// - Parameters:
    ///   - weight, bias: their first indices in the flat vectors.
    init(_ convolution: SequenceConvolution, weight: Int, bias: Int?, _ capacity: NetworkCapacity) {
        self.convolution = convolution
        self.weight = weight
        self.bias = bias
        kept = capacity.keepsWeights ? KeptWeights(count: convolution.weightsCount) : nil
        samples = capacity.rows
        past = capacity.continuesSequences ? FloatBuffer(count: Self.pastCount(convolution, capacity)) : nil
    }

    /// Floats of the past of all samples.
    static func pastCount(_ convolution: SequenceConvolution, _ capacity: NetworkCapacity) -> Int {
        guard capacity.continuesSequences else { return 0 }
        return capacity.microbatches * capacity.rows * convolution.before * convolution.inputs
    }

    static func scratchCount(_ convolution: SequenceConvolution) -> Int {
        max(
            convolution.forwardScratchCount, convolution.transposed.forwardScratchCount,
            convolution.weightScratchCount, BiasGradient.scratchCount(outputs: convolution.outputs))
    }

    /// Floats of the packed weights; backward the transposed weights lie behind them.
    static func workspaceCount(_ convolution: SequenceConvolution) -> Int {
        max(
            convolution.weightsCount,
            convolution.transposed.weightsCount + convolution.depth * convolution.outputs)
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let w = pass.parameters + weight
        func pack(into packed: UnsafeMutablePointer<Float>) {
            Self.pack(w, convolution, pass.lanes, into: packed)
        }
        let packed: UnsafePointer<Float>
        if let kept {
            packed = kept.values(pack)
        } else {
            pack(into: pass.workspace.pointer)
            packed = UnsafePointer(pass.workspace.pointer)
        }
        let (sequences, bias) = (pass.ofSequences, bias.map { pass.parameters + $0 })
        if sequences.continues { forEachPast(sequences, pass.rows, clear) }
        pass.lanes.run(sequences.positions.tiles.count) { task, lane in
            let tile = sequences.positions.tiles[task]
            convolution.forward(
                tile, of: input, pass.rows, sequences, packed, bias: bias,
                past: sequences.continues ? past(tile.localMicrobatch) : nil, into: output,
                scratch: pass.scratch[lane].pointer)
        }
        guard sequences.continues else { return }
        forEachPast(sequences, pass.rows) { past, sample in
            convolution.advance(
                past, by: input.row(sample.localMicrobatch, sample.rows.lowerBound),
                positions: sample.rows.count)
        }
    }

    // MARK: Sequences that are continued

    private func past(_ localMicrobatch: Int) -> UnsafeMutablePointer<Float>? {
        past.map { $0.pointer + localMicrobatch * samples * convolution.before * convolution.inputs }
    }

    private func forEachPast(
        _ sequences: SequenceRows, _ rows: MicrobatchRows,
        _ body: (UnsafeMutablePointer<Float>, SequenceSample) -> Void
    ) {
        for index in 0..<sequences.sampleCount(rows) {
            let sample = sequences.sample(index, of: rows)
            guard let past = past(sample.localMicrobatch), sample.rows.count > 0 else { continue }
            body(past + sample.number * convolution.before * convolution.inputs, sample)
        }
    }

    /// Before the first position there are zeros.
    private func clear(_ past: UnsafeMutablePointer<Float>, _ sample: SequenceSample) {
        if sample.past == 0 { past.update(repeating: 0, count: convolution.before * convolution.inputs) }
    }

    private static func pack(
        _ weights: UnsafePointer<Float>, _ convolution: SequenceConvolution, _ lanes: LanePool,
        into packed: UnsafeMutablePointer<Float>
    ) {
        lanes.forEachRun(ofPanels: PanelProduct.panels(width: convolution.outputs)) {
            PanelProduct.packWhole(
                weights, depth: convolution.depth, width: convolution.outputs, panels: $0, into: packed)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?, _ pass: BackwardPass
    ) {
        let (sequences, packed) = (pass.ofSequences, pass.workspace.pointer)
        let (positions, back) = (sequences.positions, convolution.transposed)
        if inputGradient != nil {
            let transposed = packed + back.weightsCount
            pass.lanes.run(convolution.kernel) { task, _ in
                convolution.transpose(pass.parameters + weight, blocks: task..<(task + 1), into: transposed)
            }
            Self.pack(transposed, back, pass.lanes, into: packed)
        }
        let size = SequenceConvolution.weightRows
        let blocks = pass.isFrozen ? 0 : (convolution.depth + size - 1) / size
        let biases = pass.isFrozen || bias == nil ? 0 : 1
        let tiles = inputGradient == nil ? 0 : positions.tiles.count
        pass.lanes.run(blocks + biases + tiles) { task, lane in
            let scratch = pass.scratch[lane].pointer
            if task < blocks {
                let rows = (task * size)..<min(convolution.depth, (task + 1) * size)
                writeWeightGradients(
                    rows, input, outputGradient: outputGradient, sequences, pass, scratch: scratch)
            } else if task < blocks + biases, let bias {
                for (localMicrobatch, rows) in positions.rows.enumerated() {
                    BiasGradient.write(
                        localMicrobatch, outputGradient, rows: rows, outputs: convolution.outputs, to: bias,
                        pass, scratch: scratch)
                }
            } else if let inputGradient {
                back.forward(
                    positions.tiles[task - blocks - biases], of: outputGradient, pass.rows, sequences, packed,
                    bias: nil, into: inputGradient, scratch: scratch)
            }
        }
    }

    private func writeWeightGradients(
        _ rows: Range<Int>, _ input: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        _ sequences: SequenceRows, _ pass: BackwardPass, scratch: UnsafeMutablePointer<Float>
    ) {
        let sums = pass.gradients.block(
            start: weight + rows.lowerBound * convolution.outputs, count: rows.count * convolution.outputs)
        for (localMicrobatch, positions) in sequences.positions.rows.enumerated() {
            convolution.multiplyWeights(
                .init(input, localMicrobatch, pass.rows, sequences), positions: positions, rows: rows,
                dy: outputGradient.row(localMicrobatch), into: sums.leaf(localMicrobatch), scratch: scratch)
            sums.merge(after: localMicrobatch)
        }
    }
}

extension SequenceConvolution.Samples {
    fileprivate init(
        _ x: MicrobatchMatrix, _ localMicrobatch: Int, _ rows: MicrobatchRows, _ sequences: SequenceRows,
        past: UnsafePointer<Float>? = nil
    ) {
        self.init(
            x.row(localMicrobatch),
            offsets: UnsafeBufferPointer(
                start: sequences.offsets(localMicrobatch), count: rows.rows[localMicrobatch] + 1), past: past)
    }
}

extension SequenceConvolution {
    /// Computes the outputs at a tile's positions.
    fileprivate func forward(
        _ tile: Tile, of x: MicrobatchMatrix, _ rows: MicrobatchRows, _ sequences: SequenceRows,
        _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, past: UnsafePointer<Float>? = nil,
        into y: MicrobatchMatrix, scratch: UnsafeMutablePointer<Float>
    ) {
        forward(
            Samples(x, tile.localMicrobatch, rows, sequences, past: past),
            tile.start..<(tile.start + tile.count), weights, bias: bias,
            into: y.row(tile.localMicrobatch, tile.start), scratch: scratch)
    }
}
