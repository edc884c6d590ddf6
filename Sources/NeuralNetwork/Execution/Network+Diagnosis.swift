import Kernels

/// The first value of a forward pass that is not finite.
package enum NonFinite: Equatable, Sendable {
    /// A value of the network's input: its microbatch, row and column.
    case input(slot: Int, row: Int, column: Int, value: Float)
    /// The first layer whose output is not finite.
    case layer(name: String, slot: Int, row: Int, value: Float)
    /// All layers' values are finite, the loss of this sample is not.
    case loss(slot: Int, row: Int)
}

extension Network {
    /// Finds, after a forward pass whose loss is not finite, the first layer boundary that is not finite, and
    /// the first row there. The pass is computed once more, node by node, as boundaries share memory; nothing
    /// is exchanged.
    package func firstNonFinite(_ pass: ForwardPass, _ targets: BatchTargets) throws -> NonFinite? {
        let rows = pass.rows
        if let found = firstNonFinite(input, rows) {
            return .input(slot: found.slot, row: found.row, column: found.column, value: found.value)
        }
        var pass = pass
        pass.isReplay = true
        for (node, made) in zip(graph.nodes, nodes) {
            if let found = firstNonFinite(within: node, made, rows) { return found }
            try made.forward(pass)
            if let found = firstNonFinite(made.output, rows) {
                return .layer(
                    name: plan.layers[node.output - 1].name, slot: found.slot, row: found.row,
                    value: found.value)
            }
        }
        for (slot, count) in rows.rows.enumerated() {
            for row in 0..<count {
                let loss = criterion.loss(
                    output: output, targets: targets, slot: slot, row: row, scratch: scratch[0].pointer)
                if !loss.isFinite { return .loss(slot: slot, row: row) }
            }
        }
        return nil
    }

    private func firstNonFinite(_ values: SlotMatrix, _ rows: SlotRows) -> (
        slot: Int, row: Int, column: Int, value: Float
    )? {
        for (slot, count) in rows.rows.enumerated() {
            let (x, count) = (values.row(slot), count * values.width)
            if Elementwise.allFinite(x, count: count) { continue }
            guard let place = (0..<count).first(where: { !x[$0].isFinite }) else { continue }
            let (row, column) = place.quotientAndRemainder(dividingBy: values.width)
            return (slot, row, column, x[place])
        }
        return nil
    }

    /// Finds the first layer of a node of several layers whose values are not finite: a rectifier may hide
    /// them in the node's output.
    private func firstNonFinite(within node: NetworkGraph.Node, _ made: Node, _ rows: SlotRows) -> NonFinite?
    {
        guard node.layers.count > 1, case .normalization(let norm) = made.work else { return nil }
        for stage in 0..<node.inputs.count {
            let shortcut = stage > 0 ? made.inputs[1] : nil
            for (slot, count) in rows.rows.enumerated() {
                for row in 0..<count {
                    guard
                        let value = norm.firstNonFinite(
                            made.inputs[0], shortcut: shortcut, slot: slot, row: row)
                    else { continue }
                    return .layer(
                        name: plan.layers[node.layers[stage]].name, slot: slot, row: row, value: value)
                }
            }
        }
        return nil
    }
}
