import Kernels

/// The definition of gated units: the output has half of the input's channels.
struct GatedDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let function: GateFunction

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, units) = (layer.input, function.units)
        guard input.shape.channels.isMultiple(of: 2) else {
            throw layer.mismatch(
                "`\(layer.name)` takes one half of its input as gates of the other, but it has "
                    + "\(input.shape.channels) channels: make them an even number")
        }
        let (width, positions) = (input.shape.channels / 2, input.shape.positions)
        return LayerPlan(
            summary: "gated \(function.rawValue)",
            output: Boundary(
                shape: TensorShape(input.shape.dimensions.dropLast() + [width]), flattened: nil,
                field: input.field, measuredImages: nil),
            operations: 2 * positions * width, scratchCount: 0, workspaceCount: 0,
            rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: .input), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none, countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in GatedLayer(units, width: width, positions: positions) })
    }
}

/// The function f of gated units.
package enum GateFunction: String, CaseIterable, Sendable {
    case sigmoid, silu, gelu
    case geluTanh = "gelu_tanh"

    var units: GatedUnits {
        switch self {
        case .sigmoid: .sigmoid
        case .silu: .silu
        case .gelu: .gelu
        case .geluTanh: .geluTanh
        }
    }
}

/// Gated linear units (https://arxiv.org/abs/2002.05202): `y = f(a) ⊙ b`, where a is the first half of the
/// channels and b the second.
final class GatedLayer: Layer {
    private let units: GatedUnits
    private let width: Int
    private let positions: Int
    private let samplesPerTile: Int

    init(_ units: GatedUnits, width: Int, positions: Int) {
        self.units = units
        self.width = width
        self.positions = positions
        samplesPerTile = MicrobatchRows.imagesPerTile(values: width * positions)
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofTiles: samplesPerTile, positions: positions, width: width) {
            localMicrobatch, rows in
            units.forward(
                input.row(localMicrobatch) + 2 * width * rows.lowerBound, rows: rows.count, width: width,
                into: output.row(localMicrobatch) + width * rows.lowerBound)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        pass.lanes.run(pass.rows.tileCount(of: samplesPerTile)) { task, _ in
            let tile = pass.rows.tile(task, of: samplesPerTile)
            units.backward(
                x: input.row(tile.localMicrobatch, tile.start),
                dy: outputGradient.row(tile.localMicrobatch, tile.start), rows: tile.count * positions,
                width: width, into: inputGradient.row(tile.localMicrobatch, tile.start))
        }
    }
}
