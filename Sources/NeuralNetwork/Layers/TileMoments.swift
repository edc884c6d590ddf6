import Kernels

/// The statistics of a batch norm's tiles (whole images of one microbatch), and their sum over a microbatch
/// in the order of tiles.
///
/// The tiles follow from shapes. If a convolution writes the batch norm's input, they are those of the
/// convolution, whose tasks measure the tiles that they have just written, while these are in the cache.
/// Otherwise the batch norm measures tile by tile itself, with the same bits.
final class TileMoments {
    let shape: TensorShape
    let imagesPerTile: Int
    let vectors: ChannelVectors
    private let tilesPerMicrobatch: Int
    private let stride: Int
    private let values: DoubleBuffer
    /// True if the layer that writes the input measures it.
    var isMeasuredByProducer = false

    /// - Parameters localMicrobatches, rows: the most microbatches of a pass and samples of one.
    init(shape: TensorShape, imagesPerTile: Int, localMicrobatches: Int, rows: Int) {
        self.shape = shape
        self.imagesPerTile = imagesPerTile
        vectors = ChannelVectors(channels: shape.channels)
        tilesPerMicrobatch = (rows + imagesPerTile - 1) / imagesPerTile
        // Doubles of one tile: tiles that different lanes write share no cache line.
        stride = (1 + 2 * shape.channels + 15) / 16 * 16
        values = DoubleBuffer(count: localMicrobatches * tilesPerMicrobatch * stride)
    }

    private func sums(_ localMicrobatch: Int, _ tile: Int) -> UnsafeMutablePointer<Double> {
        values.pointer + (localMicrobatch * tilesPerMicrobatch + tile) * stride
    }

    /// The memory for a tile's sums.
    func sums(_ tile: Tile) -> UnsafeMutablePointer<Double> {
        sums(tile.localMicrobatch, tile.start / imagesPerTile)
    }

    /// Measures (count, mean, M2) of a tile whose first value is `x`.
    func measure(_ tile: Tile, _ x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
        BatchNormKernels.moments(
            x, rows: tile.count * shape.positions, vectors, into: sums(tile), scratch: scratch)
    }

    /// Combines the tiles of every local microbatch in their order.
    func merge(
        _ operation: StatisticsOperation, _ rows: MicrobatchRows, _ lanes: LanePool,
        into leaf: (_ localMicrobatch: Int) -> UnsafeMutablePointer<Double>
    ) {
        let rows = rows.rows
        lanes.run(rows.count) { localMicrobatch, _ in
            let sum = leaf(localMicrobatch)
            let tiles = (rows[localMicrobatch] + imagesPerTile - 1) / imagesPerTile
            if tiles == 0 { return sum.update(repeating: 0, count: operation.width) }
            sum.update(from: sums(localMicrobatch, 0), count: operation.width)
            for tile in 1..<tiles { operation.combine(sum, sums(localMicrobatch, tile)) }
        }
    }
}

/// A layer whose forward tasks can measure the values that they have written.
protocol MomentsProducer: AnyObject {
    /// The statistics of the batch norm that reads the output; nil if none does.
    var moments: TileMoments? { get set }
}
