import CKernels

/// The products of all positions' gradients, which the backward time loop has left in the slots.
extension RecurrentCell {
    /// Packs a gate's gradients at some positions, in panels of 16 columns.
    private func packGate(
        _ gate: Int, _ records: UnsafePointer<Float>, rows: Int, _ side: Side,
        into packed: UnsafeMutablePointer<Float>
    ) {
        for vector in 0..<vectors {
            ckernels_pack(
                records + slot(gate, side) * paddedUnits + vector * 16, recordWidth, rows, 16,
                packed + vector * 16 * rows)
        }
    }

    /// Floats of scratch memory for `multiplyGradient`.
    package var inputGradientScratchCount: Int { Self.rowsPerProduct * gatesWidth }

    /// Writes the input's gradient `dx = d W_ihᵀ` at no more than `rowsPerProduct` positions.
    package func multiplyGradient(
        _ records: UnsafePointer<Float>, rows: Int, _ weights: UnsafePointer<Float>,
        into dx: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        for gate in 0..<gates {
            packGate(gate, records, rows: rows, .input, into: scratch + gate * paddedUnits * rows)
        }
        let run = PanelProduct.Rows(records, dx, count: rows)
        withUnsafePointer(to: run) { run in
            PanelProduct.multiply(
                PanelProduct.Packed(scratch, width: gatesWidth), first: 0,
                UnsafeBufferPointer(start: run, count: 1), depth: gatesWidth,
                .packed(inputWeights(backward: weights)), width: inputs, columns: 0..<inputs, scratch: scratch
            )
        }
    }

    /// Rows of a weight matrix whose gradients are computed in one piece.
    package static let weightRows = 128

    /// Floats of scratch memory for `multiplyWeights`.
    package var weightScratchCount: Int { Self.rowsPerProduct * (paddedUnits + Self.weightRows) }

    /// Writes `dW[weights, :] = Σ xᵀ d` over the positions of a microbatch, for at most `weightRows` rows of
    /// W_ih or W_hh; x are the inputs, or the states before the positions. The gradients of one gate are
    /// summed after those of another, so that they stay in the second-level cache.
    package func multiplyWeights(
        _ side: Side, _ weights: Range<Int>, input: UnsafePointer<Float>, records: UnsafePointer<Float>,
        rows: Int, into dw: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        if rows == 0 { dw.update(repeating: 0, count: weights.count * columns) }
        let (x, stride) = side == .input ? (input, inputs) : (records + hiddenPlace, recordWidth)
        for gate in 0..<gates {
            for first in Swift.stride(from: 0, to: rows, by: Self.rowsPerProduct) {
                let count = min(Self.rowsPerProduct, rows - first)
                let left = scratch + count * paddedUnits
                packGate(gate, records + first * recordWidth, rows: count, side, into: scratch)
                for row in Swift.stride(from: 0, to: weights.count, by: 16) {
                    ckernels_pack(
                        x + first * stride + weights.lowerBound + row, stride, count,
                        min(16, weights.count - row), left + row * count)
                }
                multiplyTransposed(
                    left, weights.count, scratch, positions: count, accumulates: first > 0,
                    into: dw + gate * units)
            }
        }
    }

    /// Multiplies packed rows with a gate's packed gradients.
    private func multiplyTransposed(
        _ left: UnsafePointer<Float>, _ rows: Int, _ right: UnsafePointer<Float>, positions: Int,
        accumulates: Bool, into dw: UnsafeMutablePointer<Float>
    ) {
        for vector in 0..<vectors {
            for row in Swift.stride(from: 0, to: rows, by: 16) {
                ckernels_multiply_transposed(
                    left + row * positions, min(16, rows - row), right + vector * 16 * positions, positions,
                    accumulates, dw + row * columns + vector * 16, columns, min(16, units - vector * 16))
            }
        }
    }

    /// The sums of the slots over positions: in float over a call's rows, then in double.
    package var biasSumsCount: Int { slots * paddedUnits }

    /// Adds the gradients of at most `rowsPerProduct` positions to a microbatch's sums. `scratch` holds
    /// `biasSumsCount` floats.
    package func addBiasGradients(
        _ records: UnsafePointer<Float>, rows: Int, to sums: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        scratch.update(repeating: 0, count: biasSumsCount)
        for r in 0..<rows {
            let record = records + r * recordWidth
            for i in stride(from: 0, to: biasSumsCount, by: 16) {
                (Vector(at: scratch + i) + Vector(at: record + i)).store(at: scratch + i)
            }
        }
        for i in 0..<biasSumsCount { sums[i] += Double(scratch[i]) }
    }

    /// Writes the gradient of one of the biases.
    package func writeBiasGradient(
        _ side: Side, _ sums: UnsafePointer<Double>, into bias: UnsafeMutablePointer<Float>
    ) {
        for gate in 0..<gates {
            let from = sums + slot(gate, side) * paddedUnits
            for unit in 0..<units { bias[gate * units + unit] = Float(from[unit]) }
        }
    }
}
