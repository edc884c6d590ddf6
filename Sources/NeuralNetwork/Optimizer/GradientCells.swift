import Kernels

/// The runs of the flat vectors over which norms are summed: every tensor, cut at multiples of 1,024. A run
/// has one owner.
package struct GradientCells: Equatable, Sendable {
    /// The runs, ascending.
    package let cells: [Range<Int>]
    /// For each of the layout's tensors, its cells.
    package let ofTensor: [Range<Int>]

    package init(_ layout: ParameterLayout) {
        var (cells, ofTensor) = ([Range<Int>](), [Range<Int>]())
        for tensor in layout.tensors {
            let first = cells.count
            var start = tensor.range.lowerBound
            while start < tensor.range.upperBound {
                let end = min(
                    tensor.range.upperBound, (start / FlatVector.blockSize + 1) * FlatVector.blockSize)
                cells.append(start..<end)
                start = end
            }
            ofTensor.append(first..<cells.count)
        }
        (self.cells, self.ofTensor) = (cells, ofTensor)
    }
}
