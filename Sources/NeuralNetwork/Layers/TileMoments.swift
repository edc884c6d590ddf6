import Kernels

/// The statistics of a batch norm's tiles (whole images of one microbatch), and their sum over a microbatch in the order of tiles.
///
/// The table of tiles follows from shapes: if a convolution writes the batch norm's input, it is the convolution's own, so that its task measures the tile that it has
/// just written, while that is hot in the cache. Otherwise the batch norm measures by itself, tile by tile: the same bits.
final class TileMoments {
    let imagesPerTile: Int
    let vectors: ChannelVectors
    private let positions: Int
    private let tilesPerSlot: Int
    private let stride: Int
    private let values: DoubleBuffer
    /// Whether the layer that writes the input measures too.
    var isMeasuredByProducer = false

    /// - Parameters slots, rows: the most of a pass.
    init(shape: TensorShape, imagesPerTile: Int, slots: Int, rows: Int) {
        (self.imagesPerTile, positions) = (imagesPerTile, shape.positions)
        vectors = ChannelVectors(channels: shape.channels)
        tilesPerSlot = (rows + imagesPerTile - 1) / imagesPerTile
        // Of moments; tiles that different lanes write share no cache line.
        stride = (1 + 2 * shape.channels + 15) / 16 * 16
        values = DoubleBuffer(count: slots * tilesPerSlot * stride)
    }

    private func place(_ slot: Int, _ tile: Int) -> UnsafeMutablePointer<Double> {
        values.pointer + (slot * tilesPerSlot + tile) * stride
    }

    /// Where a tile's sums are written.
    func place(_ tile: Tile) -> UnsafeMutablePointer<Double> { place(tile.slot, tile.start / imagesPerTile) }

    /// (count, mean, M2) of a tile whose first value is `x`. `scratch` holds `scratchCount` floats.
    func measure(_ tile: Tile, _ x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
        BatchNormKernels.moments(
            x, rows: tile.count * positions, vectors, into: place(tile), scratch: scratch)
    }

    /// Combines the tiles of every slot in their order.
    func merge(
        _ operation: StatisticsOperation, _ pass: Pass,
        into leaf: (_ slot: Int) -> UnsafeMutablePointer<Double>
    ) {
        let rows = pass.rows.rows
        pass.lanes.run(rows.count) { slot, _ in
            let sum = leaf(slot)
            let tiles = (rows[slot] + imagesPerTile - 1) / imagesPerTile
            if tiles == 0 { return sum.update(repeating: 0, count: operation.width) }
            sum.update(from: place(slot, 0), count: operation.width)
            for tile in 1..<tiles { operation.combine(sum, place(slot, tile)) }
        }
    }

    var scratchCount: Int { BatchNormKernels.scratchCount(vectors) }
}

/// A layer whose forward tasks can measure what they have written.
protocol MomentsProducer: AnyObject {
    /// Of the batch norm that reads the output.
    var moments: TileMoments? { get set }
}

extension NetworkPlan {
    /// The tiles of the batch norm at `index`: those of the convolution that writes its input, or of as many windows.
    func imagesPerTile(ofBatchNorm index: Int) -> Int {
        let layer = layers[index]
        if let input = layer.inputs[0] > 0 ? layers[layer.inputs[0] - 1] : nil,
            case .convolution(let geometry, _, _) = input.places
        {
            let outputs = input.output.channels
            return ConvolutionMethod(geometry, outputs: outputs).imagesPerTask(geometry, outputs: outputs)
        }
        return SlotRows.images(for: 256, each: layer.input.positions)
    }
}
