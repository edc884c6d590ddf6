import Kernels

extension Network {
    /// After a forward pass in training: for each unit of a layer (features, or an image's channels) how many of the values that it gave are above 0, over the
    /// samples and positions of one slot.
    package func countActiveUnits(
        of layer: PlannedLayer, slot: Int, _ pass: ForwardPass, into counts: UnsafeMutablePointer<Double>
    ) {
        guard let index = plan.layers.firstIndex(where: { $0.name == layer.name }) else {
            preconditionFailure("the layer is one of this network")
        }
        VectorNorms.countPositive(
            values(at: index + 1).row(slot), rows: pass.rows.rows[slot] * layer.output.positions,
            columns: layer.output.channels,
            into: counts)
    }
}
