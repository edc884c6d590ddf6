import Kernels

extension Network {
    /// Counts, after a forward pass in training, the values above 0 of each unit of a layer (a feature, or a
    /// channel of an image), over the samples and positions of one slot.
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
