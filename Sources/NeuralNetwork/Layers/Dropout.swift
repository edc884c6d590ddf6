import Kernels

/// The definition of a dropout: the output has the input's shape.
struct DropoutDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.kept
    let probabilities: ProbabilityKind? = nil
    /// The probability that a value becomes 0, from 0 up to, but not including, 1.
    let rate: Double

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, number, rate) = (layer.input, layer.number, rate)
        let width = input.shape.count
        return LayerPlan(
            summary: "dropout \(Self.hundredths(rate))",
            output: Boundary(
                shape: input.shape, flattened: input.flattened, field: input.field, measuredImages: nil),
            operations: width, scratchCount: 0, workspaceCount: 0,
            rememberedBytes: { $0.microbatches * $0.rows * width },
            memory: .inPlace(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none,
            countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .layer {
                DropoutLayer(
                    rate: rate, layer: number, width: width, localMicrobatches: $0.microbatches, rows: $0.rows
                )
            })
    }

    /// A rate with two decimals: `0.50`.
    static func hundredths(_ rate: Double) -> String {
        let number = Int((100 * rate).rounded(.toNearestOrEven))
        return "\(number / 100).\(number % 100 < 10 ? "0" : "")\(number % 100)"
    }
}

/// Dropout (https://jmlr.org/papers/v15/srivastava14a.html): in training each value becomes 0 with
/// probability `rate`, the others `x / (1 − rate)`; in evaluation `y = x`. Whether a value is kept depends on
/// the seed, the step, the layer, the sample's index in the global batch and the value's index in the sample.
final class DropoutLayer: Layer {
    private let layer: Int
    private let width: Int
    private let threshold: UInt32
    private let scale: Float
    private let rows: Int
    private let mask: UnsafeMutablePointer<UInt8>

    /// - Parameters:
    ///   - layer: the layer's number in its network, by which values are drawn.
    ///   - localMicrobatches, rows: the most microbatches at once and samples of one.
    init(rate: Double, layer: Int, width: Int, localMicrobatches: Int, rows: Int) {
        self.layer = layer
        self.width = width
        self.rows = rows
        threshold = UInt32(min(rate * 0x1p32, 0x1p32 - 1))
        scale = Float(1 / (1 - rate))
        mask = .allocate(capacity: max(1, localMicrobatches * rows * width))
        mask.initialize(repeating: 0, count: max(1, localMicrobatches * rows * width))
    }

    deinit { mask.deallocate() }

    private func mask(_ tile: Tile) -> UnsafeMutablePointer<UInt8> {
        mask + (tile.localMicrobatch * rows + tile.start) * width
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let size = MicrobatchRows.imagesPerTile(values: width)
        let tasks = pass.rows.tileCount(of: size)
        guard let mode = pass.training else {
            if input.row(0) == output.row(0) { return }
            return pass.lanes.run(tasks) { task, _ in
                let tile = pass.rows.tile(task, of: size)
                output.row(tile.localMicrobatch, tile.start).update(
                    from: input.row(tile.localMicrobatch, tile.start), count: tile.count * width)
            }
        }
        let stream = RandomStream(seed: mode.seed, purpose: .dropout, major: mode.step, minor: layer)
        pass.lanes.run(tasks) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            DropoutKernels.forward(
                input.row(tile.localMicrobatch, tile.start),
                into: output.row(tile.localMicrobatch, tile.start), mask: mask(tile),
                rows: tile.count,
                width: width, stream: stream,
                firstSample: mode.firstSamples[tile.localMicrobatch] + tile.start,
                threshold: threshold, scale: scale)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let (rows, size) = (pass.rows, MicrobatchRows.imagesPerTile(values: width))
        pass.lanes.run(rows.tileCount(of: size)) { task, _ in
            let tile = rows.tile(task, of: size)
            DropoutKernels.backward(
                outputGradient.row(tile.localMicrobatch, tile.start), mask: mask(tile),
                into: inputGradient.row(tile.localMicrobatch, tile.start),
                count: tile.count * width, scale: scale)
        }
    }
}
