import Kernels

/// The definition of a concatenation: inputs of the same height and width, and an output with all their
/// channels.
struct ConcatenateDefinition: LayerDefinition {
    let joinsInputs = true
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let output = try layer.joined(
            { TensorShape($0.dimensions.dropLast()) }, channels: { $0.reduce(0) { $0 + $1.channels } },
            hint: "all but the channels must be the same")
        let channels = layer.inputs.map(\.shape.channels)
        return LayerPlan(
            summary: "concatenate", output: output, operations: 0, scratchCount: 0, workspaceCount: 0,
            rememberedBytes: { _ in 0 }, memory: .separate(backwardReads: []), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .join { _ in
                ConcatenateLayer(positions: output.shape.positions, channels: channels)
            })
    }
}

/// The channels of all inputs side by side, at every position; `dxᵢ` is the part of dy that came from it.
final class ConcatenateLayer: JoinLayer {
    private let positions: Int
    /// Channels of every input.
    private let channels: [Int]

    init(positions: Int, channels: [Int]) {
        self.positions = positions
        self.channels = channels
    }

    func forward(_ inputs: [MicrobatchMatrix], _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let width = channels.reduce(0, +)
        let size = MicrobatchRows.imagesPerTile(values: width * positions)
        pass.forEachRun(ofTiles: size, positions: positions, width: width) { localMicrobatch, rows in
            var first = 0
            for (input, channels) in zip(inputs, channels) {
                Columns.copy(
                    input.row(localMicrobatch) + rows.lowerBound * channels, stride: channels,
                    to: output.row(localMicrobatch) + rows.lowerBound * width + first, stride: width,
                    rows: rows.count, columns: channels)
                first += channels
            }
        }
    }

    func backward(outputGradient: MicrobatchMatrix, _ inputGradients: [InputGradient?], _ pass: BackwardPass)
    {
        let width = channels.reduce(0, +)
        let size = MicrobatchRows.imagesPerTile(values: width * positions)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            var first = 0
            for (gradient, channels) in zip(inputGradients, channels) {
                let dy = outputGradient.row(tile.localMicrobatch, tile.start) + first
                first += channels
                guard let gradient else { continue }
                let dx = gradient.values.row(tile.localMicrobatch, tile.start)
                let rows = tile.count * positions
                if gradient.accumulates {
                    Columns.add(dy, stride: width, to: dx, stride: channels, rows: rows, columns: channels)
                } else {
                    Columns.copy(dy, stride: width, to: dx, stride: channels, rows: rows, columns: channels)
                }
            }
        }
    }
}
