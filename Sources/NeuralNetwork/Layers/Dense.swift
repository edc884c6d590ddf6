import Kernels

/// The definition of a fully connected layer: a flat input, and an output with a column for each unit.
struct DenseDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.translated
    let probabilities: ProbabilityKind? = nil
    let units: Int
    let hasBias: Bool
    let initializer: Initializer
    var initialBias: Float = 0

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, units) = (layer.input, units)
        guard input.shape.isFlat else {
            throw layer.mismatch(
                "`\(layer.name)` is a dense layer and wants a flat input, but the layer before it gives "
                    + "\(input.shape): put \"flatten\" before it")
        }
        let inputs = input.shape.count
        try layer.checkWeights(inputs, units)
        let weight = allocator.addWeight(
            layer.name, .dense(inputs: inputs, outputs: units, flattened: input.flattened), initializer,
            fanIn: inputs, fanOut: units)
        let bias = hasBias ? allocator.addBias(layer.name, count: units, initial: initialBias) : nil
        return LayerPlan(
            summary: "dense (\(initializer.name)\(hasBias ? "" : ", no bias"))",
            output: Boundary(
                shape: TensorShape([units]), flattened: nil,
                field: input.flattened.map { input.field.covering($0) } ?? input.field,
                measuredImages: nil),
            operations: 2 * inputs * units + (hasBias ? units : 0),
            scratchCount: max(
                PanelProduct.scratchCount + DenseLayer.foldCount(outputs: units),
                BiasGradient.scratchCount(outputs: units)),
            workspaceCount: PanelProduct.packedCount(width: max(inputs, units)),
            rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: layer.isFrozen ? [] : .input), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .layer {
                DenseLayer(
                    inputs: inputs, outputs: units, weight: weight, bias: bias,
                    localMicrobatches: $0.microbatches,
                    rows: $0.rows, keepsWeights: $0.keepsWeights)
            })
    }
}

/// Fully connected layer: `y = xW + b`, x `[N, in]`, W `[in, out]`, b `[out]`.
///
/// Gradients: `dW = xᵀ dy`, `db = Σ dy`, `dx = dy Wᵀ`. For each group of rows the lanes pack x (in the
/// backward pass dy). Then they compute blocks of columns of the result for rows of several local
/// microbatches, and blocks of W's rows for dW. The samples of a microbatch are one sum.
final class DenseLayer: Layer {
    /// Rows of W in one task of the weight gradient; a multiple of 16, so that blocks begin at aligned
    /// floats.
    private static let blockRows = 64
    /// Rows of W whose gradients are folded over the local microbatches at a time.
    static let foldRows = 16
    /// The most sums that wait for others in such a fold.
    static let foldVectors = 4
    /// Weights of the largest layer that inference keeps a packed copy of.
    private static let mostKept = 1 << 26

    private let inputs: Int
    private let outputs: Int
    private let weight: Int
    private let bias: Int?
    private let kept: KeptWeights?
    /// The tiles of the current group.
    private let runs: UnsafeMutableBufferPointer<PanelProduct.Rows>

    /// - Parameters:
    ///   - weight, bias: their first indices in the flat vectors.
    ///   - localMicrobatches, rows: the most microbatches at once and samples of one.
    ///   - keepsWeights: true to pack the weights once, for inference.
    init(
        inputs: Int, outputs: Int, weight: Int, bias: Int?, localMicrobatches: Int, rows: Int,
        keepsWeights: Bool
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.weight = weight
        self.bias = bias
        kept =
            keepsWeights && inputs * outputs <= Self.mostKept
            ? KeptWeights(count: PanelProduct.packedCount(depth: inputs, width: outputs)) : nil
        runs = GroupProduct.runs(localMicrobatches: localMicrobatches, rows: rows)
    }

    deinit { runs.deallocate() }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let bias = bias.map { pass.parameters + $0 }
        let right = right(pass.parameters + weight, pass.lanes)
        for group in pass.rows.groups where !group.tiles.isEmpty {
            let product = GroupProduct(
                group, of: input, for: output, pass.rows, runs, lanes: pass.lanes, workspace: pass.workspace)
            pass.lanes.run(product.tasks) { task, lane in
                product.run(task, right, bias: bias, scratch: pass.scratch[lane].pointer)
            }
        }
    }

    /// The right operand of the forward pass: W, or its packed copy.
    private func right(_ w: UnsafePointer<Float>, _ lanes: LanePool) -> PanelProduct.Right {
        guard let kept else { return .rows(w) }
        return .packed(
            kept.values { packed in
                lanes.forEachRun(ofPanels: PanelProduct.panels(width: outputs)) {
                    PanelProduct.packWhole(w, depth: inputs, width: outputs, panels: $0, into: packed)
                }
            })
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        let (w, rows) = (pass.parameters + weight, pass.rows)
        let blocks = pass.isFrozen ? 0 : (inputs + Self.blockRows - 1) / Self.blockRows
        for (index, group) in rows.groups.enumerated() {
            let product = GroupProduct(
                group, of: outputGradient, for: inputGradient ?? outputGradient, pass.rows, runs,
                lanes: pass.lanes, workspace: pass.workspace)
            let products = inputGradient == nil ? 0 : product.tasks
            let ends = blocks > 0 && bias != nil && index == rows.groups.count - 1
            pass.lanes.run(products + blocks + (ends ? 1 : 0)) { task, lane in
                let scratch = pass.scratch[lane].pointer
                // Large tasks come first, so that the lanes end together.
                let block = task - products - (ends ? 1 : 0)
                if task < products {
                    product.run(task, .transposedRows(w), bias: nil, scratch: scratch)
                } else if block >= 0 {
                    weightGradient(
                        block: block, group, input, outputGradient: product.x, pass, scratch: scratch)
                } else if let bias {
                    for (localMicrobatch, rows) in rows.rows.enumerated() {
                        BiasGradient.write(
                            localMicrobatch, outputGradient, rows: rows, outputs: outputs, to: bias, pass,
                            scratch: scratch)
                    }
                }
            }
        }
    }

    /// Floats of scratch memory for a fold; 0 for a layer that is too wide for the cache.
    static func foldCount(outputs: Int) -> Int {
        outputs > 4096 ? 0 : foldVectors * FlatVector.aligned(foldRows * outputs)
    }

    /// Computes the gradient of a block of W's rows from the group's samples, and merges the local
    /// microbatches that end with the group. If the group has all samples, it takes a few rows at a time, so
    /// that the sums of the microbatches are added up in the cache.
    private func weightGradient(
        block: Int, _ group: RowGroup, _ input: MicrobatchMatrix, outputGradient dy: PanelProduct.Packed,
        _ pass: BackwardPass, scratch: UnsafeMutablePointer<Float>
    ) {
        let first = block * Self.blockRows
        let end = min(first + Self.blockRows, inputs)
        let folds =
            pass.rows.groups.count == 1 && Self.foldCount(outputs: outputs) > 0
            && (1...Self.foldVectors).contains(pass.gradients.temporaryVectors)
        for start in stride(from: first, to: end, by: folds ? Self.foldRows : Self.blockRows) {
            let rows = start..<min(end, start + (folds ? Self.foldRows : Self.blockRows))
            let sums = pass.gradients.block(
                start: weight + start * outputs, count: rows.count * outputs,
                temporaries: folds ? scratch + PanelProduct.scratchCount : nil)
            weightGradient(rows, group, input, outputGradient: dy, into: sums, pass, scratch: scratch)
        }
    }

    private func weightGradient(
        _ weightRows: Range<Int>, _ group: RowGroup, _ input: MicrobatchMatrix,
        outputGradient dy: PanelProduct.Packed, into sums: GradientBlock, _ pass: BackwardPass,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let sizes = pass.rows.rows
        var (ended, row) = (group.endingMicrobatches.lowerBound, 0)
        func end(before localMicrobatch: Int) {
            while ended < localMicrobatch {
                if sizes[ended] == 0 {
                    sums.leaf(ended).update(repeating: 0, count: weightRows.count * outputs)
                }
                sums.merge(after: ended)
                ended += 1
            }
        }
        for tile in pass.rows.tiles[group.tiles] {
            end(before: tile.localMicrobatch)
            PanelProduct.multiplyTransposed(
                input.row(tile.localMicrobatch, tile.start), depth: inputs, rows: weightRows, dy,
                first: row, width: outputs, samples: tile.count, accumulates: tile.start > 0,
                into: sums.leaf(tile.localMicrobatch), scratch: scratch)
            row += tile.count
        }
        end(before: group.endingMicrobatches.upperBound)
    }
}
