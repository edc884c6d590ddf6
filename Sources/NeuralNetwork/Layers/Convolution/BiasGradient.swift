import Kernels

/// The gradient of a bias, `db = Σ dy` over all rows of a local microbatch, for dense layers and
/// convolutions.
enum BiasGradient {
    /// Writes a local microbatch's sums from `start` on in its gradient vector, and merges them.
    ///
    /// - Parameters:
    ///   - rows: rows of the local microbatch, with `outputs` values each.
    ///   - scratch: `scratchCount` floats.
    static func write(
        _ localMicrobatch: Int, _ outputGradient: MicrobatchMatrix, rows: Int, outputs: Int, to start: Int,
        _ pass: BackwardPass,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let sums = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Double.self)
        Columns.sum(
            outputGradient.row(localMicrobatch), rows: rows, columns: outputs, into: sums,
            scratch: scratch + FlatVector.aligned(2 * outputs))
        let leaf = pass.gradients.leaf(localMicrobatch) + start
        for c in 0..<outputs { leaf[c] = Float(sums[c]) }
        pass.gradients.merge(after: localMicrobatch, start: start, count: outputs)
    }

    static func scratchCount(outputs: Int) -> Int { 2 * FlatVector.aligned(2 * outputs) }
}
