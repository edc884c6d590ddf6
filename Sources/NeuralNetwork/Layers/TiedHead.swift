import Kernels

/// The definition of a head that scores every row of an embedding's table: it has no weights of its own.
struct TiedHeadDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    /// The name of the embedding.
    let embedding: String

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let input = layer.input
        let tensor = allocator.layout.allTensors.first { $0.name == embedding + ".weight" }
        guard let tensor, case .table(let entries, let width) = tensor.storage else {
            throw layer.mismatch(
                "`\(layer.name)` shares the table of `\(embedding)`, which is no embedding before it")
        }
        guard input.shape.isFlat, input.shape.count == width else {
            throw layer.mismatch(
                "`\(layer.name)` shares the table of `\(embedding)`, whose rows have \(width) values, but "
                    + "it is given \(input.shape)")
        }
        let isTrained = allocator.layout.tensors.contains(tensor)
        if isTrained { allocator.shareTable(tensor.range.lowerBound) }
        return LayerPlan(
            summary: "head (tied to \(embedding))",
            output: Boundary(
                shape: TensorShape([entries]), flattened: nil, field: input.field, measuredImages: nil),
            operations: 2 * entries * width, scratchCount: PanelProduct.scratchCount,
            workspaceCount: max(
                PanelProduct.packedCount(width: width), GroupProduct.workspaceCount(depth: entries)),
            rememberedBytes: {
                $0.trains && isTrained ? 4 * TiedHeadLayer.rememberedCount(width: width, $0) : 0
            },
            memory: .separate(backwardReads: .input), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none, countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .layer {
                TiedHeadLayer(
                    entries: entries, width: width, table: tensor.range.lowerBound, isTrained: isTrained, $0)
            })
    }
}

/// A head with the table of an embedding (https://arxiv.org/abs/1608.05859): `y = x Wᵀ`, x `[N, C]`,
/// W `[entries, C]`.
///
/// Gradients: `dx = dy W`, `dW = dyᵀ x`. The embedding's own part of dW comes last in the backward pass, and
/// both must be one sum of each microbatch before microbatches are added. So the embedding asks for this part
/// then; `MemoryPlan` leaves dy where it is until then, and x is kept in panels.
final class TiedHeadLayer: Layer {
    private let entries: Int
    private let width: Int
    /// The table's first index in the flat vectors.
    let table: Int
    private let mostRows: Int
    private let runs: UnsafeMutableBufferPointer<PanelProduct.Rows>
    /// x of each local microbatch, in panels for each tile of rows; nil in a network that does not train the
    /// table.
    private let kept: FloatBuffer?
    /// dy of the current backward pass.
    private var outputGradient: MicrobatchMatrix?
    /// The table in the form in which products read it; nil in a network whose parameters change.
    private let packed: KeptWeights?

    init(entries: Int, width: Int, table: Int, isTrained: Bool, _ capacity: NetworkCapacity) {
        (self.entries, self.width, self.table) = (entries, width, table)
        mostRows = capacity.rows
        runs = GroupProduct.runs(localMicrobatches: capacity.microbatches, rows: capacity.rows)
        kept =
            capacity.trains && isTrained
            ? FloatBuffer(count: Self.rememberedCount(width: width, capacity)) : nil
        packed =
            capacity.keepsWeights
            ? KeptWeights(count: PanelProduct.packedCount(depth: width, width: entries)) : nil
    }

    /// The right operand of the forward pass: the table, or its packed copy.
    private func right(_ pass: ForwardPass) -> PanelProduct.Right {
        let table = pass.parameters + table
        guard let packed else { return .transposedRows(table) }
        return .packed(
            packed.values { packed in
                pass.lanes.forEachRun(ofPanels: PanelProduct.panels(width: entries)) {
                    PanelProduct.packWhole(
                        transposed: table, depth: width, width: entries, panels: $0, into: packed)
                }
            })
    }

    deinit { runs.deallocate() }

    /// Floats that are kept for all microbatches.
    static func rememberedCount(width: Int, _ capacity: NetworkCapacity) -> Int {
        capacity.microbatches * capacity.rows * panelWidth(width)
    }

    private static func panelWidth(_ width: Int) -> Int { 16 * PanelProduct.panels(width: width) }

    /// The kept x of a tile.
    private func kept(_ localMicrobatch: Int, _ row: Int) -> UnsafeMutablePointer<Float>? {
        kept.map { $0.pointer + (localMicrobatch * mostRows + row) * Self.panelWidth(width) }
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let right = right(pass)
        for group in pass.rows.groups where !group.tiles.isEmpty {
            let product = GroupProduct(
                group, of: input, for: output, pass.rows, runs, lanes: pass.lanes, workspace: pass.workspace)
            pass.lanes.run(product.tasks) { task, lane in
                product.run(task, right, bias: nil, scratch: pass.scratch[lane].pointer)
            }
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        if kept != nil {
            self.outputGradient = outputGradient
            pass.lanes.run(pass.rows.tiles.count) { task, _ in keep(pass.rows.tiles[task], input) }
        }
        guard let inputGradient else { return }
        for group in pass.rows.groups where !group.tiles.isEmpty {
            for part in GroupProduct.parts(depth: entries) {
                let product = GroupProduct(
                    group, of: outputGradient, part: part, for: inputGradient, pass.rows, runs,
                    lanes: pass.lanes, workspace: pass.workspace)
                pass.lanes.run(product.tasks) { task, lane in
                    product.run(
                        task, .rows(pass.parameters + table), bias: nil, scratch: pass.scratch[lane].pointer)
                }
            }
        }
    }

    /// Keeps the input of a tile, in panels.
    private func keep(_ tile: Tile, _ input: MicrobatchMatrix) {
        guard let kept = kept(tile.localMicrobatch, tile.start) else { return }
        let row = input.row(tile.localMicrobatch, tile.start)
        withUnsafePointer(to: PanelProduct.Rows(row, row, count: tile.count)) {
            PanelProduct.pack(
                UnsafeBufferPointer(start: $0, count: 1), width: width,
                panels: 0..<PanelProduct.panels(width: width), into: kept)
        }
    }

    /// Writes a microbatch's gradient of some rows of the table: one sum over the microbatch's rows in their
    /// order.
    func writeTableGradient(
        _ block: Range<Int>, localMicrobatch: Int, rows: Int, into dw: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let outputGradient else { return }
        for start in stride(from: 0, to: rows, by: Tile.rows) {
            guard let x = kept(localMicrobatch, start) else { return }
            PanelProduct.multiplyTransposed(
                outputGradient.row(localMicrobatch, start), depth: entries, rows: block,
                PanelProduct.Packed(x, width: width), first: 0, width: width,
                samples: min(Tile.rows, rows - start), accumulates: start > 0, into: dw, scratch: scratch)
        }
    }
}
