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
final class BatchNormLayer: Layer {
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

    private let channels: Int
    private let positions: Int
    private let momentum: Float
    private let epsilon: Float
    private let places: Places
    private let synchronized: Bool
    private let isFrozen: Bool
    private let table: FloatBuffer

    init(shape: TensorShape, momentum: Double, epsilon: Double, synchronized: Bool, isFrozen: Bool = false, slots: Int, places: Places) {
        (channels, positions) = (shape.channels, shape.positions)
        (self.momentum, self.epsilon) = (Float(momentum), Float(epsilon))
        self.places = places
        (self.synchronized, self.isFrozen) = (synchronized, isFrozen)
        table = FloatBuffer(count: 5 * FlatVector.aligned(channels) * (synchronized ? 1 : max(1, slots)))
    }

    /// Per-channel values of this step; one set for all slots, or one for each.
    private struct Channels {
        let mean, invStd: UnsafeMutablePointer<Float>
        /// γ/√(σ² + ε)
        let scale: UnsafeMutablePointer<Float>
        let meanDy, meanDyX: UnsafeMutablePointer<Float>
    }

    private func values(_ slot: Int) -> Channels {
        let row = FlatVector.aligned(channels)
        let start = table.pointer + (synchronized ? 0 : slot) * 5 * row
        return Channels(mean: start, invStd: start + row, scale: start + 2 * row, meanDy: start + 3 * row, meanDyX: start + 4 * row)
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) throws {
        if let mode = pass.training, !isFrozen {
            try useBatchStatistics(input, pass, mode.synchronizer)
        } else {
            useRunningStatistics(pass)
        }
        let shift = pass.parameters + places.shift
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            let values = values(tile.slot)
            Columns.normalize(
                input.row(tile.slot, tile.start), mean: values.mean, factor: values.scale, shift: shift,
                into: output.row(tile.slot, tile.start), rows: tile.count * positions, columns: channels)
        }
    }

    private func useBatchStatistics(_ input: SlotMatrix, _ pass: Pass, _ synchronizer: StatisticsSynchronizer) throws {
        let rows = pass.rows.rows
        pass.lanes.run(rows.count) { slot, lane in
            Columns.moments(
                input.row(slot), rows: rows[slot] * positions, columns: channels,
                into: synchronizer.leaf(places.forward, slot: slot), scratch: pass.scratch[lane].pointer)
        }
        if !synchronized {
            // Before the exchange, which may add slots together in place.
            for slot in rows.indices { use(synchronizer.leaf(places.forward, slot: slot), for: slot, pass) }
        }
        let moments = try synchronizer.combine(places.forward)
        if synchronized { use(moments, for: 0, pass) }
        updateRunningStatistics(moments, pass)
    }

    /// Sets the values of a slot from (count, mean, M2).
    private func use(_ moments: UnsafePointer<Double>, for slot: Int, _ pass: Pass) {
        let (n, values) = (moments[0], values(slot))
        for c in 0..<channels {
            set(values, c, mean: Float(moments[1 + c]), variance: Float(moments[1 + channels + c] / n), pass)
        }
    }

    private func updateRunningStatistics(_ moments: UnsafePointer<Double>, _ pass: Pass) {
        let n = moments[0]
        let (runningMean, runningVariance) = (pass.statistics + places.mean, pass.statistics + places.variance)
        for c in 0..<channels {
            runningMean[c] += momentum * (Float(moments[1 + c]) - runningMean[c])
            if n > 1 { runningVariance[c] += momentum * (Float(moments[1 + channels + c] / (n - 1)) - runningVariance[c]) }
        }
    }

    private func useRunningStatistics(_ pass: Pass) {
        for slot in 0..<(synchronized ? 1 : pass.rows.slots) {
            let values = values(slot)
            for c in 0..<channels {
                set(values, c, mean: pass.statistics[places.mean + c], variance: pass.statistics[places.variance + c], pass)
            }
        }
    }

    private func set(_ values: Channels, _ c: Int, mean: Float, variance: Float, _ pass: Pass) {
        values.mean[c] = mean
        values.invStd[c] = 1 / (variance + epsilon).squareRoot()
        values.scale[c] = pass.parameters[places.gain + c] * values.invStd[c]
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) throws {
        if isFrozen {
            scaleGradient(outputGradient, inputGradient, pass.pass)
            return
        }
        if synchronized {
            backwardSums(input, outputGradient, pass) { pass.synchronizer.leaf(places.backward, slot: $0) }
            let sums = try pass.synchronizer.combine(places.backward)
            writeParameterGradients(pass) { slot in slot == pass.gradients.firstSlot ? sums : nil }
            setMeans(sums, count: pass.batchSize * positions, slot: 0)
        } else {
            // The forward exchange is over: its leaves have room for a slot's own sums.
            backwardSums(input, outputGradient, pass) { pass.synchronizer.leaf(places.forward, slot: $0) }
            writeParameterGradients(pass) { UnsafePointer(pass.synchronizer.leaf(places.forward, slot: $0)) }
            for (slot, rows) in pass.pass.rows.rows.enumerated() {
                setMeans(pass.synchronizer.leaf(places.forward, slot: slot), count: rows * positions, slot: slot)
            }
        }
        guard let inputGradient else { return }
        let tiles = pass.pass.rows.tiles
        pass.pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            let values = values(tile.slot)
            Columns.batchNormBackward(
                x: input.row(tile.slot, tile.start), dy: outputGradient.row(tile.slot, tile.start), mean: values.mean,
                invStd: values.invStd, scale: values.scale, meanDy: values.meanDy, meanDyX: values.meanDyX,
                into: inputGradient.row(tile.slot, tile.start), rows: tile.count * positions, columns: channels)
        }
    }

    /// Writes (Σ dy, Σ dy·x̂) of every slot.
    private func backwardSums(
        _ input: SlotMatrix, _ outputGradient: SlotMatrix, _ pass: TrainingPass, into leaf: (Int) -> UnsafeMutablePointer<Double>
    ) {
        let rows = pass.pass.rows.rows
        pass.pass.lanes.run(rows.count) { slot, lane in
            let values = values(slot)
            Columns.batchNormBackwardSums(
                x: input.row(slot), dy: outputGradient.row(slot), mean: values.mean, invStd: values.invStd,
                rows: rows[slot] * positions, columns: channels, into: leaf(slot), scratch: pass.pass.scratch[lane].pointer)
        }
    }

    private func setMeans(_ sums: UnsafePointer<Double>, count: Int, slot: Int) {
        let (inverse, values) = (1 / Double(count), values(slot))
        for c in 0..<channels {
            values.meanDy[c] = Float(sums[c] * inverse)
            values.meanDyX[c] = Float(sums[channels + c] * inverse)
        }
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

    /// The backward pass with constant statistics.
    private func scaleGradient(_ outputGradient: SlotMatrix, _ inputGradient: SlotMatrix?, _ pass: Pass) {
        guard let inputGradient else { return }
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            let values = values(tile.slot)
            // The means of a frozen layer stay zero.
            Columns.normalize(
                outputGradient.row(tile.slot, tile.start), mean: values.meanDy, factor: values.scale, shift: values.meanDyX,
                into: inputGradient.row(tile.slot, tile.start), rows: tile.count * positions, columns: channels)
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(channels: Int) -> Int { 2 * FlatVector.aligned(channels) }
}
