import Kernels

/// A planned network with the memory to compute up to `slots` microbatches of up to `rows` samples at once.
///
/// Owned by one compute thread. All memory is allocated here, none per step.
package final class Network {
    package let plan: NetworkPlan
    private let nodes: [Node]
    /// The values at every layer boundary: `values[i + 1]` is the output of layer i.
    let values: [SlotMatrix]
    /// In a network made for training.
    private let backwardMemory: BackwardMemory?
    let scratch: [FloatBuffer]
    private let workspace: FloatBuffer
    package let criterion: Criterion
    private let lanes: LanePool
    /// Told when a layer's forward or backward computation has ended, for measuring.
    package var layerDone: ((_ layer: Int, _ isBackward: Bool) -> Void)?

    private enum Node {
        case layer(any Layer)
        case join(any JoinLayer)
        /// Another name for its input's values.
        case alias
    }

    /// - Parameter report: what is summed over samples; nil: the loss alone.
    package init(plan: NetworkPlan, report: ReportLayout? = nil, slots: Int, rows: Int, lanes: LanePool, training: Bool) {
        self.plan = plan
        self.lanes = lanes
        var values = [SlotMatrix(slots: slots, rows: rows, width: plan.inputShape.count)]
        nodes = plan.layers.enumerated().map { index, layer in
            layer.makeJoin(inputs: layer.inputs.map { plan.shape(at: $0) }).map(Node.join)
                ?? layer.makeLayer(index: index, slots: slots, rows: rows).map(Node.layer) ?? .alias
        }
        for (node, layer) in zip(nodes, plan.layers) {
            if case .alias = node {
                values.append(values[layer.inputs[0]])
            } else {
                values.append(SlotMatrix(slots: slots, rows: rows, width: layer.output.count))
            }
        }
        self.values = values
        backwardMemory = training ? BackwardMemory(BackwardPlan(plan), of: plan, slots: slots, rows: rows) : nil
        let needed = plan.layers.map(\.scratchCount).max() ?? 0
        let count = max(needed, Criterion.scratchCount(width: plan.outputShape.count))
        scratch = (0..<lanes.lanes).map { _ in FloatBuffer(count: count) }
        workspace = FloatBuffer(count: plan.layers.map(\.workspaceCount).max() ?? 0)
        let tiles = slots * ((rows + Tile.rows - 1) / Tile.rows)
        let outputs = plan.outputShape.count
        let report =
            report
            ?? ReportLayout(loss: plan.loss, metrics: [], targets: .classes(outputs), outputs: outputs, isEvaluation: !training)
        criterion = Criterion(report, width: outputs, tiles: tiles)
    }

    /// Where a pass's samples are written.
    package var input: SlotMatrix { values[0] }
    package var output: SlotMatrix { values[values.count - 1] }

    /// What the last forward pass left at a boundary.
    package func values(at boundary: Int) -> SlotMatrix { values[boundary] }

    package func makePass(
        rows: SlotRows, parameters: UnsafePointer<Float>, statistics: UnsafeMutablePointer<Float>,
        training: TrainingMode?
    ) -> Pass {
        Pass(
            rows: rows, parameters: parameters, statistics: statistics, lanes: lanes, scratch: scratch,
            workspace: workspace, training: training)
    }

    package func forward(_ pass: Pass) throws {
        for (i, node) in nodes.enumerated() {
            let inputs = plan.layers[i].inputs
            switch node {
            case .layer(let layer): try layer.forward(values[inputs[0]], values[i + 1], pass)
            case .join(let join): join.forward(inputs.map { values[$0] }, values[i + 1], pass)
            case .alias: break
            }
            layerDone?(i, false)
        }
    }

    /// Writes every slot's report and, in a network made for training, the gradient of the loss.
    package func evaluateLoss(
        _ targets: BatchTargets, _ pass: Pass, reports: (Int) -> UnsafeMutablePointer<Double>
    ) throws {
        try criterion.evaluate(
            output: output, targets: targets, gradient: backwardMemory?.gradient(at: nodes.count), exchange: plan.lossExchange,
            pass: pass, reports: reports)
    }

    /// Computes all parameter gradients, last layer first; `completed(offset)` is called whenever everything from `offset` on in the flat
    /// vectors is ready to be sent.
    package func backward(_ pass: TrainingPass, completed: (Int) -> Void) throws {
        guard let memory = backwardMemory else { preconditionFailure("this network was made for evaluation") }
        var pass = pass
        for step in memory.plan.steps {
            let layer = plan.layers[step.layer]
            pass.isFrozen = layer.isFrozen
            let outputGradient = memory.gradient(at: step.layer + 1)
            switch nodes[step.layer] {
            case .layer(let computation):
                let target = step.targets[0]
                let input = values[layer.inputs[0]]
                let written = target == .adds ? memory.temporary(width: layer.input.count) : memory.gradient(at: layer.inputs[0])
                try computation.backward(
                    input, values[step.layer + 1], outputGradient: outputGradient, inputGradient: target == .none ? nil : written, pass)
                if target == .adds {
                    AddLayer.add(written, to: memory.gradient(at: layer.inputs[0]), pass.pass)
                }
            case .join(let join):
                let gradients = zip(layer.inputs, step.targets).map { boundary, target in
                    target == .none ? nil : InputGradient(values: memory.gradient(at: boundary), accumulates: target == .adds)
                }
                join.backward(outputGradient: outputGradient, gradients, pass.pass)
            case .alias: break
            }
            layerDone?(step.layer, true)
            if let offset = step.completes { completed(offset) }
        }
    }
}
