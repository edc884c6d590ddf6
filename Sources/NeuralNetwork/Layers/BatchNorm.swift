import Kernels

/// The definition of a batch normalisation: the output has the input's shape.
struct BatchNormDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    /// Weight of a step's statistics in the running ones, from 0 to 1.
    let momentum: Double
    let epsilon: Double
    /// False to normalise each microbatch with its own statistics.
    let isSynchronized: Bool

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, isFrozen, options) = (layer.input, layer.isFrozen, self)
        let offsets = addTensors(layer, &allocator)
        return LayerPlan(
            summary: isSynchronized ? "batch norm" : "batch norm (per microbatch)",
            output: Boundary(
                shape: input.shape, flattened: nil, field: input.field, measuredImages: nil),
            operations: 4 * input.shape.count,
            scratchCount: BatchNormKernels.scratchCount(ChannelVectors(channels: input.shape.channels)),
            workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: Self.memory(isFrozen: isFrozen, rectifier: nil, hasShortcut: false),
            matrixProducts: { _ in [] },
            samplesPerProduct: 1,
            fusion: .normalization { Self.memory(isFrozen: isFrozen, rectifier: $0, hasShortcut: $1) },
            countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .normalization { capacity, rectifier in
                BatchNormLayer(
                    options, isFrozen: isFrozen, rectifier, offsets,
                    moments: TileMoments(
                        shape: input.shape,
                        imagesPerTile: input.measuredImages
                            ?? MicrobatchRows.images(for: 256, each: input.shape.positions),
                        localMicrobatches: capacity.microbatches, rows: capacity.rows),
                    localMicrobatches: capacity.microbatches, keepsStatistics: capacity.keepsWeights)
            })
    }

    private func addTensors(_ layer: LayerContext, _ allocator: inout TensorAllocator)
        -> BatchNormLayer.Offsets
    {
        let channels = layer.input.shape.channels
        let (scale, shift) = (
            allocator.addScale(layer.name, count: channels), allocator.addShift(layer.name, count: channels)
        )
        let (mean, variance) = (
            allocator.addStatistic(layer.name + ".running_mean", shape: [channels], initial: 0),
            allocator.addStatistic(layer.name + ".running_var", shape: [channels], initial: 1)
        )
        // Frozen, the layer uses its running statistics and exchanges nothing. Not synchronised, it exchanges
        // nothing in the backward pass.
        let moments = StatisticsOperation.moments(channels: channels)
        let sums = StatisticsOperation.sum(width: 2 * channels)
        let first = allocator.addExchanges(
            layer.isFrozen ? [] : isSynchronized ? [moments, sums] : [moments])
        return BatchNormLayer.Offsets(
            scale: scale, shift: shift, mean: mean, variance: variance, forwardExchange: first,
            backwardExchange: first + 1)
    }

    /// A training network keeps the input, which the sums of the backward pass need. The shortcut's gradient
    /// is the masked gradient of the output, so that nothing is copied.
    private static func memory(isFrozen: Bool, rectifier: Rectifier?, hasShortcut: Bool) -> MemoryUse {
        var reads: MemoryUse.Values = []
        if !isFrozen || (rectifier != nil && !hasShortcut) { reads.insert(.input) }
        if rectifier != nil && hasShortcut { reads.insert(.output) }
        return MemoryUse(
            backwardReads: reads, overwritesInTraining: hasShortcut ? [1] : [],
            overwritesInEvaluation: hasShortcut ? [0, 1] : [0], gradientReuse: .lastWritten)
    }
}

/// Batch normalisation (https://arxiv.org/abs/1502.03167) with statistics of the whole global batch:
/// `y = (x − μ)/√(σ² + ε) · γ + β` per channel, over all samples and positions; x `[N, …, C]` (NHWC).
///
/// Training exchanges (count, mean, M2) forward and (Σ dy, Σ dy·x̂) backward with all workers. The
/// normalisation uses the biased variance M2/n. The running variance takes the unbiased one, M2/(n−1)
/// (PyTorch's convention), and does not change if n = 1. Not synchronised, every microbatch is normalised
/// with its own statistics, and nothing is exchanged backward; the running statistics still take those of the
/// whole batch, so that they are the same everywhere. Frozen, the layer is in evaluation mode: it uses its
/// running statistics and does not change them, and backward is `dx = γ/√(σ² + ε) · dy`.
///
/// Backward: `dx = γ/√(σ² + ε) · (dy − Σdy/n − x̂ · Σ(dy·x̂)/n)`, dβ = Σ dy, dγ = Σ dy·x̂.
///
/// The layers that follow may be computed in the same passes (`NetworkGraph`), a sum with a shortcut and a
/// rectifier f: `y = f(batch norm + shortcut)`. With `dy′ = dy · f′` in place of dy above, `dshortcut = dy′`.
/// Every value is computed as by separate layers.
final class BatchNormLayer {
    /// First indices of the layer's tensors, and numbers of its exchanges.
    struct Offsets {
        /// In the flat parameters.
        let scale: Int
        let shift: Int
        /// In the flat running statistics.
        let mean: Int
        let variance: Int
        /// Not used by a frozen layer.
        let forwardExchange: Int
        /// Used by a synchronised layer only.
        let backwardExchange: Int
    }

    let moments: TileMoments
    let isFrozen: Bool
    private let channels: Int
    private let positions: Int
    private let momentum: Float
    private let epsilon: Float
    private let offsets: Offsets
    private let isSynchronized: Bool
    private let rectifier: Rectifier?
    private let vectors: ChannelVectors
    private let table: FloatBuffer
    private let tableStride: Int
    private let localMicrobatches: Int
    private let keepsStatistics: Bool
    /// True if the table holds what follows from the running statistics, and these never change.
    private var isTableKept = false

    /// - Parameters:
    ///   - rectifier: the rectifier that is computed in the same passes.
    ///   - localMicrobatches: the most microbatches of a pass.
    ///   - keepsStatistics: true to read the running statistics once, for inference.
    init(
        _ options: BatchNormDefinition, isFrozen: Bool, _ rectifier: Rectifier?, _ offsets: Offsets,
        moments: TileMoments, localMicrobatches: Int, keepsStatistics: Bool
    ) {
        channels = moments.shape.channels
        positions = moments.shape.positions
        momentum = Float(options.momentum)
        epsilon = Float(options.epsilon)
        isSynchronized = options.isSynchronized
        self.isFrozen = isFrozen
        self.offsets = offsets
        self.rectifier = rectifier
        self.moments = moments
        self.localMicrobatches = localMicrobatches
        self.keepsStatistics = keepsStatistics
        vectors = moments.vectors
        tableStride = FlatVector.aligned(vectors.elements)
        table = FloatBuffer(
            count: BatchNormKernels.Constants.count * tableStride
                * (isSynchronized ? 1 : max(1, localMicrobatches)))
    }

    /// The per-channel values of this step: one set for all local microbatches, or one for each.
    private func constants(_ localMicrobatch: Int) -> BatchNormKernels.Constants {
        let set = isSynchronized ? 0 : localMicrobatch
        return BatchNormKernels.Constants(
            table.pointer + set * BatchNormKernels.Constants.count * tableStride, stride: tableStride)
    }

    private func forEachTile(
        _ rows: MicrobatchRows, _ lanes: LanePool, _ body: (_ tile: Tile, _ lane: Int) -> Void
    ) {
        let size = moments.imagesPerTile
        lanes.run(rows.tileCount(of: size)) { task, lane in body(rows.tile(task, of: size), lane) }
    }

    // MARK: Forward

    /// Writes `output` from `input`.
    ///
    /// - Parameter shortcut: values that are added before the rectifier.
    /// - Throws: what `StatisticsSynchronizer.combine` throws, if the group has ended.
    func forward(
        _ input: MicrobatchMatrix, shortcut: MicrobatchMatrix?, _ output: MicrobatchMatrix,
        _ pass: ForwardPass
    ) throws {
        if pass.isReplay || isTableKept {
            // The table holds this step's statistics, or the running ones that never change.
        } else if let mode = pass.training, !isFrozen {
            try useBatchStatistics(input, pass, mode.synchronizer)
        } else {
            useRunningStatistics(pass)
            isTableKept = keepsStatistics
        }
        pass.forEachRun(ofTiles: moments.imagesPerTile, positions: positions, width: channels) {
            localMicrobatch, rows in
            let first = rows.lowerBound * channels
            BatchNormKernels.normalize(
                input.row(localMicrobatch) + first,
                shortcut: shortcut.map { $0.row(localMicrobatch) + first },
                rectifier, into: output.row(localMicrobatch) + first, rows: rows.count, vectors,
                constants(localMicrobatch))
        }
    }

    private func useBatchStatistics(
        _ input: MicrobatchMatrix, _ pass: ForwardPass, _ synchronizer: StatisticsSynchronizer
    )
        throws
    {
        if !moments.isMeasuredByProducer {
            forEachTile(pass.rows, pass.lanes) { tile, lane in
                moments.measure(
                    tile, input.row(tile.localMicrobatch, tile.start), scratch: pass.scratch[lane].pointer)
            }
        }
        moments.merge(.moments(channels: channels), pass.rows, pass.lanes) {
            synchronizer.leaf(offsets.forwardExchange, localMicrobatch: $0)
        }
        if !isSynchronized {
            // Before the exchange, which may add local microbatches together in place.
            for localMicrobatch in 0..<pass.rows.localMicrobatches {
                use(
                    synchronizer.leaf(offsets.forwardExchange, localMicrobatch: localMicrobatch),
                    for: localMicrobatch, pass)
            }
        }
        let whole = try synchronizer.combine(offsets.forwardExchange)
        if isSynchronized { use(whole, for: 0, pass) }
        updateRunningStatistics(whole, pass)
    }

    /// Sets the values of a local microbatch from (count, mean, M2).
    private func use(_ moments: UnsafePointer<Double>, for localMicrobatch: Int, _ pass: ForwardPass) {
        let (n, values) = (moments[0], constants(localMicrobatch))
        for c in 0..<channels {
            set(values, c, mean: Float(moments[1 + c]), variance: Float(moments[1 + channels + c] / n), pass)
        }
        spread(values)
    }

    private func updateRunningStatistics(_ moments: UnsafePointer<Double>, _ pass: ForwardPass) {
        let n = moments[0]
        let (runningMean, runningVariance) = (
            pass.statistics + offsets.mean, pass.statistics + offsets.variance
        )
        for c in 0..<channels {
            runningMean[c] += momentum * (Float(moments[1 + c]) - runningMean[c])
            if n > 1 {
                runningVariance[c] +=
                    momentum * (Float(moments[1 + channels + c] / (n - 1)) - runningVariance[c])
            }
        }
    }

    private func useRunningStatistics(_ pass: ForwardPass) {
        // A table that is kept serves later passes, which may have more.
        let tables = keepsStatistics ? localMicrobatches : pass.rows.localMicrobatches
        for localMicrobatch in 0..<(isSynchronized ? 1 : tables) {
            let values = constants(localMicrobatch)
            for c in 0..<channels {
                set(
                    values, c, mean: pass.statistics[offsets.mean + c],
                    variance: pass.statistics[offsets.variance + c], pass)
            }
            spread(values)
        }
    }

    private func set(
        _ values: BatchNormKernels.Constants, _ c: Int, mean: Float, variance: Float, _ pass: ForwardPass
    ) {
        values.mean[c] = mean
        values.invStd[c] = 1 / (variance + epsilon).squareRoot()
        values.scale[c] = pass.parameters[offsets.scale + c] * values.invStd[c]
        values.shift[c] = pass.parameters[offsets.shift + c]
    }

    private func spread(_ values: BatchNormKernels.Constants) {
        vectors.spread(values.mean, into: values.mean)
        vectors.spread(values.invStd, into: values.invStd)
        vectors.spread(values.scale, into: values.scale)
        vectors.spread(values.shift, into: values.shift)
    }

    // MARK: Backward

    /// Writes the gradients of the input, the shortcut and the parameters from that of the output.
    ///
    /// - Parameter shortcutGradient: the shortcut's gradient. If it lies in the memory of `outputGradient`,
    ///   that of the input does not.
    /// - Throws: what `StatisticsSynchronizer.combine` throws, if the group has ended.
    func backward(
        _ input: MicrobatchMatrix, hasShortcut: Bool, _ output: MicrobatchMatrix,
        outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        shortcutGradient: InputGradient?, _ pass: BackwardPass
    ) throws {
        let isMaskedInPlace =
            !isFrozen && shortcutGradient.map { $0.values.row(0) == outputGradient.row(0) } ?? false
        if !isFrozen {
            let masked = isMaskedInPlace ? outputGradient : nil
            try measureGradient(pass) { tile, constants, scratch in
                BatchNormKernels.backwardSums(
                    x: input.row(tile.localMicrobatch, tile.start),
                    dy: outputGradient.row(tile.localMicrobatch, tile.start),
                    mask(tile, hasShortcut, output),
                    masked: masked?.row(tile.localMicrobatch, tile.start), rows: tile.count * positions,
                    vectors,
                    constants, into: moments.sums(tile),
                    scratch: scratch)
            }
        }
        let shortcut = isMaskedInPlace ? nil : shortcutGradient
        guard inputGradient != nil || shortcut != nil else { return }
        forEachTile(pass.rows, pass.lanes) { tile, _ in
            BatchNormKernels.backward(
                x: input.row(tile.localMicrobatch, tile.start),
                dy: outputGradient.row(tile.localMicrobatch, tile.start),
                isMaskedInPlace ? .none : mask(tile, hasShortcut, output), isFrozen: isFrozen,
                rows: tile.count * positions, vectors,
                constants(tile.localMicrobatch), into: inputGradient?.row(tile.localMicrobatch, tile.start),
                shortcut: shortcut.map {
                    .init($0.values.row(tile.localMicrobatch, tile.start), accumulates: $0.accumulates)
                })
        }
    }

    /// The values that the rectifier let through: with a shortcut they are seen in its output, otherwise they
    /// follow from x.
    private func mask(_ tile: Tile, _ hasShortcut: Bool, _ output: MicrobatchMatrix) -> BatchNormKernels.Mask
    {
        guard let rectifier else { return .none }
        return hasShortcut
            ? .output(output.row(tile.localMicrobatch, tile.start), rectifier) : .input(rectifier)
    }

    /// Sums (Σ dy, Σ dy·x̂) up, exchanges the sums, and writes the parameters' gradients and the means that
    /// dx subtracts.
    private func measureGradient(
        _ pass: BackwardPass,
        _ sumTile: (Tile, BatchNormKernels.Constants, _ scratch: UnsafeMutablePointer<Float>) -> Void
    ) throws {
        forEachTile(pass.rows, pass.lanes) { tile, lane in
            sumTile(tile, constants(tile.localMicrobatch), pass.scratch[lane].pointer)
        }
        let operation = StatisticsOperation.sum(width: 2 * channels)
        if isSynchronized {
            moments.merge(operation, pass.rows, pass.lanes) {
                pass.synchronizer.leaf(offsets.backwardExchange, localMicrobatch: $0)
            }
            let sums = try pass.synchronizer.combine(offsets.backwardExchange)
            writeParameterGradients(pass) { localMicrobatch in
                localMicrobatch == pass.gradients.firstLocalMicrobatch ? sums : nil
            }
            setMeans(sums, count: pass.batchSize * positions, localMicrobatch: 0)
        } else {
            // The forward exchange is over, and its leaves have room for a local microbatch's own sums.
            moments.merge(operation, pass.rows, pass.lanes) {
                pass.synchronizer.leaf(offsets.forwardExchange, localMicrobatch: $0)
            }
            writeParameterGradients(pass) {
                UnsafePointer(pass.synchronizer.leaf(offsets.forwardExchange, localMicrobatch: $0))
            }
            for (localMicrobatch, rows) in pass.rows.rows.enumerated() {
                setMeans(
                    pass.synchronizer.leaf(offsets.forwardExchange, localMicrobatch: localMicrobatch),
                    count: rows * positions,
                    localMicrobatch: localMicrobatch)
            }
        }
    }

    private func setMeans(_ sums: UnsafePointer<Double>, count: Int, localMicrobatch: Int) {
        let (inverse, values) = (1 / Double(count), constants(localMicrobatch))
        for c in 0..<channels {
            values.meanDy[c] = Float(sums[c] * inverse)
            values.meanDyX[c] = Float(sums[channels + c] * inverse)
        }
        vectors.spread(values.meanDy, into: values.meanDy)
        vectors.spread(values.meanDyX, into: values.meanDyX)
    }

    /// Writes dβ and dγ. Synchronised, they are the sums that every worker now has: the batch's first
    /// microbatch contributes them and all others contribute zeros (nil), so that the reduction returns them
    /// unchanged.
    private func writeParameterGradients(_ pass: BackwardPass, _ sums: (Int) -> UnsafePointer<Double>?) {
        for localMicrobatch in 0..<pass.rows.localMicrobatches {
            let (leaf, sums) = (pass.gradients.leaf(localMicrobatch), sums(localMicrobatch))
            for c in 0..<channels {
                leaf[offsets.shift + c] = sums.map { Float($0[c]) } ?? 0
                leaf[offsets.scale + c] = sums.map { Float($0[channels + c]) } ?? 0
            }
            pass.gradients.merge(after: localMicrobatch, start: offsets.shift, count: channels)
            pass.gradients.merge(after: localMicrobatch, start: offsets.scale, count: channels)
        }
    }
}

extension BatchNormLayer {
    /// Finds, after a pass, the first value of a row before the rectifier that is not finite.
    func firstNonFinite(
        _ input: MicrobatchMatrix, shortcut: MicrobatchMatrix?, localMicrobatch: Int, row: Int
    ) -> Float? {
        let (x, other, values) = (
            input.row(localMicrobatch, row), shortcut?.row(localMicrobatch, row), constants(localMicrobatch)
        )
        for index in 0..<(positions * channels) {
            let c = index % channels
            let value = (x[index] - values.mean[c]) * values.scale[c] + values.shift[c] + (other?[index] ?? 0)
            if !value.isFinite { return value }
        }
        return nil
    }
}
