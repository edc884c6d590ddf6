import Kernels

/// The definition of a convolution: a window is laid on every position, and every output channel is a
/// weighted sum of the values under it.
struct ConvolutionDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.refused
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let channels: Int
    let window: Window
    let hasBias: Bool
    let initializer: Initializer

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, outputs) = (layer.input, channels)
        let geometry = try layer.geometry(window, holdsPixel: false)
        try layer.checkWeights(geometry.patchCount, outputs)
        try layer.checkValues(geometry.positions, outputs)
        let area = geometry.kernelHeight * geometry.kernelWidth
        let weight = allocator.addWeight(
            layer.name,
            .convolution(
                height: geometry.kernelHeight, width: geometry.kernelWidth, inputs: geometry.channels,
                outputs: outputs),
            initializer, fanIn: geometry.channels * area, fanOut: outputs * area)
        let bias = hasBias ? allocator.addBias(layer.name, count: outputs) : nil
        let methods = ConvolutionMethods(geometry, outputs: outputs)
        return LayerPlan(
            summary: "conv \(window.summary) (\(initializer.name)\(hasBias ? "" : ", no bias"))",
            output: Boundary(
                shape: TensorShape([geometry.outputHeight, geometry.outputWidth, outputs]),
                flattened: nil, field: input.field.seen(through: window),
                measuredImages: methods.forward.imagesPerTask),
            operations: (2 * geometry.patchCount + (hasBias ? 1 : 0)) * geometry.positions * outputs,
            scratchCount: max(methods.scratchCount, BiasGradient.scratchCount(outputs: outputs)),
            workspaceCount: methods.workspaceCount, rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: layer.isFrozen ? [] : .input),
            matrixProducts: { methods.matrixProducts($0) },
            samplesPerProduct: methods.forward.samplesPerProduct, fusion: .none, countsDeadUnits: false,
            flattensImage: false, inputPreparation: nil,
            computation: .layer {
                ConvolutionLayer(
                    methods, geometry, outputs: outputs, weight: weight, bias: bias,
                    keepsWeights: $0.keepsWeights)
            })
    }
}

/// Convolution (cross-correlation, as everywhere in the field):
/// `y[n, i, j, o] = b[o] + Σ x[n, i·s + p − top, j·s + q − left, c] · W[(p, q, c), o]`.
///
/// x `[N, H, W, C]`, y `[N, H', W', out]`, W in memory `[kernel height · kernel width · C, out]`, in files
/// PyTorch's `[out, C, height, width]`, b `[out]`. With the patches P of x under the windows as rows,
/// `y = PW + b`, `dW = Pᵀ dy`, `db = Σ dy`, and `dP = dy Wᵀ` is added to the pixels that the patches came
/// from.
///
/// Each of the three passes has a method of its own (`ConvolutionMethods`).
final class ConvolutionLayer: Layer, MomentsProducer {
    private let methods: ConvolutionMethods
    private let positions: Int
    private let outputs: Int
    private let weight: Int
    private let bias: Int?
    private let weightGradient: WeightGradient
    private let kept: KeptWeights?
    var moments: TileMoments?

    /// - Parameters:
    ///   - weight, bias: their first indices in the flat vectors.
    ///   - keepsWeights: true to prepare the weights once, for inference.
    init(
        _ methods: ConvolutionMethods, _ geometry: WindowGeometry, outputs: Int, weight: Int, bias: Int?,
        keepsWeights: Bool
    ) {
        self.methods = methods
        self.outputs = outputs
        self.weight = weight
        self.bias = bias
        positions = geometry.positions
        kept = keepsWeights ? KeptWeights(count: methods.inference.workspaceCount) : nil
        weightGradient = WeightGradient(
            methods.weightGradient, geometry, outputs: outputs, weight: weight, bias: bias)
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        if let kept { return infer(input, output, pass, kept) }
        let (method, w, packed) = (methods.forward, pass.parameters + weight, pass.workspace.pointer)
        let b = bias.map { pass.parameters + $0 }
        method.prepare(w, pass.lanes, into: packed)
        let size = method.imagesPerTask
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            let (tile, scratch) = (pass.rows.tile(task, of: size), pass.scratch[lane].pointer)
            let y = output.row(tile.localMicrobatch, tile.start)
            method.run(
                input.row(tile.localMicrobatch, tile.start), w, packed, images: tile.count, .whole, into: y,
                scratch: scratch)
            if let b { Columns.addBias(b, to: y, rows: tile.count * positions, columns: outputs) }
            moments?.measure(tile, y, scratch: scratch)
        }
    }

    /// The same bits from weights that were prepared once. Lanes share an image if there are few.
    private func infer(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass, _ kept: KeptWeights
    ) {
        let (method, w) = (methods.inference, pass.parameters + weight)
        let packed = kept.values { method.prepare(w, pass.lanes, into: $0) }
        let size = method.imagesPerTask
        pass.forEachPart(ofTiles: size, mostParts: method.mostParts) { tile, part, lane in
            method.run(
                input.row(tile.localMicrobatch, tile.start), w, packed, images: tile.count, part,
                into: output.row(tile.localMicrobatch, tile.start), scratch: pass.scratch[lane].pointer)
        }
        guard let bias else { return }
        pass.forEachRun(ofTiles: size, positions: positions, width: outputs) { localMicrobatch, rows in
            Columns.addBias(
                pass.parameters + bias, to: output.row(localMicrobatch) + rows.lowerBound * outputs,
                rows: rows.count, columns: outputs)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        if !pass.isFrozen {
            for localMicrobatch in 0..<pass.rows.localMicrobatches {
                weightGradient.run(
                    localMicrobatch: localMicrobatch, input, outputGradient: outputGradient, pass)
            }
        }
        guard let inputGradient else { return }
        let (method, w, packed) = (methods.dataGradient, pass.parameters + weight, pass.workspace.pointer)
        method.prepare(w, pass.lanes, into: packed)
        let size = method.imagesPerTask
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            let tile = pass.rows.tile(task, of: size)
            method.run(
                outputGradient.row(tile.localMicrobatch, tile.start), w, packed, images: tile.count, .whole,
                into: inputGradient.row(tile.localMicrobatch, tile.start), scratch: pass.scratch[lane].pointer
            )
        }
    }
}
