import CKernels

/// Convolution along the positions of sequences, with stride 1 and as many outputs as inputs:
/// `y[p] = Σ_k x[p + k − before] w[k] + b`, where x is 0 beyond the sample's borders;
/// x `[positions, inputs]`, w `[kernel · inputs, outputs]`.
///
/// A window of neighbouring positions is one run of memory. So a sample with zeros at its borders is the left
/// operand of the products as it is: its rows overlap. Every output is one chain of fused multiply-adds in
/// the order of the window, so that its bits depend on its sample alone.
package struct SequenceConvolution: Equatable, Sendable {
    /// Positions that are computed in one piece.
    package static let rowsPerProduct = 128
    /// Rows of the weights whose gradients are computed in one piece.
    package static let weightRows = 256
    private static let panel = 16

    package let kernel: Int
    package let inputs: Int
    package let outputs: Int
    /// Positions of a window that lie before its output's.
    package let before: Int

    package init(kernel: Int, inputs: Int, outputs: Int, before: Int) {
        (self.kernel, self.inputs, self.outputs, self.before) = (kernel, inputs, outputs, before)
    }

    /// Floats of a window.
    package var depth: Int { kernel * inputs }

    /// The convolution that gives the input's gradient from the output's, with reversed windows.
    package var transposed: SequenceConvolution {
        SequenceConvolution(kernel: kernel, inputs: outputs, outputs: inputs, before: kernel - 1 - before)
    }

    /// Writes some blocks, one for each k, of the weights of `transposed`, `[kernel · outputs, inputs]`:
    /// `to[k, o, i] = w[K − 1 − k, i, o]`.
    package func transpose(
        _ weights: UnsafePointer<Float>, blocks: Range<Int>, into to: UnsafeMutablePointer<Float>
    ) {
        for k in blocks {
            ChannelOrder.channelsFirst(
                weights + (kernel - 1 - k) * inputs * outputs, into: to + k * inputs * outputs, images: 1,
                positions: inputs, channels: outputs)
        }
    }

    // MARK: Windows

    /// The positions of a microbatch: x, and the first position of each sample, with the end behind the last.
    package struct Samples {
        let x: UnsafePointer<Float>
        let offsets: UnsafeBufferPointer<Int>
        /// The `before` positions that lie before the first one of each sample; nil: zeros.
        let past: UnsafePointer<Float>?

        package init(
            _ x: UnsafePointer<Float>, offsets: UnsafeBufferPointer<Int>, past: UnsafePointer<Float>? = nil
        ) {
            (self.x, self.offsets, self.past) = (x, offsets, past)
        }

        /// The sample that has a position.
        fileprivate func sample(of position: Int) -> Int {
            var (low, high) = (0, offsets.count - 1)
            while high - low > 1 {
                let middle = (low + high) / 2
                if offsets[middle] <= position { low = middle } else { high = middle }
            }
            return low
        }
    }

    /// Floats of packed windows, and of memory for a run of positions with its borders.
    private var windowsCount: Int { Self.rowsPerProduct * Self.panel * PanelProduct.panels(width: depth) }
    private var bordersCount: Int { FlatVector.aligned((Self.rowsPerProduct + kernel - 1) * inputs) }

    /// Packs columns of the windows of some positions, in panels of 16 columns.
    private func pack(
        _ samples: Samples, _ positions: Range<Int>, columns: Range<Int>,
        into packed: UnsafeMutablePointer<Float>, borders: UnsafeMutablePointer<Float>
    ) {
        var (sample, first) = (samples.sample(of: positions.lowerBound), positions.lowerBound)
        while first < positions.upperBound {
            let limits = samples.offsets[sample]..<samples.offsets[sample + 1]
            let end = min(positions.upperBound, limits.upperBound)
            let past = samples.past.map { $0 + sample * before * inputs }
            copy(samples.x, first..<end, within: limits, past: past, into: borders)
            for column in stride(from: columns.lowerBound, to: columns.upperBound, by: Self.panel) {
                ckernels_pack(
                    borders + column, inputs, end - first, min(Self.panel, columns.upperBound - column),
                    packed + (column - columns.lowerBound) * positions.count
                        + (first - positions.lowerBound) * Self.panel)
            }
            (sample, first) = (sample + 1, end)
        }
    }

    /// Copies the positions under some windows of a sample, with its past before its first position, and
    /// zeros beyond its other border.
    private func copy(
        _ x: UnsafePointer<Float>, _ windows: Range<Int>, within sample: Range<Int>,
        past: UnsafePointer<Float>?, into to: UnsafeMutablePointer<Float>
    ) {
        let start = windows.lowerBound - before
        let count = windows.count + kernel - 1
        let inside = (start..<(start + count)).clamped(to: sample)
        let (front, back) = (inside.lowerBound - start, start + count - inside.upperBound)
        if let past {
            to.update(from: past + (before - front) * inputs, count: front * inputs)
        } else {
            to.update(repeating: 0, count: front * inputs)
        }
        (to + front * inputs).update(from: x + inside.lowerBound * inputs, count: inside.count * inputs)
        (to + (count - back) * inputs).update(repeating: 0, count: back * inputs)
    }

    /// Makes the past of a sample, `before` positions, that of what follows its next positions.
    package func advance(
        _ past: UnsafeMutablePointer<Float>, by x: UnsafePointer<Float>, positions: Int
    ) {
        let (size, new) = (before * inputs, min(before, positions) * inputs)
        past.update(from: past + new, count: size - new)
        (past + (size - new)).update(from: x + positions * inputs - new, count: new)
    }

    // MARK: Products

    /// Floats of scratch memory for `forward`.
    package var forwardScratchCount: Int { windowsCount + bordersCount }

    /// Floats of the packed weights, by `PanelProduct.packWhole`.
    package var weightsCount: Int { PanelProduct.packedCount(depth: depth, width: outputs) }

    /// Writes the outputs y at no more than `rowsPerProduct` positions of a microbatch, from packed weights.
    package func forward(
        _ samples: Samples, _ positions: Range<Int>, _ weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        pack(samples, positions, columns: 0..<depth, into: scratch, borders: scratch + windowsCount)
        let run = PanelProduct.Rows(samples.x, y, count: positions.count)
        withUnsafePointer(to: run) { run in
            PanelProduct.multiply(
                PanelProduct.Packed(scratch, width: depth), first: 0,
                UnsafeBufferPointer(start: run, count: 1), depth: depth, .packed(weights), width: outputs,
                columns: 0..<outputs, bias: bias, scratch: scratch)
        }
    }

    /// Floats of scratch memory for `multiplyWeights`.
    package var weightScratchCount: Int {
        Self.rowsPerProduct * (Self.weightRows + Self.panel * PanelProduct.panels(width: outputs))
            + bordersCount
    }

    /// Writes `dw[rows, :] = Σ windowᵀ dy` over all the positions of a microbatch, for at most `weightRows`
    /// rows of the weights, from a multiple of 16 on.
    package func multiplyWeights(
        _ samples: Samples, positions: Int, rows: Range<Int>, dy: UnsafePointer<Float>,
        into dw: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        if positions == 0 { dw.update(repeating: 0, count: rows.count * outputs) }
        let right = scratch + Self.rowsPerProduct * Self.weightRows
        let borders = right + Self.rowsPerProduct * Self.panel * PanelProduct.panels(width: outputs)
        for first in stride(from: 0, to: positions, by: Self.rowsPerProduct) {
            let count = min(Self.rowsPerProduct, positions - first)
            pack(samples, first..<(first + count), columns: rows, into: scratch, borders: borders)
            for column in stride(from: 0, to: outputs, by: Self.panel) {
                let width = min(Self.panel, outputs - column)
                ckernels_pack(dy + first * outputs + column, outputs, count, width, right)
                for row in stride(from: 0, to: rows.count, by: Self.panel) {
                    ckernels_multiply_transposed(
                        scratch + row * count, min(Self.panel, rows.count - row), right, count, first > 0,
                        dw + row * outputs + column, outputs, width)
                }
            }
        }
    }
}
