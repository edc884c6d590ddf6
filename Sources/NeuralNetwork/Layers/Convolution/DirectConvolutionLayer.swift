import Kernels

/// A convolution (see `ConvolutionLayer` for the formulas) window by window, for what Winograd does not serve: few input channels, strides, other windows.
///
/// The weights are packed once for each pass, into memory that all such layers share. The input's gradient, which a first layer does not need, and the weights' where an
/// image has few windows are left to matrix products.
final class DirectConvolutionLayer: Layer, MomentsProducer {
    /// Windows that make a group of the weights' gradient.
    private static let windowsPerGroup = 4096
    /// With fewer on an image, sums would move between registers and memory too often.
    private static let fewestWindows = 64

    private let convolution: DirectConvolution
    private let products: ConvolutionLayer
    private let geometry: WindowGeometry
    private let outputs: Int
    private let weight: Int
    private let bias: Int?
    private let imagesPerTile: Int
    /// Nil: products serve better.
    private let weightGradient: GroupedWeightGradient?
    /// Of the batch norm that reads the output.
    var moments: TileMoments?

    /// - Parameters weight, bias: where they begin in the flat vectors.
    init(_ convolution: DirectConvolution, _ geometry: WindowGeometry, outputs: Int, weight: Int, bias: Int?)
    {
        (self.convolution, self.geometry, self.outputs, self.weight, self.bias) = (
            convolution, geometry, outputs, weight, bias
        )
        products = ConvolutionLayer(geometry, outputs: outputs, weight: weight, bias: bias)
        imagesPerTile = ConvolutionTiling(geometry, outputs: outputs).imagesPerTile
        weightGradient =
            Self.sumsWeights(geometry)
            ? GroupedWeightGradient(
                geometry, outputs: outputs, weight: weight, bias: bias,
                groupImages: max(1, Self.windowsPerGroup / geometry.positions), mostChannels: outputs) : nil
    }

    /// Whether the weights' gradient is computed window by window too.
    static func sumsWeights(_ geometry: WindowGeometry) -> Bool { geometry.positions >= fewestWindows }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let (w, packed, panels) = (pass.parameters + weight, pass.workspace.pointer, convolution.panels)
        let tasks = min(panels, 4 * pass.lanes.lanes)
        pass.lanes.run(tasks) { task, _ in
            convolution.pack(w, panels: (task * panels / tasks)..<((task + 1) * panels / tasks), into: packed)
        }
        let b = bias.map { pass.parameters + $0 }
        pass.lanes.run(pass.rows.tileCount(of: imagesPerTile)) { task, lane in
            let (tile, scratch) = (pass.rows.tile(task, of: imagesPerTile), pass.scratch[lane].pointer)
            let y = output.row(tile.slot, tile.start)
            convolution.convolve(
                input.row(tile.slot, tile.start), packed: packed, images: tile.count, into: y,
                scratch: scratch)
            if let b { Columns.addBias(b, to: y, rows: tile.count * geometry.positions, columns: outputs) }
            moments?.measure(tile, y, scratch: scratch)
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        if let weightGradient, !pass.isFrozen {
            for slot in 0..<pass.pass.rows.slots {
                weightGradient.run(slot, outputGradient, channels: outputs, pass) {
                    images, outputs, sum, scratch in
                    convolution.weightGradient(
                        input.row(slot, images.lowerBound), outputGradient.row(slot, images.lowerBound),
                        images: images.count,
                        outputs: outputs, into: sum, scratch: scratch)
                }
            }
        } else if !pass.isFrozen {
            products.parameterGradients(input, outputGradient, pass)
        }
        if let inputGradient { products.dataGradient(outputGradient, inputGradient, pass.pass) }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(_ convolution: DirectConvolution, _ geometry: WindowGeometry, outputs: Int)
        -> Int
    {
        max(convolution.scratchCount, ConvolutionLayer.scratchCount(geometry, outputs: outputs))
    }
}
