import Kernels

/// Batch normalisation (https://arxiv.org/abs/1502.03167) with statistics of the whole global batch: `y = (x − μ)/√(σ² + ε) · γ + β` per channel, over all
/// samples and positions; x `[N, …, C]` (NHWC).
///
/// Training exchanges (count, mean, M2) forward and (Σ dy, Σ dy·x̂) backward with all workers. The normalisation uses the biased
/// variance M2/n, the running variance takes the unbiased one M2/(n−1) (PyTorch's convention) and stays where n = 1.
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
    private let table: FloatBuffer

    init(shape: TensorShape, momentum: Double, epsilon: Double, places: Places) {
        (channels, positions) = (shape.channels, shape.positions)
        (self.momentum, self.epsilon) = (Float(momentum), Float(epsilon))
        self.places = places
        table = FloatBuffer(count: 5 * FlatVector.aligned(channels))
    }

    /// Row i of the table of per-channel values of this step.
    private func channelRow(_ i: Int) -> UnsafeMutablePointer<Float> { table.pointer + i * FlatVector.aligned(channels) }
    private var mean: UnsafeMutablePointer<Float> { channelRow(0) }
    private var invStd: UnsafeMutablePointer<Float> { channelRow(1) }
    /// γ/√(σ² + ε)
    private var scale: UnsafeMutablePointer<Float> { channelRow(2) }
    private var meanDy: UnsafeMutablePointer<Float> { channelRow(3) }
    private var meanDyX: UnsafeMutablePointer<Float> { channelRow(4) }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) throws {
        if let synchronizer = pass.training {
            try useBatchStatistics(input, pass, synchronizer)
        } else {
            useRunningStatistics(pass)
        }
        let shift = pass.parameters + places.shift
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            Columns.normalize(
                input.row(tile.slot, tile.start), mean: mean, factor: scale, shift: shift,
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
        let moments = try synchronizer.combine(places.forward)
        let n = moments[0]
        let (runningMean, runningVariance) = (pass.statistics + places.mean, pass.statistics + places.variance)
        for c in 0..<channels {
            let m2 = moments[1 + channels + c]
            setChannel(c, mean: Float(moments[1 + c]), variance: Float(m2 / n), pass)
            runningMean[c] += momentum * (mean[c] - runningMean[c])
            if n > 1 { runningVariance[c] += momentum * (Float(m2 / (n - 1)) - runningVariance[c]) }
        }
    }

    private func useRunningStatistics(_ pass: Pass) {
        for c in 0..<channels {
            setChannel(
                c, mean: pass.statistics[places.mean + c], variance: pass.statistics[places.variance + c], pass)
        }
    }

    private func setChannel(_ c: Int, mean: Float, variance: Float, _ pass: Pass) {
        self.mean[c] = mean
        invStd[c] = 1 / (variance + epsilon).squareRoot()
        scale[c] = pass.parameters[places.gain + c] * invStd[c]
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) throws {
        let rows = pass.pass.rows.rows
        pass.pass.lanes.run(rows.count) { slot, lane in
            Columns.batchNormBackwardSums(
                x: input.row(slot), dy: outputGradient.row(slot), mean: mean, invStd: invStd,
                rows: rows[slot] * positions, columns: channels, into: pass.synchronizer.leaf(places.backward, slot: slot),
                scratch: pass.pass.scratch[lane].pointer)
        }
        let sums = try pass.synchronizer.combine(places.backward)
        writeParameterGradients(sums, pass)
        guard let inputGradient else { return }
        let inverse = 1 / Double(pass.batchSize * positions)
        for c in 0..<channels {
            meanDy[c] = Float(sums[c] * inverse)
            meanDyX[c] = Float(sums[channels + c] * inverse)
        }
        let tiles = pass.pass.rows.tiles
        pass.pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            Columns.batchNormBackward(
                x: input.row(tile.slot, tile.start), dy: outputGradient.row(tile.slot, tile.start), mean: mean,
                invStd: invStd, scale: scale, meanDy: meanDy, meanDyX: meanDyX,
                into: inputGradient.row(tile.slot, tile.start), rows: tile.count * positions, columns: channels)
        }
    }

    /// dβ and dγ are the sums that every worker now has. The batch's first microbatch contributes them, all others zeros, so that the
    /// reduction gives them back unchanged.
    private func writeParameterGradients(_ sums: UnsafePointer<Double>, _ pass: TrainingPass) {
        for slot in 0..<pass.pass.rows.slots {
            let holds = slot == pass.gradients.firstSlot
            let leaf = pass.gradients.leaf(slot)
            for c in 0..<channels {
                leaf[places.shift + c] = holds ? Float(sums[c]) : 0
                leaf[places.gain + c] = holds ? Float(sums[channels + c]) : 0
            }
            pass.gradients.merge(after: slot, start: places.shift, count: channels)
            pass.gradients.merge(after: slot, start: places.gain, count: channels)
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(channels: Int) -> Int { 2 * FlatVector.aligned(channels) }
}
