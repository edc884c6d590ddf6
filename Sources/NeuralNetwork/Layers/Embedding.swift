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
        let table = allocator.addTable(
            layer.name, rows: entries, columns: width, initializer, fanIn: entries, fanOut: width)
        let isFrozen = layer.isFrozen
        return LayerPlan(
            summary: "embedding (\(entries) × \(width), \(initializer.name))",
            output: Boundary(
                shape: TensorShape([width]), flattened: nil, field: input.field, measuredImages: nil),
            operations: width,
            scratchCount: PanelProduct.scratchCount + DenseLayer.foldCount(outputs: width), workspaceCount: 0,
            rememberedBytes: { $0.trains && !isFrozen ? TouchedRows.bytes(entries: entries, $0) : 0 },
            memory: .separate(backwardReads: isFrozen ? [] : .input), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: .none, countsDeadUnits: false, flattensImage: false,
            inputPreparation: nil,
            computation: .layer {
                EmbeddingLayer(
                    entries: entries, width: width, table: table,
                    touched: $0.trains && !isFrozen ? TouchedRows(entries: entries, $0) : nil)
            })
    }
}

/// A table that is looked up: `y = W[x]`, x `[N, 1]`, W `[entries, C]`.
///
/// dW is, for each microbatch, the sum of the rows of dy in their order, each added to the row of W that it
/// came from. Rows that no position looks up are zero: they are not written, nor are zeros added up
/// (`GradientVectors.sumSparsely`).
///
/// A head that shares the table (`TiedHeadLayer`) has a gradient for every row. It comes before: its gradient
/// is computed here, so that both are one sum.
final class EmbeddingLayer: Layer {
    /// Rows of W of a task of its gradient if a head shares them; a multiple of 16, so that blocks begin at
    /// aligned floats.
    private static let blockEntries = 128
    /// Rows of W of a task otherwise.
    private static let rowsPerTask = 16

    private let entries: Int
    private let width: Int
    /// The table's first index in the flat vectors.
    let table: Int
    /// The head with the same table; nil if there is none.
    var head: TiedHeadLayer?
    /// The rows of a step; nil in a network that does not train the table.
    private let touched: TouchedRows?

    init(entries: Int, width: Int, table: Int, touched: TouchedRows?) {
        self.entries = entries
        self.width = width
        self.table = table
        self.touched = touched
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
        if let head {
            sumAll(input, outputGradient, head, pass)
        } else if let touched {
            sum(touched, input, outputGradient, pass)
        }
    }

    /// Adds up the gradients of the rows that are looked up.
    private func sum(
        _ touched: TouchedRows, _ input: MicrobatchMatrix, _ outputGradient: MicrobatchMatrix,
        _ pass: BackwardPass
    ) {
        let gradients = pass.gradients
        gradients.clear(table..<(table + FlatVector.aligned(entries * width)), lanes: pass.lanes)
        touched.find(input, pass.rows)
        pass.lanes.run((touched.count + Self.rowsPerTask - 1) / Self.rowsPerTask) { task, _ in
            let first = task * Self.rowsPerTask
            for index in first..<min(touched.count, first + Self.rowsPerTask) {
                var positions = touched.positions(index)
                touched.written[index] = gradients.sumSparsely(
                    start: table + touched.row(index) * width, count: width
                ) { localMicrobatch, leaf in
                    guard let first = positions.next(in: localMicrobatch) else { return false }
                    EmbeddingKernels.begin(
                        outputGradient.row(localMicrobatch, first), count: width, into: leaf)
                    while let row = positions.next(in: localMicrobatch) {
                        EmbeddingKernels.add(
                            outputGradient.row(localMicrobatch, row), count: width, to: leaf)
                    }
                    return true
                }
            }
        }
        for index in 0..<touched.count {
            let start = table + touched.row(index) * width
            gradients.keep(start..<(start + width), in: touched.written[index])
        }
        touched.forget()
    }

    /// Adds up the gradients of all rows, which a head gives.
    private func sumAll(
        _ input: MicrobatchMatrix, _ outputGradient: MicrobatchMatrix, _ head: TiedHeadLayer,
        _ pass: BackwardPass
    ) {
        // A few rows at a time, so that the microbatches' sums are added up in the cache (`DenseLayer`).
        let folds =
            DenseLayer.foldCount(outputs: width) > 0
            && (1...DenseLayer.foldVectors).contains(pass.gradients.temporaryVectors)
        pass.lanes.run((entries + Self.blockEntries - 1) / Self.blockEntries) { task, lane in
            let end = min(entries, (task + 1) * Self.blockEntries)
            let (first, step) = (task * Self.blockEntries, folds ? DenseLayer.foldRows : Self.blockEntries)
            for row in stride(from: first, to: end, by: step) {
                sum(
                    input, outputGradient, head, row..<min(end, row + step), folds: folds, pass,
                    scratch: pass.scratch[lane].pointer)
            }
        }
    }

    /// Adds up the gradients of some rows of the table, for every local microbatch.
    private func sum(
        _ input: MicrobatchMatrix, _ outputGradient: MicrobatchMatrix, _ head: TiedHeadLayer,
        _ block: Range<Int>, folds: Bool, _ pass: BackwardPass, scratch: UnsafeMutablePointer<Float>
    ) {
        let sums = pass.gradients.block(
            start: table + block.lowerBound * width, count: block.count * width,
            temporaries: folds ? scratch + PanelProduct.scratchCount : nil)
        for (localMicrobatch, rows) in pass.rows.rows.enumerated() {
            let leaf = sums.leaf(localMicrobatch)
            if rows > 0 {
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
