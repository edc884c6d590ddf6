import Kernels

/// One layer of a recurrent network in one direction.
package struct RecurrentCellOptions: Equatable, Sendable {
    package let cell: RecurrentOptions.Cell
    package let units: Int
    package let isReversed: Bool
    package let hasAllOutputs: Bool
    /// The block that the cell belongs to, and the end of its tensors' names there: `lstm1`, `l0_reverse`.
    package let owner: String
    package let suffix: String
}

extension RecurrentOptions.Cell {
    fileprivate var kind: RecurrentCell.Kind {
        switch self {
        case .tanh: .tanh
        case .relu: .relu
        case .lstm: .lstm
        case .gru: .gru
        }
    }

    fileprivate var summary: String {
        switch self {
        case .tanh: "rnn (tanh)"
        case .relu: "rnn (relu)"
        case .lstm: "lstm"
        case .gru: "gru"
        }
    }
}

/// The definition of a recurrent cell: the input is a sequence, the output one of as many positions, or the
/// last output as a vector. Weights and biases begin as PyTorch's: uniform in ±1/√units.
struct RecurrentCellDefinition: LayerDefinition {
    let joinsInputs = false
    var sequenceInput: SequenceInput { options.isReversed || !options.hasAllOutputs ? .whole : .causal }
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let options: RecurrentCellOptions

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, units) = (layer.input.shape, options.units)
        try layer.checkSequence("is a recurrent layer")
        let cell = RecurrentCell(options.cell.kind, inputs: input.channels, units: units)
        try layer.checkWeights(input.channels + units, cell.columns)
        try layer.checkValues(input.positions, cell.recordWidth)
        let tensors = addTensors(cell, &allocator)
        let options = options
        return LayerPlan(
            summary: options.cell.summary + (options.isReversed ? ", reversed" : ""),
            output: Boundary(
                shape: TensorShape(options.hasAllOutputs ? [input.positions, units] : [units]),
                flattened: nil, field: layer.input.field, measuredImages: nil),
            operations: input.positions * (2 * (input.channels + units) * cell.columns + 12 * cell.columns),
            scratchCount: RecurrentCellLayer.scratchCount(cell),
            workspaceCount: max(cell.forwardWeightsCount, cell.backwardWeightsCount),
            rememberedBytes: { 4 * $0.microbatches * $0.rows * input.positions * cell.recordWidth },
            memory: .separate(backwardReads: layer.isFrozen ? [] : .input), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .layer {
                RecurrentCellLayer(cell, options, tensors, positions: input.positions, $0)
            })
    }

    private func addTensors(_ cell: RecurrentCell, _ allocator: inout TensorAllocator) -> RecurrentTensors {
        let limit = 1 / Double(cell.units).squareRoot()
        func add(_ name: String, _ role: ParameterTensor.Role, _ storage: TensorStorage) -> Int {
            allocator.addTensor(
                "\(options.owner).\(name)_\(options.suffix)", role: role, storage,
                .uniform(low: -limit, high: limit), fanIn: cell.units, fanOut: cell.columns)
        }
        func matrix(_ inputs: Int) -> TensorStorage {
            .dense(inputs: inputs, outputs: cell.columns, flattened: nil)
        }
        return RecurrentTensors(
            inputWeight: add("weight_ih", .weight, matrix(cell.inputs)),
            hiddenWeight: add("weight_hh", .weight, matrix(cell.units)),
            inputBias: add("bias_ih", .bias, .vector(count: cell.columns)),
            hiddenBias: add("bias_hh", .bias, .vector(count: cell.columns)))
    }
}

/// The first indices of a cell's tensors in the flat vectors.
struct RecurrentTensors: Sendable {
    let inputWeight: Int
    let hiddenWeight: Int
    let inputBias: Int
    let hiddenBias: Int

    func weight(_ side: RecurrentCell.Side) -> Int { side == .input ? inputWeight : hiddenWeight }
    func bias(_ side: RecurrentCell.Side) -> Int { side == .input ? inputBias : hiddenBias }
}

/// A recurrent cell (`Kernels.RecurrentCell` has the formulas) over the samples of all local microbatches.
///
/// The lanes compute the products of all positions with the input. Then each takes a group of samples
/// through its whole time loop. Backward the loop comes first, and then all products, whose sums for a weight
/// run over a microbatch's positions in their order.
final class RecurrentCellLayer: Layer {
    private let cell: RecurrentCell
    private let outputs: RecurrentCell.Outputs
    private let areAll: Bool
    private let tensors: RecurrentTensors
    private let records: MicrobatchMatrix
    private let samples: RecurrentSamples
    private let biasSums: DoubleBuffer
    private let kept: KeptWeights?
    /// The states behind the positions that are past; nil if sequences are not continued.
    private let states: MicrobatchMatrix?

    init(
        _ cell: RecurrentCell, _ options: RecurrentCellOptions, _ tensors: RecurrentTensors, positions: Int,
        _ capacity: NetworkCapacity
    ) {
        self.cell = cell
        self.tensors = tensors
        areAll = options.hasAllOutputs
        outputs = RecurrentCell.Outputs(isReversed: options.isReversed, areAll: areAll)
        records = MicrobatchMatrix(
            localMicrobatches: capacity.microbatches, rows: capacity.rows * positions, width: cell.recordWidth
        )
        samples = RecurrentSamples(most: capacity.microbatches * capacity.rows, length: positions)
        biasSums = DoubleBuffer(count: cell.biasSumsCount)
        states =
            capacity.continuesSequences
            ? MicrobatchMatrix(
                localMicrobatches: capacity.microbatches, rows: capacity.rows, width: cell.stateWidth) : nil
        kept = capacity.keepsWeights ? KeptWeights(count: cell.forwardWeightsCount) : nil
    }

    /// Floats of scratch memory for every task.
    static func scratchCount(_ cell: RecurrentCell) -> Int {
        let most = RecurrentGroup.mostSamples
        return max(
            cell.inputScratchCount, cell.forwardScratchCount(samples: most),
            cell.backwardScratchCount(samples: most), cell.inputGradientScratchCount, cell.weightScratchCount,
            cell.biasSumsCount)
    }

    private func parameters(_ flat: UnsafePointer<Float>) -> RecurrentCell.Parameters {
        RecurrentCell.Parameters(
            inputWeight: flat + tensors.inputWeight, hiddenWeight: flat + tensors.hiddenWeight,
            inputBias: flat + tensors.inputBias, hiddenBias: flat + tensors.hiddenBias)
    }

    /// The groups of all samples with the rows of their outputs.
    private func groups(
        _ outputs: MicrobatchMatrix, _ rows: MicrobatchRows, _ sequences: SequenceRows, lanes: Int
    ) -> RecurrentGroups {
        samples.removeAll()
        for (localMicrobatch, count) in rows.rows.enumerated() {
            let offsets = sequences.offsets(localMicrobatch)
            for sample in 0..<count {
                let first = offsets[sample]
                samples.append(
                    RecurrentSample(
                        length: offsets[sample + 1] - first, records: records.row(localMicrobatch, first),
                        output: outputs.row(localMicrobatch, areAll ? first : sample),
                        state: state(of: sample, localMicrobatch, sequences)))
            }
        }
        return samples.groups(lanes)
    }

    /// The memory of a sample's state, which is 0 before the first position; nil in passes over whole
    /// sequences.
    private func state(
        of sample: Int, _ localMicrobatch: Int, _ sequences: SequenceRows
    ) -> UnsafeMutablePointer<Float>? {
        guard sequences.continues, let state = states?.row(localMicrobatch, sample) else { return nil }
        if sequences.past(localMicrobatch)[sample] == 0 {
            state.update(repeating: 0, count: cell.stateWidth)
        }
        return state
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let sequences = pass.ofSequences
        let weights = weights(pass)
        let tiles = sequences.positions.tiles
        pass.lanes.run(tiles.count) { task, lane in
            let tile = tiles[task]
            cell.multiplyInput(
                input.row(tile.localMicrobatch, tile.start), rows: tile.count, weights,
                records: records.row(tile.localMicrobatch, tile.start), scratch: pass.scratch[lane].pointer)
        }
        let groups = groups(output, pass.rows, sequences, lanes: pass.lanes.lanes)
        pass.lanes.run(groups.count) { task, lane in
            cell.forward(groups[task], weights, outputs, scratch: pass.scratch[lane].pointer)
        }
    }

    /// The packed weights of a forward pass.
    private func weights(_ pass: ForwardPass) -> UnsafePointer<Float> {
        let parameters = parameters(pass.parameters)
        func pack(into packed: UnsafeMutablePointer<Float>) {
            pass.lanes.forEachRun(ofPanels: cell.forwardPanels) {
                cell.packForward(parameters, panels: $0, into: packed)
            }
        }
        if let kept { return kept.values(pack) }
        pack(into: pass.workspace.pointer)
        return UnsafePointer(pass.workspace.pointer)
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?, _ pass: BackwardPass
    ) {
        let sequences = pass.ofSequences
        let (parameters, packed) = (parameters(pass.parameters), pass.workspace.pointer)
        pass.lanes.forEachRun(ofPanels: cell.backwardPanels) {
            cell.packBackward(parameters, panels: $0, into: packed)
        }
        let groups = groups(outputGradient, pass.rows, sequences, lanes: pass.lanes.lanes)
        pass.lanes.run(groups.count) { task, lane in
            cell.backward(groups[task], packed, outputs, scratch: pass.scratch[lane].pointer)
        }
        multiply(input, inputGradient, packed, sequences.positions, pass)
    }

    /// Computes what follows from the gradients of all positions' gates: those of the weights, of the biases
    /// and of the input.
    private func multiply(
        _ input: MicrobatchMatrix, _ inputGradient: MicrobatchMatrix?, _ packed: UnsafePointer<Float>,
        _ positions: MicrobatchRows, _ pass: BackwardPass
    ) {
        let blocks = pass.isFrozen ? [] : Self.blocks(of: cell)
        let biases = pass.isFrozen ? 0 : 1
        let tiles = inputGradient == nil ? 0 : positions.tiles.count
        pass.lanes.run(blocks.count + biases + tiles) { task, lane in
            let scratch = pass.scratch[lane].pointer
            if task < blocks.count {
                writeWeightGradients(blocks[task], input, positions, pass, scratch: scratch)
            } else if task < blocks.count + biases {
                writeBiasGradients(positions, pass, scratch: scratch)
            } else if let inputGradient {
                let tile = positions.tiles[task - blocks.count - biases]
                cell.multiplyGradient(
                    records.row(tile.localMicrobatch, tile.start), rows: tile.count, packed,
                    into: inputGradient.row(tile.localMicrobatch, tile.start), scratch: scratch)
            }
        }
    }

    /// Rows of a weight matrix whose gradients are one task.
    private struct Block {
        let side: RecurrentCell.Side
        let rows: Range<Int>
    }

    private static func blocks(of cell: RecurrentCell) -> [Block] {
        [RecurrentCell.Side.input, .hidden].flatMap { side in
            stride(from: 0, to: cell.rows(side), by: RecurrentCell.weightRows).map {
                Block(side: side, rows: $0..<min(cell.rows(side), $0 + RecurrentCell.weightRows))
            }
        }
    }

    private func writeWeightGradients(
        _ block: Block, _ input: MicrobatchMatrix, _ positions: MicrobatchRows, _ pass: BackwardPass,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let sums = pass.gradients.block(
            start: tensors.weight(block.side) + block.rows.lowerBound * cell.columns,
            count: block.rows.count * cell.columns)
        for (localMicrobatch, count) in positions.rows.enumerated() {
            cell.multiplyWeights(
                block.side, block.rows, input: input.row(localMicrobatch),
                records: records.row(localMicrobatch), rows: count, into: sums.leaf(localMicrobatch),
                scratch: scratch)
            sums.merge(after: localMicrobatch)
        }
    }

    private func writeBiasGradients(
        _ positions: MicrobatchRows, _ pass: BackwardPass, scratch: UnsafeMutablePointer<Float>
    ) {
        for (localMicrobatch, count) in positions.rows.enumerated() {
            biasSums.pointer.update(repeating: 0, count: biasSums.count)
            for first in stride(from: 0, to: count, by: RecurrentCell.rowsPerProduct) {
                cell.addBiasGradients(
                    records.row(localMicrobatch, first),
                    rows: min(RecurrentCell.rowsPerProduct, count - first),
                    to: biasSums.pointer, scratch: scratch)
            }
            for side in [RecurrentCell.Side.input, .hidden] {
                let sums = pass.gradients.block(start: tensors.bias(side), count: cell.columns)
                cell.writeBiasGradient(side, biasSums.pointer, into: sums.leaf(localMicrobatch))
                sums.merge(after: localMicrobatch)
            }
        }
    }
}
