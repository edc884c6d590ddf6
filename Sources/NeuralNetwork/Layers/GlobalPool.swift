import Kernels

/// A function that makes a vector of all positions of a sample, channel by channel.
package enum GlobalPoolFunction: Sendable {
    /// The mean (https://arxiv.org/abs/1312.4400).
    case average
    /// The largest value; its gradient goes to the first position that has it.
    case maximum
    /// The values at the first or at the last position of a sequence.
    case firstPosition, lastPosition

    var summary: String {
        switch self {
        case .average: "global average pool"
        case .maximum: "global max pool"
        case .firstPosition: "first position"
        case .lastPosition: "last position"
        }
    }

    var isForImages: Bool { self == .average || self == .maximum }
}

/// The definition of a global pool: an image or a sequence becomes a vector of its channels.
struct GlobalPoolDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.whole
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let function: GlobalPoolFunction

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, function) = (layer.input.shape, function)
        guard input.isSequence || input.isImage && function.isForImages else {
            throw layer.mismatch(
                function.isForImages
                    ? "`\(layer.name)` takes all positions of images of height×width×channels, or of "
                        + "sequences, but the layer before it gives \(input): remove it"
                    : "`\(layer.name)` takes a position of sequences, but the layer before it gives "
                        + "\(input): remove it")
        }
        return LayerPlan(
            summary: function.summary,
            output: Boundary(
                shape: TensorShape([input.channels]), flattened: nil,
                field: layer.input.field.covering(input), measuredImages: nil),
            operations: input.count, scratchCount: 2 * FlatVector.aligned(2 * input.channels),
            workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: function == .maximum ? [.input, .output] : []),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .none, countsDeadUnits: false,
            flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in GlobalPoolLayer(function, shape: input) })
    }
}

/// `y[n, c]` = the mean, the maximum, the first or the last of `x[n, …, c]`; x `[N, H, W, C]` or the
/// positions of sequences, y `[N, C]`. A sequence's mean is that of the positions that it has.
final class GlobalPoolLayer: Layer {
    private let function: GlobalPoolFunction
    private let channels: Int
    private let positions: Int
    private let samplesPerTile: Int

    init(_ function: GlobalPoolFunction, shape: TensorShape) {
        self.function = function
        channels = shape.channels
        positions = shape.positions
        samplesPerTile = MicrobatchRows.imagesPerTile(values: shape.count)
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.lanes.run(pass.rows.tileCount(of: samplesPerTile)) { task, lane in
            let tile = pass.rows.tile(task, of: samplesPerTile)
            for sample in tile.start..<(tile.start + tile.count) {
                let positions = rows(of: sample, tile.localMicrobatch, input, pass.sequences)
                pool(
                    input.row(tile.localMicrobatch) + positions.lowerBound * channels, positions.count,
                    into: output.row(tile.localMicrobatch, sample), scratch: pass.scratch[lane].pointer)
            }
        }
    }

    /// The positions of a sample among those of its microbatch.
    private func rows(
        of sample: Int, _ localMicrobatch: Int, _ input: MicrobatchMatrix, _ sequences: SequenceRows?
    ) -> Range<Int> {
        guard input.holdsPositions, let sequences else {
            return (sample * positions)..<((sample + 1) * positions)
        }
        let offsets = sequences.offsets(localMicrobatch)
        return offsets[sample]..<offsets[sample + 1]
    }

    private func pool(
        _ x: UnsafePointer<Float>, _ positions: Int, into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        switch function {
        case .average:
            Pooling.globalAverage(
                x, images: 1, positions: positions, channels: channels, into: y, scratch: scratch)
        case .maximum: Pooling.globalMaximum(x, positions: positions, channels: channels, into: y)
        case .firstPosition: y.update(from: x, count: channels)
        case .lastPosition: y.update(from: x + (positions - 1) * channels, count: channels)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        pass.lanes.run(pass.rows.tileCount(of: samplesPerTile)) { task, lane in
            let tile = pass.rows.tile(task, of: samplesPerTile)
            for sample in tile.start..<(tile.start + tile.count) {
                let positions = rows(of: sample, tile.localMicrobatch, inputGradient, pass.sequences)
                let first = positions.lowerBound * channels
                spread(
                    x: input.row(tile.localMicrobatch) + first, y: output.row(tile.localMicrobatch, sample),
                    dy: outputGradient.row(tile.localMicrobatch, sample), positions.count,
                    into: inputGradient.row(tile.localMicrobatch) + first,
                    scratch: pass.scratch[lane].pointer)
            }
        }
    }

    private func spread(
        x: UnsafePointer<Float>, y: UnsafePointer<Float>, dy: UnsafePointer<Float>, _ positions: Int,
        into dx: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        switch function {
        case .average:
            Pooling.globalAverageBackward(
                dy: dy, images: 1, positions: positions, channels: channels, into: dx)
        case .maximum:
            Pooling.globalMaximumBackward(
                x: x, y: y, dy: dy, positions: positions, channels: channels, into: dx, scratch: scratch)
        case .firstPosition, .lastPosition:
            dx.update(repeating: 0, count: positions * channels)
            (dx + (function == .firstPosition ? 0 : (positions - 1) * channels)).update(
                from: dy, count: channels)
        }
    }
}
