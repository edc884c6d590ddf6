import Kernels

/// The product of a group's rows, which are packed once, with a matrix. A task is a block of columns for all
/// rows or, where there is only one block, the rows of one tile. A product of great depth is computed part by
/// part, so that only a part is packed at a time.
struct GroupProduct {
    /// Columns of a result in one task, as many as `PanelProduct` packs of a right operand at a time. Wider
    /// blocks would leave a lane idle: a result of 384 columns in three blocks, on two lanes.
    private static let blockColumns = 64
    /// The width below which tasks are tiles: a second block would be smaller than the first.
    private static let leastWidth = 2 * blockColumns
    /// The most columns of x in a part.
    private static let mostDepth = 4096
    /// Values that make packing worth a task.
    private static let packedValues = 1 << 12

    let x: PanelProduct.Packed
    private let runs: UnsafeBufferPointer<PanelProduct.Rows>
    private let depth: Int
    private let part: Range<Int>
    private let width: Int

    /// The columns of x that are packed one after the other.
    static func parts(depth: Int) -> [Range<Int>] {
        stride(from: 0, to: max(1, depth), by: mostDepth).map { $0..<min(depth, $0 + mostDepth) }
    }

    /// Floats of memory for a part.
    static func workspaceCount(depth: Int) -> Int { PanelProduct.packedCount(width: min(depth, mostDepth)) }

    /// Memory for the tiles of a group.
    static func runs(localMicrobatches: Int, rows: Int) -> UnsafeMutableBufferPointer<PanelProduct.Rows> {
        .allocate(capacity: max(1, localMicrobatches * ((rows + Tile.rows - 1) / Tile.rows)))
    }

    /// Packs a group's rows of `x`, for products that go to its rows of `y`.
    ///
    /// - Parameters:
    ///   - part: the columns of x; nil for all of them. Parts are multiplied in their order.
    ///   - workspace: holds `PanelProduct.packedCount(width:)` floats for the number of these columns.
    init(
        _ group: RowGroup, of x: MicrobatchMatrix, part: Range<Int>? = nil, for y: MicrobatchMatrix,
        _ rows: MicrobatchRows, _ memory: UnsafeMutableBufferPointer<PanelProduct.Rows>, lanes: LanePool,
        workspace: FloatBuffer
    ) {
        let part = part ?? 0..<x.width
        for (i, tile) in rows.tiles[group.tiles].enumerated() {
            memory[i] = PanelProduct.Rows(
                x.row(tile.localMicrobatch, tile.start), y.row(tile.localMicrobatch, tile.start),
                count: tile.count)
        }
        let runs = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(memory)[..<group.tiles.count])
        let panels = PanelProduct.panels(width: part.count)
        let values = runs.reduce(0) { $0 + $1.count } * part.count
        lanes.forEachRun(ofPanels: panels, most: 1 + values / Self.packedValues) {
            PanelProduct.pack(runs, width: x.width, columns: part, panels: $0, into: workspace.pointer)
        }
        self.x = PanelProduct.Packed(workspace.pointer, width: part.count)
        (self.runs, self.part) = (runs, part)
        (depth, width) = (x.width, y.width)
    }

    private var blocks: Int {
        width < Self.leastWidth ? 1 : (width + Self.blockColumns - 1) / Self.blockColumns
    }
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
            x, first: first, runs, depth: depth, part: part, b, width: width, columns: columns, bias: bias,
            scratch: scratch)
    }
}
