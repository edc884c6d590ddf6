import Kernels

/// A planned network with the memory to compute up to `slots` microbatches of up to `rows` samples at once.
///
/// Owned by one compute thread. All memory is allocated here, none per step.
package final class Network {
    package let plan: NetworkPlan
    private let layers: [(any Layer)?]
    /// Layer boundaries: `values[i]` is the input of layer i, the last one the network's output.
    let values: [SlotMatrix]
    /// Gradients of two neighbouring boundaries, taking turns (training alone).
    private let gradients: [SlotMatrix]
    private let scratch: [FloatBuffer]
    private let partialLosses: UnsafeMutablePointer<Double>
    private let lanes: LanePool

    package init(plan: NetworkPlan, slots: Int, rows: Int, lanes: LanePool, training: Bool) {
        self.plan = plan
        self.lanes = lanes
        layers = plan.layers.map { $0.makeLayer() }
        var values = [SlotMatrix(slots: slots, rows: rows, width: plan.inputShape.count)]
        for (layer, planned) in zip(layers, plan.layers) {
            let width = planned.output.count
            values.append(
                layer == nil ? values[values.count - 1] : SlotMatrix(slots: slots, rows: rows, width: width))
        }
        self.values = values
        let widest = values.map(\.width).max() ?? 1
        gradients = training ? (0..<2).map { _ in SlotMatrix(slots: slots, rows: rows, width: widest) } : []
        let needed = plan.layers.map(\.scratchCount).max() ?? 0
        let count = max(needed, Loss.scratchCount(width: plan.outputShape.count))
        scratch = (0..<lanes.lanes).map { _ in FloatBuffer(count: count) }
        let tiles = slots * ((rows + Tile.rows - 1) / Tile.rows)
        partialLosses = .allocate(capacity: max(1, 2 * tiles))
    }

    deinit { partialLosses.deallocate() }

    /// Where a pass's samples are written.
    package var input: SlotMatrix { values[0] }
    package var output: SlotMatrix { values[values.count - 1] }

    package func makePass(
        rows: SlotRows, parameters: UnsafePointer<Float>, statistics: UnsafeMutablePointer<Float>,
        training: StatisticsSynchronizer?
    ) -> Pass {
        Pass(
            rows: rows, parameters: parameters, statistics: statistics, lanes: lanes, scratch: scratch, training: training)
    }

    package func forward(_ pass: Pass) throws {
        for (i, layer) in layers.enumerated() {
            try layer?.forward(values[i], values[i + 1], pass)
        }
    }

    /// Writes every slot's `Loss.report` and, in a network made for training, the gradient of the loss.
    package func evaluateLoss(
        _ targets: BatchTargets, _ pass: Pass, reports: (Int) -> UnsafeMutablePointer<Double>
    ) {
        plan.loss.evaluate(
            output: output, targets: targets, gradient: gradients.isEmpty ? nil : gradient(at: layers.count), pass: pass,
            partial: partialLosses, reports: reports)
    }

    /// Computes all parameter gradients, last layer first; `completed(offset)` is called whenever everything from `offset` on in the flat
    /// vectors is ready to be sent.
    package func backward(_ pass: TrainingPass, completed: (Int) -> Void) throws {
        let firstTrained = plan.layers.firstIndex { $0.parameters > 0 } ?? layers.count
        for i in stride(from: layers.count - 1, through: firstTrained, by: -1) {
            try layers[i]?.backward(
                values[i], values[i + 1], outputGradient: gradient(at: i + 1),
                inputGradient: i > firstTrained ? gradient(at: i) : nil, pass)
            if plan.layers[i].parameters > 0 { completed(i == firstTrained ? 0 : plan.layers[i].firstParameter) }
        }
    }

    /// The gradient of boundary `i`. A flatten has no computation: both of its sides are the same memory.
    private func gradient(at boundary: Int) -> SlotMatrix {
        let computed = layers[..<boundary].count { $0 != nil }
        return gradients[computed % 2].resized(to: values[boundary].width)
    }
}
