import Kernels

/// The definition of a pool: a window is laid on every position, and the channels stay.
struct PoolDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.refused
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let function: PoolFunction
    let window: Window

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, function) = (layer.input, function)
        let geometry = try layer.geometry(window, holdsPixel: true)
        try layer.checkValues(geometry.positions, geometry.channels)
        let remembers = function == .maximum && PoolLayer.keepsWinners(geometry)
        return LayerPlan(
            summary: "\(function == .maximum ? "max" : "average") pool \(window.summary)",
            output: Boundary(
                shape: TensorShape([geometry.outputHeight, geometry.outputWidth, geometry.channels]),
                flattened: nil, field: input.field.seen(through: window), measuredImages: nil),
            operations: geometry.patchCount * geometry.positions,
            scratchCount: FlatVector.aligned(geometry.channels), workspaceCount: 0,
            rememberedBytes: {
                $0.trains && remembers
                    ? PoolLayer.winnerBytes(geometry, localMicrobatches: $0.microbatches, rows: $0.rows) : 0
            },
            memory: .separate(
                backwardReads: function == .maximum && !remembers ? [.input, .output] : []),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .none, countsDeadUnits: false,
            flattensImage: false,
            inputPreparation: nil,
            computation: .layer {
                PoolLayer(
                    function, geometry, localMicrobatches: $0.microbatches, rows: $0.rows,
                    keeps: $0.trains && remembers)
            })
    }
}

/// `y` = the maximum or the mean of x under each window, channel by channel; x `[N, H, W, C]`, y
/// `[N, H', W', C]`.
///
/// The maximum ignores padding. Its gradient goes to the first pixel that has it. The number of that pixel
/// within the window is kept for training as a byte, so that backward reads neither x nor y; in a window of
/// more than 256 pixels it is found again from x and y. The mean counts padding as zeros (PyTorch's
/// `count_include_pad=True`).
final class PoolLayer: Layer {
    private let function: PoolFunction
    private let geometry: WindowGeometry
    private let imagesPerTile: Int
    /// For each value, the number of the pixel within its window that gave it.
    private let winners: AlignedBuffer<UInt8>?
    private let microbatchStride: Int

    /// - Parameter keeps: true to remember the pixel that gave each maximum.
    init(_ function: PoolFunction, _ geometry: WindowGeometry, localMicrobatches: Int, rows: Int, keeps: Bool)
    {
        self.function = function
        self.geometry = geometry
        imagesPerTile = MicrobatchRows.imagesPerTile(values: geometry.inputCount)
        microbatchStride = PoolLayer.winnerStride(geometry, rows: rows)
        winners = keeps ? AlignedBuffer<UInt8>(count: localMicrobatches * microbatchStride) : nil
    }

    /// True if a byte can number the pixels of a window.
    static func keepsWinners(_ geometry: WindowGeometry) -> Bool {
        geometry.kernelHeight * geometry.kernelWidth <= 256
    }

    /// Bytes from one local microbatch to the next, each at cache lines of its own.
    private static func winnerStride(_ geometry: WindowGeometry, rows: Int) -> Int {
        (rows * geometry.positions * geometry.channels + 63) & ~63
    }

    /// Bytes that a maximum keeps for training.
    static func winnerBytes(_ geometry: WindowGeometry, localMicrobatches: Int, rows: Int) -> Int {
        localMicrobatches * winnerStride(geometry, rows: rows)
    }

    private func winners(_ tile: Tile) -> UnsafeMutablePointer<UInt8>? {
        winners.map {
            $0.pointer + tile.localMicrobatch * microbatchStride + tile.start * geometry.positions
                * geometry.channels
        }
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let mostParts = { (images: Int) in images * self.geometry.inputCount / ForwardPass.valuesPerPart }
        pass.forEachPart(ofTiles: imagesPerTile, mostParts: mostParts) { tile, part, _ in
            let (x, y) = (
                input.row(tile.localMicrobatch, tile.start), output.row(tile.localMicrobatch, tile.start)
            )
            let lines = part.range(of: tile.count * geometry.outputHeight)
            switch function {
            case .maximum:
                if let winners = winners(tile) {
                    Pooling.maximum(x, geometry, images: tile.count, into: y, winners: winners)
                } else {
                    Pooling.maximum(x, geometry, lines: lines, into: y)
                }
            case .average: Pooling.average(x, geometry, lines: lines, into: y)
            }
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let rows = pass.rows
        pass.lanes.run(rows.tileCount(of: imagesPerTile)) { task, lane in
            let tile = rows.tile(task, of: imagesPerTile)
            let dy = outputGradient.row(tile.localMicrobatch, tile.start)
            let (dx, scratch) = (
                inputGradient.row(tile.localMicrobatch, tile.start), pass.scratch[lane].pointer
            )
            switch function {
            case .maximum:
                if let winners = winners(tile) {
                    Pooling.maximumBackward(dy: dy, winners: winners, geometry, images: tile.count, into: dx)
                } else {
                    Pooling.maximumBackward(
                        x: input.row(tile.localMicrobatch, tile.start),
                        y: output.row(tile.localMicrobatch, tile.start), dy: dy,
                        geometry, images: tile.count,
                        into: dx, scratch: scratch)
                }
            case .average:
                Pooling.averageBackward(dy: dy, geometry, images: tile.count, into: dx, scratch: scratch)
            }
        }
    }
}

/// The function that a pool computes of the values under its window.
package enum PoolFunction: Sendable {
    case maximum
    case average
}
