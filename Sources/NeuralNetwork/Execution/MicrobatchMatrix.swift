import Kernels

/// The values of one layer boundary for all local microbatches. Microbatch i holds `rows × width` floats,
/// row-major (NHWC).
package struct MicrobatchMatrix {
    private let buffer: FloatBuffer
    private let start: UnsafeMutablePointer<Float>
    private let microbatchStride: Int
    /// Values of one row: of a sample, or of a position of a sequence.
    package let width: Int
    /// True if the rows are positions of sequences.
    let holdsPositions: Bool

    /// Makes a matrix in memory of its own.
    package init(localMicrobatches: Int, rows: Int, width: Int) {
        self.init(
            FloatBuffer(count: localMicrobatches * FlatVector.aligned(rows * width)), offset: 0, rows: rows,
            width: width)
    }

    /// Makes a matrix in a buffer that it shares with others, from a multiple of 16 on.
    init(_ buffer: FloatBuffer, offset: Int, rows: Int, width: Int) {
        self.init(buffer, offset: offset, rows: rows, width: width, holdsPositions: false)
    }

    /// Makes the matrix of some samples of a shape, in a buffer that it shares with others.
    init(_ buffer: FloatBuffer, offset: Int, rows: Int, of shape: TensorShape) {
        self.init(
            buffer, offset: offset, rows: rows * shape.rowsPerSample, width: shape.rowWidth,
            holdsPositions: shape.isSequence)
    }

    private init(_ buffer: FloatBuffer, offset: Int, rows: Int, width: Int, holdsPositions: Bool) {
        self.buffer = buffer
        start = buffer.pointer + offset
        self.width = width
        self.holdsPositions = holdsPositions
        microbatchStride = FlatVector.aligned(rows * width)
    }

    /// The first row of a local microbatch, or of a tile within it.
    package func row(_ localMicrobatch: Int, _ row: Int = 0) -> UnsafeMutablePointer<Float> {
        start + localMicrobatch * microbatchStride + row * width
    }
}

/// A block of rows of one microbatch, which a lane computes in one piece. The table is fixed: 128 rows from
/// the microbatch's start, then the rest.
package struct Tile: Equatable, Sendable {
    package static let rows = 128

    package let localMicrobatch: Int
    package let start: Int
    package let count: Int
}

/// A run of tiles that are multiplied together.
package struct RowGroup: Equatable, Sendable {
    package let tiles: Range<Int>
    /// Microbatches of which no rows come behind this group.
    package let endingMicrobatches: Range<Int>
}

/// The samples of every local microbatch in one step, and their blocks. There are few distinct ones (full and
/// ragged batches), made once.
package final class MicrobatchRows: Sendable {
    package let rows: [Int]
    package let tiles: [Tile]
    /// Runs of tiles with at most `PanelProduct.mostRows` rows. They cover all local microbatches: one alone
    /// if there are no samples.
    package let groups: [RowGroup]

    package init(_ rows: [Int]) {
        self.rows = rows
        tiles = rows.enumerated().flatMap { localMicrobatch, count in
            stride(from: 0, to: count, by: Tile.rows).map {
                Tile(localMicrobatch: localMicrobatch, start: $0, count: min(Tile.rows, count - $0))
            }
        }
        groups = Self.groups(tiles, localMicrobatches: rows.count)
    }

    private static func groups(_ tiles: [Tile], localMicrobatches: Int) -> [RowGroup] {
        var (groups, first, total) = ([RowGroup](), 0, 0)
        func close(at end: Int) {
            let ended = end < tiles.count ? tiles[end].localMicrobatch : localMicrobatches
            groups.append(
                RowGroup(
                    tiles: first..<end,
                    endingMicrobatches: (groups.last?.endingMicrobatches.upperBound ?? 0)..<ended))
        }
        for (index, tile) in tiles.enumerated() {
            if total + tile.count > PanelProduct.mostRows {
                close(at: index)
                (first, total) = (index, 0)
            }
            total += tile.count
        }
        close(at: tiles.count)
        return groups
    }

    package var localMicrobatches: Int { rows.count }
}
