import Kernels

/// The values of one layer boundary for all local microbatches: slot i holds `rows × width` floats of its microbatch, row-major (NHWC).
package struct SlotMatrix {
    private let buffer: FloatBuffer
    private let start: UnsafeMutablePointer<Float>
    private let slotStride: Int
    /// Values of one sample.
    package let width: Int

    /// With memory of its own.
    package init(slots: Int, rows: Int, width: Int) {
        self.init(FloatBuffer(count: slots * FlatVector.aligned(rows * width)), offset: 0, rows: rows, width: width)
    }

    /// In a buffer that it shares with others, from a multiple of 16 on.
    init(_ buffer: FloatBuffer, offset: Int, rows: Int, width: Int) {
        (self.buffer, start, self.width) = (buffer, buffer.pointer + offset, width)
        slotStride = FlatVector.aligned(rows * width)
    }

    /// The first row of slot `slot`, or of a tile within it.
    package func row(_ slot: Int, _ row: Int = 0) -> UnsafeMutablePointer<Float> {
        start + slot * slotStride + row * width
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
