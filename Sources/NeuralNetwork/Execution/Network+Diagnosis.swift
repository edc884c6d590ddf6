import Kernels

/// The first value of a forward pass that is not finite.
package enum NonFinite: Equatable, Sendable {
    /// A value of the network's input: its microbatch, row and column.
    case input(localMicrobatch: Int, row: Int, column: Int, value: Float)
    /// The first layer whose output is not finite.
    case layer(name: String, localMicrobatch: Int, row: Int, value: Float)
    /// All layers' values are finite, the loss of this sample is not.
    case loss(localMicrobatch: Int, row: Int)
}

extension Network {
    /// Finds, after a forward pass whose loss is not finite, the first layer boundary that is not finite, and
    /// the first row there. The pass is computed once more, node by node, as boundaries share memory; nothing
    /// is exchanged.
    package func firstNonFinite(_ pass: ForwardPass, _ targets: BatchTargets) throws -> NonFinite? {
        if let found = firstNonFinite(input, pass) {
            return .input(
                localMicrobatch: found.localMicrobatch, row: found.row, column: found.column,
                value: found.value)
        }
        var pass = pass
        pass.isReplay = true
        for (node, made) in zip(graph.nodes, nodes) {
            if let found = firstNonFinite(within: node, made, pass) { return found }
            try made.forward(made.isPerPosition ? pass.ofPositions : pass)
            if let found = firstNonFinite(made.output, pass) {
                return .layer(
                    name: plan.layers[node.output - 1].name, localMicrobatch: found.localMicrobatch,
                    row: found.row,
                    value: found.value)
            }
        }
        let ofOutput = output.holdsPositions ? pass.ofPositions : pass
        for (localMicrobatch, count) in ofOutput.rows.rows.enumerated() {
            for row in 0..<count {
                let loss = criterion.loss(
                    output: output, targets: targets, localMicrobatch: localMicrobatch, row: row,
                    scratch: scratch[0].pointer)
                guard !loss.isFinite else { continue }
                return .loss(
                    localMicrobatch: localMicrobatch, row: sample(row, of: output, localMicrobatch, pass))
            }
        }
        return nil
    }

    /// The sample that has a row of a matrix.
    private func sample(
        _ row: Int, of values: MicrobatchMatrix, _ localMicrobatch: Int, _ pass: ForwardPass
    ) -> Int {
        guard values.holdsPositions, let sequences = pass.sequences else { return row }
        return sequences.sample(ofRow: row, localMicrobatch: localMicrobatch)
    }

    private func firstNonFinite(_ values: MicrobatchMatrix, _ pass: ForwardPass) -> (
        localMicrobatch: Int, row: Int, column: Int, value: Float
    )? {
        let rows = (values.holdsPositions ? pass.ofPositions : pass).rows
        for (localMicrobatch, count) in rows.rows.enumerated() {
            let (x, count) = (values.row(localMicrobatch), count * values.width)
            if Elementwise.allFinite(x, count: count) { continue }
            guard let index = (0..<count).first(where: { !x[$0].isFinite }) else { continue }
            let (row, column) = index.quotientAndRemainder(dividingBy: values.width)
            return (localMicrobatch, sample(row, of: values, localMicrobatch, pass), column, x[index])
        }
        return nil
    }

    /// Finds the first layer of a node of several layers whose values are not finite: a rectifier may hide
    /// them in the node's output.
    private func firstNonFinite(within node: NetworkGraph.Node, _ made: Node, _ pass: ForwardPass)
        -> NonFinite?
    {
        guard node.layers.count > 1, case .normalization(let norm) = made.work else { return nil }
        let rows = (made.isPerPosition ? pass.ofPositions : pass).rows
        for stage in 0..<node.inputs.count {
            let shortcut = stage > 0 ? made.inputs[1] : nil
            for (localMicrobatch, count) in rows.rows.enumerated() {
                for row in 0..<count {
                    guard
                        let value = norm.firstNonFinite(
                            made.inputs[0], shortcut: shortcut, localMicrobatch: localMicrobatch, row: row)
                    else { continue }
                    return .layer(
                        name: plan.layers[node.layers[stage]].name, localMicrobatch: localMicrobatch,
                        row: sample(row, of: made.output, localMicrobatch, pass), value: value)
                }
            }
        }
        return nil
    }
}
