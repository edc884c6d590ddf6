import Kernels

/// The product of a group's rows, which are packed once, with a matrix. A task is a block of columns for all
/// rows or, where there is only one block, the rows of one tile.
struct GroupProduct {
    /// Columns of a result in one task.
    private static let blockColumns = 128
    /// Values that make packing worth a task.
    private static let packedValues = 1 << 12

    let x: PanelProduct.Packed
    private let runs: UnsafeBufferPointer<PanelProduct.Rows>
    private let depth: Int
    private let width: Int

    /// Memory for the tiles of a group.
    static func runs(localMicrobatches: Int, rows: Int) -> UnsafeMutableBufferPointer<PanelProduct.Rows> {
        .allocate(capacity: max(1, localMicrobatches * ((rows + Tile.rows - 1) / Tile.rows)))
    }

    /// Packs a group's rows of `x`, for products that go to its rows of `y`.
    ///
    /// - Parameter workspace: holds `PanelProduct.packedCount(width:)` floats for the width of x.
    init(
        _ group: RowGroup, of x: MicrobatchMatrix, for y: MicrobatchMatrix, _ rows: MicrobatchRows,
        _ memory: UnsafeMutableBufferPointer<PanelProduct.Rows>, lanes: LanePool, workspace: FloatBuffer
    ) {
        for (i, tile) in rows.tiles[group.tiles].enumerated() {
            memory[i] = PanelProduct.Rows(
                x.row(tile.localMicrobatch, tile.start), y.row(tile.localMicrobatch, tile.start),
                count: tile.count)
        }
        let runs = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(memory)[..<group.tiles.count])
        let panels = PanelProduct.panels(width: x.width)
        let values = runs.reduce(0) { $0 + $1.count } * x.width
        lanes.forEachRun(ofPanels: panels, most: 1 + values / Self.packedValues) {
            PanelProduct.pack(runs, width: x.width, panels: $0, into: workspace.pointer)
        }
        self.x = PanelProduct.Packed(workspace.pointer, width: x.width)
        self.runs = runs
        (depth, width) = (x.width, y.width)
    }

    private var blocks: Int { (width + Self.blockColumns - 1) / Self.blockColumns }
    var tasks: Int { blocks > 1 ? blocks : runs.count }

    func run(
        _ task: Int, _ b: PanelProduct.Right, bias: UnsafePointer<Float>?,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var (first, runs, columns) = (0, runs, 0..<width)
        if blocks > 1 {
            columns = (task * Self.blockColumns)..<min(width, (task + 1) * Self.blockColumns)
        } else {
            for run in runs[..<task] { first += run.count }
            runs = UnsafeBufferPointer(rebasing: runs[task...task])
        }
        PanelProduct.multiply(
            x, first: first, runs, depth: depth, b, width: width, columns: columns, bias: bias,
            scratch: scratch)
    }
}
