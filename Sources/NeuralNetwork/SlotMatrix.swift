import Kernels

/// The values of one layer boundary for all local microbatches: slot i holds `rows × width` floats of its microbatch, row-major (NHWC).
package struct SlotMatrix {
    private let buffer: FloatBuffer
    private let slotStride: Int
    /// Values of one sample.
    package let width: Int

    package init(slots: Int, rows: Int, width: Int) {
        slotStride = FlatVector.aligned(rows * width)
        buffer = FloatBuffer(count: slots * slotStride)
        self.width = width
    }

    /// Another width in the same memory: gradients of layer boundaries take turns.
    private init(sharing other: SlotMatrix, width: Int) {
        (buffer, slotStride) = (other.buffer, other.slotStride)
        self.width = width
    }

    package func resized(to width: Int) -> SlotMatrix { SlotMatrix(sharing: self, width: width) }

    /// The first row of slot `slot`, or of a tile within it.
    package func row(_ slot: Int, _ row: Int = 0) -> UnsafeMutablePointer<Float> {
        buffer.pointer + slot * slotStride + row * width
    }
}

/// A block of rows of one slot: what a lane computes in one piece. The table is fixed: 128 rows from the microbatch's start, then the rest.
package struct Tile: Equatable, Sendable {
    package static let rows = 128

    package let slot: Int
    package let start: Int
    package let count: Int
}

/// The samples of every local slot in one step and their tiles. There are few distinct ones (full, ragged), made once.
package final class SlotRows: Sendable {
    package let rows: [Int]
    package let tiles: [Tile]
    /// Runs of tiles with at most `PanelProduct.mostRows` rows.
    package let groups: [Range<Int>]

    package init(_ rows: [Int]) {
        self.rows = rows
        tiles = rows.enumerated().flatMap { slot, count in
            stride(from: 0, to: count, by: Tile.rows).map {
                Tile(slot: slot, start: $0, count: min(Tile.rows, count - $0))
            }
        }
        var (groups, first, total) = ([Range<Int>](), 0, 0)
        for (index, tile) in tiles.enumerated() {
            if total + tile.count > PanelProduct.mostRows {
                groups.append(first..<index)
                (first, total) = (index, 0)
            }
            total += tile.count
        }
        self.groups = tiles.isEmpty ? [] : groups + [first..<tiles.count]
    }

    package var slots: Int { rows.count }
}
