import Kernels

/// Fully connected layer: `y = xW + b`, x `[N, in]`, W `[in, out]`, b `[out]`.
///
/// Gradients: `dW = xᵀ dy`, `db = Σ dy`, `dx = dy Wᵀ`. A lane computes a tile of rows forward and for dx, a block of W's rows for dW; the samples
/// of a microbatch (K of the weight gradient) are never split.
final class DenseLayer: Layer {
    /// Rows of W in one task of the weight gradient; a multiple of 16, so that blocks begin at aligned floats.
    static let blockRows = 256

    private let inputs: Int
    private let outputs: Int
    private let weight: Int
    private let bias: Int?

    /// - Parameters weight, bias: where they begin in the flat vectors.
    init(inputs: Int, outputs: Int, weight: Int, bias: Int?) {
        (self.inputs, self.outputs, self.weight, self.bias) = (inputs, outputs, weight, bias)
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let w = pass.parameters + weight
        let b = bias.map { pass.parameters + $0 }
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            let y = output.row(tile.slot, tile.start)
            BLAS.multiply(
                m: tile.count, n: outputs, k: inputs, a: input.row(tile.slot, tile.start), lda: inputs, b: w, ldb: outputs,
                c: y, ldc: outputs)
            if let b { Columns.addBias(b, to: y, rows: tile.count, columns: outputs) }
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) {
        if !pass.isFrozen { weightGradient(input, outputGradient, pass) }
        guard let inputGradient else { return }
        let w = pass.pass.parameters + weight
        let tiles = pass.pass.rows.tiles
        pass.pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            BLAS.multiply(
                transposeB: true, m: tile.count, n: inputs, k: outputs, a: outputGradient.row(tile.slot, tile.start),
                lda: outputs, b: w, ldb: outputs, c: inputGradient.row(tile.slot, tile.start), ldc: inputs)
        }
    }

    private func weightGradient(_ input: SlotMatrix, _ outputGradient: SlotMatrix, _ pass: TrainingPass) {
        let (gradients, rows) = (pass.gradients, pass.pass.rows.rows)
        let blocks = (inputs + Self.blockRows - 1) / Self.blockRows
        pass.pass.lanes.run(blocks + (bias == nil ? 0 : 1)) { task, lane in
            if task == blocks {
                biasGradient(outputGradient, pass, scratch: pass.pass.scratch[lane])
                return
            }
            let first = task * Self.blockRows
            let count = min(Self.blockRows, inputs - first)
            let start = weight + first * outputs
            for slot in 0..<rows.count {
                BLAS.multiply(
                    transposeA: true, m: count, n: outputs, k: rows[slot], a: input.row(slot) + first, lda: inputs,
                    b: outputGradient.row(slot), ldb: outputs, c: gradients.leaf(slot) + start, ldc: outputs)
                gradients.merge(after: slot, start: start, count: count * outputs)
            }
        }
    }

    private func biasGradient(_ outputGradient: SlotMatrix, _ pass: TrainingPass, scratch: FloatBuffer) {
        guard let bias else { return }
        let sums = UnsafeMutableRawPointer(scratch.pointer).assumingMemoryBound(to: Double.self)
        let block = scratch.pointer + FlatVector.aligned(2 * outputs)
        for (slot, rows) in pass.pass.rows.rows.enumerated() {
            Columns.sum(outputGradient.row(slot), rows: rows, columns: outputs, into: sums, scratch: block)
            let leaf = pass.gradients.leaf(slot) + bias
            for c in 0..<outputs { leaf[c] = Float(sums[c]) }
            pass.gradients.merge(after: slot, start: bias, count: outputs)
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(outputs: Int) -> Int { 2 * FlatVector.aligned(2 * outputs) }
}
