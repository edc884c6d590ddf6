import Kernels

/// Fully connected layer: `y = xW + b`, x `[N, in]`, W `[in, out]`, b `[out]`.
///
/// Gradients: `dW = xᵀ dy`, `db = Σ dy`, `dx = dy Wᵀ`. A lane computes some columns for rows of several slots forward and for dx, a block of W's rows for dW; the samples
/// of a microbatch are one sum.
final class DenseLayer: Layer {
    /// Rows of W in one task of the weight gradient; a multiple of 16, so that blocks begin at aligned floats.
    private static let blockRows = 128
    /// Columns of a result in one task.
    private static let blockColumns = 128

    private let inputs: Int
    private let outputs: Int
    private let weight: Int
    private let bias: Int?
    /// What a task multiplies; filled anew for each call.
    private let runs: UnsafeMutableBufferPointer<PanelProduct.Rows>

    /// - Parameters:
    ///   - weight, bias: where they begin in the flat vectors.
    ///   - slots, rows: the most microbatches at once and samples of one.
    init(inputs: Int, outputs: Int, weight: Int, bias: Int?, slots: Int, rows: Int) {
        (self.inputs, self.outputs, self.weight, self.bias) = (inputs, outputs, weight, bias)
        runs = .allocate(capacity: max(1, slots * ((rows + Tile.rows - 1) / Tile.rows)))
    }

    deinit { runs.deallocate() }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        multiply(
            input, output, pass.parameters + weight, isTransposed: false, bias: bias.map { pass.parameters + $0 }, pass)
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) {
        if !pass.isFrozen { weightGradient(input, outputGradient, pass) }
        guard let inputGradient else { return }
        multiply(outputGradient, inputGradient, pass.pass.parameters + weight, isTransposed: true, bias: nil, pass.pass)
    }

    /// `y = x · B + bias`: a task for each block of columns and, of rows, for each group or each tile.
    private func multiply(
        _ x: SlotMatrix, _ y: SlotMatrix, _ b: UnsafePointer<Float>, isTransposed: Bool, bias: UnsafePointer<Float>?, _ pass: Pass
    ) {
        let (tiles, runs) = (pass.rows.tiles, UnsafeBufferPointer(runs))
        for (i, tile) in tiles.enumerated() {
            self.runs[i] = PanelProduct.Rows(x.row(tile.slot, tile.start), y.row(tile.slot, tile.start), count: tile.count)
        }
        let blocks = (y.width + Self.blockColumns - 1) / Self.blockColumns
        // Few columns: their packing costs little, and every tile is a task.
        let isWide = blocks > 1
        let groups = isWide ? pass.rows.groups.count : tiles.count
        pass.lanes.run(groups * blocks) { task, lane in
            let (group, block) = task.quotientAndRemainder(dividingBy: blocks)
            let range = isWide ? pass.rows.groups[group] : group..<(group + 1)
            let first = block * Self.blockColumns
            PanelProduct.multiply(
                UnsafeBufferPointer(rebasing: runs[range]), depth: x.width, b, isTransposed: isTransposed, width: y.width,
                columns: first..<min(first + Self.blockColumns, y.width), bias: bias, scratch: pass.scratch[lane].pointer)
        }
    }

    private func weightGradient(_ input: SlotMatrix, _ outputGradient: SlotMatrix, _ pass: TrainingPass) {
        let (gradients, rows) = (pass.gradients, pass.pass.rows.rows)
        let blocks = (inputs + Self.blockRows - 1) / Self.blockRows
        pass.pass.lanes.run(blocks + (bias == nil ? 0 : 1)) { task, lane in
            let scratch = pass.pass.scratch[lane].pointer
            if task == blocks {
                if let bias {
                    for (slot, rows) in rows.enumerated() {
                        BiasGradient.write(slot, outputGradient, rows: rows, outputs: outputs, to: bias, pass, scratch: scratch)
                    }
                }
                return
            }
            let first = task * Self.blockRows
            let count = min(Self.blockRows, inputs - first)
            let start = weight + first * outputs
            for slot in 0..<rows.count {
                PanelProduct.multiplyTransposed(
                    input.row(slot), depth: inputs, rows: first..<(first + count), outputGradient.row(slot), width: outputs,
                    samples: rows[slot], into: gradients.leaf(slot) + start, scratch: scratch)
                gradients.merge(after: slot, start: start, count: count * outputs)
            }
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(outputs: Int) -> Int { max(PanelProduct.scratchCount, BiasGradient.scratchCount(outputs: outputs)) }
}
