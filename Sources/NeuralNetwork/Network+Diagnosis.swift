import Kernels

/// Where a forward pass has left the finite numbers.
package enum NonFinite: Equatable, Sendable {
    /// What came in: a slot's row and the place in it.
    case input(slot: Int, row: Int, column: Int, value: Float)
    /// The first layer whose output is not finite.
    case layer(name: String, slot: Int, row: Int, value: Float)
    /// All layers' values are finite, the loss of this sample is not.
    case loss(slot: Int, row: Int)
}

extension Network {
    /// After a forward pass whose loss is not finite: the first layer boundary that is not, and the first row there.
    package func firstNonFinite(_ rows: SlotRows, _ targets: BatchTargets) -> NonFinite? {
        for (boundary, values) in values.enumerated() {
            for (slot, count) in rows.rows.enumerated() {
                guard let place = firstNonFinite(values.row(slot), count: count * values.width) else { continue }
                let (row, column) = place.quotientAndRemainder(dividingBy: values.width)
                let value = values.row(slot)[place]
                return boundary == 0
                    ? .input(slot: slot, row: row, column: column, value: value)
                    : .layer(name: plan.layers[boundary - 1].name, slot: slot, row: row, value: value)
            }
        }
        for (slot, count) in rows.rows.enumerated() {
            for row in 0..<count {
                let loss = criterion.loss(output: output, targets: targets, slot: slot, row: row, scratch: scratch[0].pointer)
                if !loss.isFinite { return .loss(slot: slot, row: row) }
            }
        }
        return nil
    }

    private func firstNonFinite(_ x: UnsafePointer<Float>, count: Int) -> Int? {
        if Elementwise.allFinite(x, count: count) { return nil }
        return (0..<count).first { !x[$0].isFinite }
    }
}
