import Kernels

extension Network {
    /// Counts, after a forward pass in training, the values above 0 of each unit of a layer (a feature, or a
    /// channel of an image), over the samples and positions of one local microbatch.
    package func countActiveUnits(
        of layer: PlannedLayer, localMicrobatch: Int, _ pass: ForwardPass,
        into counts: UnsafeMutablePointer<Double>
    ) {
        guard let index = plan.layers.firstIndex(where: { $0.name == layer.name }) else {
            preconditionFailure("the layer is one of this network")
        }
        VectorNorms.countPositive(
            values(at: index + 1).row(localMicrobatch),
            rows: layer.isPerPosition
                ? pass.ofPositions.rows.rows[localMicrobatch]
                : pass.rows.rows[localMicrobatch] * layer.output.positions,
            columns: layer.output.channels,
            into: counts)
    }
}
