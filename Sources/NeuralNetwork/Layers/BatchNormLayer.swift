import Kernels

/// Batch normalisation (https://arxiv.org/abs/1502.03167) with statistics of the whole global batch: `y = (x − μ)/√(σ² + ε) · γ + β` per channel, over all
/// samples and positions; x `[N, …, C]` (NHWC).
///
/// Training exchanges (count, mean, M2) forward and (Σ dy, Σ dy·x̂) backward with all workers. The normalisation uses the biased
/// variance M2/n, the running variance takes the unbiased one M2/(n−1) (PyTorch's convention) and stays where n = 1.
/// Not synchronised, every microbatch is normalised with its own statistics (the running ones still take those of the whole batch, so that they
/// are the same everywhere), and nothing is exchanged backward.
///
/// Frozen it is in evaluation mode: it uses its running statistics and leaves them, and backward is `dx = γ/√(σ² + ε) · dy`.
///
/// Backward: `dx = γ/√(σ² + ε) · (dy − Σdy/n − x̂ · Σ(dy·x̂)/n)`, dβ = Σ dy, dγ = Σ dy·x̂.
///
/// What follows in the graph may be computed in the same passes (`NetworkGraph`): a sum with a shortcut, and a rectifier f: `y = f(batch norm + shortcut)`, and with
/// `dy′ = dy · f′` for dy above, `dshortcut = dy′`. Every value is computed as by layers of their own.
final class BatchNormLayer {
    struct Places {
        /// In the flat parameters.
        var gain: Int
        var shift: Int
        /// In the flat running statistics.
        var mean: Int
        var variance: Int
        /// Numbers of the exchanges.
        var forward: Int
        var backward: Int
    }

    struct Options {
        var momentum: Double
        var epsilon: Double
        var isSynchronized: Bool
        var isFrozen: Bool
    }

    let moments: TileMoments
    let isFrozen: Bool
    private let channels: Int
    private let positions: Int
    private let momentum: Float
    private let epsilon: Float
    private let places: Places
    private let synchronized: Bool
    private let rectifier: Rectifier?
    private let vectors: ChannelVectors
    private let table: FloatBuffer
    private let tableStride: Int

    /// - Parameters:
    ///   - rectifier: what follows in the same passes.
    ///   - slots: the most of a pass.
    init(
        shape: TensorShape, _ options: Options, _ rectifier: Rectifier?, moments: TileMoments, slots: Int,
        places: Places
    ) {
        (channels, positions) = (shape.channels, shape.positions)
        (momentum, epsilon) = (Float(options.momentum), Float(options.epsilon))
        (synchronized, isFrozen) = (options.isSynchronized, options.isFrozen)
        (self.places, self.rectifier, self.moments, vectors) = (places, rectifier, moments, moments.vectors)
        tableStride = FlatVector.aligned(vectors.lanes)
        table = FloatBuffer(
            count: BatchNormKernels.Constants.count * tableStride * (synchronized ? 1 : max(1, slots)))
    }

    /// Per-channel values of this step; one set for all slots, or one for each.
    private func constants(_ slot: Int) -> BatchNormKernels.Constants {
        let set = synchronized ? 0 : slot
        return BatchNormKernels.Constants(
            table.pointer + set * BatchNormKernels.Constants.count * tableStride, stride: tableStride)
    }

    private func forEachTile(
        _ pass: Pass, _ body: (_ tile: Tile, _ scratch: UnsafeMutablePointer<Float>) -> Void
    ) {
        let size = moments.imagesPerTile
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            body(pass.rows.tile(task, of: size), pass.scratch[lane].pointer)
        }
    }

    // MARK: Forward

    /// - Parameter shortcut: what is added before the rectifier.
    func forward(_ input: SlotMatrix, shortcut: SlotMatrix?, _ output: SlotMatrix, _ pass: Pass) throws {
        if pass.replays {
            // The statistics of this step are in the table.
        } else if let mode = pass.training, !isFrozen {
            try useBatchStatistics(input, pass, mode.synchronizer)
        } else {
            useRunningStatistics(pass)
        }
        forEachTile(pass) { tile, _ in
            BatchNormKernels.normalize(
                input.row(tile.slot, tile.start), shortcut: shortcut?.row(tile.slot, tile.start), rectifier,
                into: output.row(tile.slot, tile.start), rows: tile.count * positions, vectors,
                constants(tile.slot))
        }
    }

    private func useBatchStatistics(_ input: SlotMatrix, _ pass: Pass, _ synchronizer: StatisticsSynchronizer)
        throws
    {
        if !moments.isMeasuredByProducer {
            forEachTile(pass) { tile, scratch in
                moments.measure(tile, input.row(tile.slot, tile.start), scratch: scratch)
            }
        }
        moments.merge(.moments(channels: channels), pass) { synchronizer.leaf(places.forward, slot: $0) }
        if !synchronized {
            // Before the exchange, which may add slots together in place.
            for slot in 0..<pass.rows.slots {
                use(synchronizer.leaf(places.forward, slot: slot), for: slot, pass)
            }
        }
        let whole = try synchronizer.combine(places.forward)
        if synchronized { use(whole, for: 0, pass) }
        updateRunningStatistics(whole, pass)
    }

    /// Sets the values of a slot from (count, mean, M2).
    private func use(_ moments: UnsafePointer<Double>, for slot: Int, _ pass: Pass) {
        let (n, values) = (moments[0], constants(slot))
        for c in 0..<channels {
            set(values, c, mean: Float(moments[1 + c]), variance: Float(moments[1 + channels + c] / n), pass)
        }
        spread(values)
    }

    private func updateRunningStatistics(_ moments: UnsafePointer<Double>, _ pass: Pass) {
        let n = moments[0]
        let (runningMean, runningVariance) = (
            pass.statistics + places.mean, pass.statistics + places.variance
        )
        for c in 0..<channels {
            runningMean[c] += momentum * (Float(moments[1 + c]) - runningMean[c])
            if n > 1 {
                runningVariance[c] +=
                    momentum * (Float(moments[1 + channels + c] / (n - 1)) - runningVariance[c])
            }
        }
    }

    private func useRunningStatistics(_ pass: Pass) {
        for slot in 0..<(synchronized ? 1 : pass.rows.slots) {
            let values = constants(slot)
            for c in 0..<channels {
                set(
                    values, c, mean: pass.statistics[places.mean + c],
                    variance: pass.statistics[places.variance + c], pass)
            }
            spread(values)
        }
    }

    private func set(
        _ values: BatchNormKernels.Constants, _ c: Int, mean: Float, variance: Float, _ pass: Pass
    ) {
        values.mean[c] = mean
        values.invStd[c] = 1 / (variance + epsilon).squareRoot()
        values.scale[c] = pass.parameters[places.gain + c] * values.invStd[c]
        values.shift[c] = pass.parameters[places.shift + c]
    }

    private func spread(_ values: BatchNormKernels.Constants) {
        vectors.spread(values.mean, into: values.mean)
        vectors.spread(values.invStd, into: values.invStd)
        vectors.spread(values.scale, into: values.scale)
        vectors.spread(values.shift, into: values.shift)
    }

    // MARK: Backward

    /// - Parameter shortcutGradient: where that of the shortcut goes. If it takes the memory of `outputGradient`, the input's does not.
    func backward(
        _ input: SlotMatrix, hasShortcut: Bool, _ output: SlotMatrix, outputGradient: SlotMatrix,
        inputGradient: SlotMatrix?,
        shortcutGradient: InputGradient?, _ pass: TrainingPass
    ) throws {
        let isMaskedInPlace =
            !isFrozen && shortcutGradient.map { $0.values.row(0) == outputGradient.row(0) } ?? false
        if !isFrozen {
            let masked = isMaskedInPlace ? outputGradient : nil
            try measureGradient(pass) { tile, constants, scratch in
                BatchNormKernels.backwardSums(
                    x: input.row(tile.slot, tile.start), dy: outputGradient.row(tile.slot, tile.start),
                    mask(tile, hasShortcut, output),
                    masked: masked?.row(tile.slot, tile.start), rows: tile.count * positions, vectors,
                    constants, into: moments.place(tile),
                    scratch: scratch)
            }
        }
        let shortcut = isMaskedInPlace ? nil : shortcutGradient
        guard inputGradient != nil || shortcut != nil else { return }
        forEachTile(pass.pass) { tile, _ in
            BatchNormKernels.backward(
                x: input.row(tile.slot, tile.start), dy: outputGradient.row(tile.slot, tile.start),
                isMaskedInPlace ? .none : mask(tile, hasShortcut, output), isFrozen: isFrozen,
                rows: tile.count * positions, vectors,
                constants(tile.slot), into: inputGradient?.row(tile.slot, tile.start),
                shortcut: shortcut.map {
                    .init($0.values.row(tile.slot, tile.start), accumulates: $0.accumulates)
                })
        }
    }

    /// With a shortcut, whether the rectifier let a value through is seen in its output, otherwise it follows from x.
    private func mask(_ tile: Tile, _ hasShortcut: Bool, _ output: SlotMatrix) -> BatchNormKernels.Mask {
        guard let rectifier else { return .none }
        return hasShortcut ? .output(output.row(tile.slot, tile.start), rectifier) : .input(rectifier)
    }

    /// Sums (Σ dy, Σ dy·x̂) up, exchanges them, and writes what follows from them: the parameters' gradients and the means that dx takes off.
    private func measureGradient(
        _ pass: TrainingPass,
        _ sumTile: (Tile, BatchNormKernels.Constants, _ scratch: UnsafeMutablePointer<Float>) -> Void
    ) throws {
        forEachTile(pass.pass) { tile, scratch in sumTile(tile, constants(tile.slot), scratch) }
        let operation = StatisticsOperation.sum(width: 2 * channels)
        if synchronized {
            moments.merge(operation, pass.pass) { pass.synchronizer.leaf(places.backward, slot: $0) }
            let sums = try pass.synchronizer.combine(places.backward)
            writeParameterGradients(pass) { slot in slot == pass.gradients.firstSlot ? sums : nil }
            setMeans(sums, count: pass.batchSize * positions, slot: 0)
        } else {
            // The forward exchange is over: its leaves have room for a slot's own sums.
            moments.merge(operation, pass.pass) { pass.synchronizer.leaf(places.forward, slot: $0) }
            writeParameterGradients(pass) { UnsafePointer(pass.synchronizer.leaf(places.forward, slot: $0)) }
            for (slot, rows) in pass.pass.rows.rows.enumerated() {
                setMeans(
                    pass.synchronizer.leaf(places.forward, slot: slot), count: rows * positions, slot: slot)
            }
        }
    }

    private func setMeans(_ sums: UnsafePointer<Double>, count: Int, slot: Int) {
        let (inverse, values) = (1 / Double(count), constants(slot))
        for c in 0..<channels {
            values.meanDy[c] = Float(sums[c] * inverse)
            values.meanDyX[c] = Float(sums[channels + c] * inverse)
        }
        vectors.spread(values.meanDy, into: values.meanDy)
        vectors.spread(values.meanDyX, into: values.meanDyX)
    }

    /// dβ and dγ. Synchronised, they are the sums that every worker now has: the batch's first microbatch contributes them, all others zeros (nil), so that the
    /// reduction gives them back unchanged.
    private func writeParameterGradients(_ pass: TrainingPass, _ sums: (Int) -> UnsafePointer<Double>?) {
        for slot in 0..<pass.pass.rows.slots {
            let (leaf, sums) = (pass.gradients.leaf(slot), sums(slot))
            for c in 0..<channels {
                leaf[places.shift + c] = sums.map { Float($0[c]) } ?? 0
                leaf[places.gain + c] = sums.map { Float($0[channels + c]) } ?? 0
            }
            pass.gradients.merge(after: slot, start: places.shift, count: channels)
            pass.gradients.merge(after: slot, start: places.gain, count: channels)
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(channels: Int) -> Int {
        BatchNormKernels.scratchCount(ChannelVectors(channels: channels))
    }
}

extension BatchNormLayer {
    /// After a pass: the first value of a row before the rectifier that is not finite.
    func firstNonFinite(_ input: SlotMatrix, shortcut: SlotMatrix?, slot: Int, row: Int) -> Float? {
        let (x, other, values) = (input.row(slot, row), shortcut?.row(slot, row), constants(slot))
        for place in 0..<(positions * channels) {
            let c = place % channels
            let value = (x[place] - values.mean[c]) * values.scale[c] + values.shift[c] + (other?[place] ?? 0)
            if !value.isFinite { return value }
        }
        return nil
    }
}
