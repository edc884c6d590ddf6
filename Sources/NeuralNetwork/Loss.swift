import Kernels

/// What a network is trained to make small: the mean over samples of a loss per sample.
package enum Loss: String, CaseIterable, Sendable {
    /// Categorical cross-entropy of class labels, from logits (a final softmax is fused into it).
    case crossEntropy = "cross_entropy"
    /// Mean squared error: per sample, the mean over outputs of (y − t)². Class labels count as one-hot targets.
    case meanSquaredError = "mse"

    /// Whether the loss computes this final activation itself, from what goes into it.
    func fuses(_ spec: LayerSpec) -> Bool { self == .crossEntropy && spec == .softmax }

    /// Doubles that describe a set of samples: sum of losses, samples with the right class, samples. They add up.
    package static let report = StatisticsOperation.sum(width: 3)

    /// Writes each slot's report into `reports(slot)` and, if wanted, the gradient of the summed loss into `gradient`.
    ///
    /// `partial` holds 2 doubles for every tile, in which lanes leave their part; a slot's sum goes over its tiles in order.
    package func evaluate(
        output: SlotMatrix, targets: BatchTargets, gradient: SlotMatrix?, pass: Pass, partial: UnsafeMutablePointer<Double>,
        reports: (Int) -> UnsafeMutablePointer<Double>
    ) {
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, lane in
            let tile = tiles[task]
            let y = output.row(tile.slot, tile.start)
            let dx = gradient.map { $0.row(tile.slot, tile.start) }
            let (loss, correct) = tileLoss(y, tile, targets, output.width, dx, pass.scratch[lane].pointer)
            partial[2 * task] = loss
            partial[2 * task + 1] = Double(correct)
        }
        for (slot, rows) in pass.rows.rows.enumerated() {
            let report = reports(slot)
            (report[0], report[1], report[2]) = (0, 0, Double(rows))
        }
        for (task, tile) in tiles.enumerated() {
            let report = reports(tile.slot)
            report[0] += partial[2 * task]
            report[1] += partial[2 * task + 1]
        }
    }

    private func tileLoss(
        _ y: UnsafePointer<Float>, _ tile: Tile, _ targets: BatchTargets, _ width: Int, _ dx: UnsafeMutablePointer<Float>?,
        _ scratch: UnsafeMutablePointer<Float>
    ) -> (loss: Double, correct: Int) {
        switch self {
        case .crossEntropy:
            return LossKernels.crossEntropy(
                logits: y, labels: targets.labels(tile.slot) + tile.start, rows: tile.count, columns: width, dx: dx,
                scratch: scratch)
        case .meanSquaredError:
            let loss = LossKernels.squaredError(
                y, targets: targets.values(tile.slot) + tile.start * width, rows: tile.count, columns: width, dx: dx)
            guard targets.areClasses else { return (loss, 0) }
            let labels = targets.labels(tile.slot) + tile.start
            var correct = 0
            for r in 0..<tile.count {
                correct += LossKernels.argmax(y + r * width, columns: width) == Int(labels[r]) ? 1 : 0
            }
            return (loss, correct)
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(width: Int) -> Int { FlatVector.aligned(width) + 16 }
}
