import Kernels

/// The definition of a sum: inputs of one shape, and an output of that shape.
struct AddDefinition: LayerDefinition {
    let joinsInputs = true
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let output = try layer.joined(
            { $0 }, channels: { $0[0].channels }, hint: "they must be the same")
        let overwrites = layer.inputs.count == 2 ? [0, 1] : [0]
        return LayerPlan(
            summary: "add", output: output, operations: output.shape.count * (layer.inputs.count - 1),
            scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: MemoryUse(
                backwardReads: [], overwritesInTraining: overwrites, overwritesInEvaluation: overwrites,
                gradientReuse: .firstWritten),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .sum, countsDeadUnits: false,
            flattensImage: false,
            inputPreparation: nil,
            computation: .join { _ in AddLayer() })
    }
}

/// `y = Σ xᵢ`; every `dxᵢ = dy`.
final class AddLayer: JoinLayer {
    func forward(_ inputs: [MicrobatchMatrix], _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofValues: output.width) { localMicrobatch, start, count in
            let y = output.row(localMicrobatch) + start
            Elementwise.sum(
                inputs[0].row(localMicrobatch) + start,
                inputs[min(1, inputs.count - 1)].row(localMicrobatch) + start, into: y, count: count)
            for i in stride(from: 2, to: inputs.count, by: 1) {
                Elementwise.add(inputs[i].row(localMicrobatch) + start, to: y, count: count)
            }
        }
    }

    func backward(outputGradient: MicrobatchMatrix, _ inputGradients: [InputGradient?], _ pass: BackwardPass)
    {
        // One of them may lie in the memory of dy: then nothing is to be done.
        for case .some(let gradient) in inputGradients where gradient.values.row(0) != outputGradient.row(0) {
            if gradient.accumulates {
                Self.add(outputGradient, to: gradient.values, pass)
            } else {
                Self.copy(outputGradient, to: gradient.values, pass)
            }
        }
    }

    /// Adds `from` to `to` for every local microbatch.
    static func add(_ from: MicrobatchMatrix, to: MicrobatchMatrix, _ pass: BackwardPass) {
        let size = MicrobatchRows.samplesPerVectorTile(width: from.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            Elementwise.add(
                from.row(tile.localMicrobatch, tile.start), to: to.row(tile.localMicrobatch, tile.start),
                count: tile.count * from.width)
        }
    }

    private static func copy(_ from: MicrobatchMatrix, to: MicrobatchMatrix, _ pass: BackwardPass) {
        let size = MicrobatchRows.samplesPerVectorTile(width: from.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            to.row(tile.localMicrobatch, tile.start).update(
                from: from.row(tile.localMicrobatch, tile.start), count: tile.count * from.width)
        }
    }
}
