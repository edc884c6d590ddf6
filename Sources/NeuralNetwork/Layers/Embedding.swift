import Kernels

/// The definition of a table of vectors that are looked up: each value, a whole number, becomes a row.
struct EmbeddingDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let entries: Int
    let width: Int
    let initializer: Initializer

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, entries, width) = (layer.input, entries, width)
        guard input.shape.isFlat, input.shape.count == 1 else {
            throw layer.mismatch(
                "`\(layer.name)` looks up one number at a position, but it is given \(input.shape.channels)")
        }
        try layer.checkWeights(entries, width)
        let table = allocator.addWeight(
            layer.name, .table(rows: entries, columns: width), initializer, fanIn: entries, fanOut: width)
        return LayerPlan(
            summary: "embedding (\(entries) × \(width), \(initializer.name))",
            output: Boundary(
                shape: TensorShape([width]), flattened: nil, field: input.field, measuredImages: nil),
            operations: width,
            scratchCount: PanelProduct.scratchCount + DenseLayer.foldCount(outputs: width), workspaceCount: 0,
            rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: layer.isFrozen ? [] : .input), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .layer { _ in EmbeddingLayer(entries: entries, width: width, table: table) })
    }
}

/// A table that is looked up: `y = W[x]`, x `[N, 1]`, W `[entries, C]`.
///
/// dW is, for each microbatch, the sum of the rows of dy in their order, each added to the row of W that it
/// came from. A head that shares the table (`TiedHeadLayer`) comes before: its gradient is computed here, so
/// that both are one sum.
final class EmbeddingLayer: Layer {
    /// Rows of W of a task of its gradient; a multiple of 16, so that blocks begin at aligned floats.
    private static let blockEntries = 128

    private let entries: Int
    private let width: Int
    /// The table's first index in the flat vectors.
    let table: Int
    /// The head with the same table; nil if there is none.
    var head: TiedHeadLayer?

    init(entries: Int, width: Int, table: Int) {
        self.entries = entries
        self.width = width
        self.table = table
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let size = MicrobatchRows.imagesPerTile(values: width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            EmbeddingKernels.gather(
                input.row(tile.localMicrobatch, tile.start), rows: tile.count,
                table: pass.parameters + table, entries: entries, width: width,
                into: output.row(tile.localMicrobatch, tile.start))
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        // The numbers that are looked up have no slope.
        if let inputGradient {
            for (localMicrobatch, rows) in pass.rows.rows.enumerated() {
                inputGradient.row(localMicrobatch).update(repeating: 0, count: rows)
            }
        }
        if pass.isFrozen { return }
        // A few rows at a time, so that the microbatches' sums are added up in the cache (`DenseLayer`).
        let folds =
            DenseLayer.foldCount(outputs: width) > 0
            && (1...DenseLayer.foldVectors).contains(pass.gradients.temporaryVectors)
        pass.lanes.run((entries + Self.blockEntries - 1) / Self.blockEntries) { task, lane in
            let end = min(entries, (task + 1) * Self.blockEntries)
            let (first, step) = (task * Self.blockEntries, folds ? DenseLayer.foldRows : Self.blockEntries)
            for row in stride(from: first, to: end, by: step) {
                sum(
                    input, outputGradient, row..<min(end, row + step), folds: folds, pass,
                    scratch: pass.scratch[lane].pointer)
            }
        }
    }

    /// Adds up the gradients of some rows of the table, for every local microbatch.
    private func sum(
        _ input: MicrobatchMatrix, _ outputGradient: MicrobatchMatrix, _ block: Range<Int>, folds: Bool,
        _ pass: BackwardPass, scratch: UnsafeMutablePointer<Float>
    ) {
        let sums = pass.gradients.block(
            start: table + block.lowerBound * width, count: block.count * width,
            temporaries: folds ? scratch + PanelProduct.scratchCount : nil)
        for (localMicrobatch, rows) in pass.rows.rows.enumerated() {
            let leaf = sums.leaf(localMicrobatch)
            if let head, rows > 0 {
                head.writeTableGradient(
                    block, localMicrobatch: localMicrobatch, rows: rows, into: leaf, scratch: scratch)
            } else {
                leaf.update(repeating: 0, count: block.count * width)
            }
            EmbeddingKernels.scatterAdd(
                outputGradient.row(localMicrobatch), ids: input.row(localMicrobatch), rows: rows,
                table: block, entries: entries, width: width, to: leaf)
            sums.merge(after: localMicrobatch)
        }
    }
}
