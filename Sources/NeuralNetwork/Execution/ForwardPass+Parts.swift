import Kernels

/// How the lanes share a pass: tile by tile, and in inference a tile in parts. A single image then keeps all
/// lanes busy.
extension ForwardPass {
    /// Values of a part that is worth a task.
    static let valuesPerPart = 1 << 13

    /// Calls `body` for every tile of `size` samples; in inference for parts of tiles, if there are fewer
    /// tiles than keep the lanes busy.
    ///
    /// - Parameter mostParts: the parts of a tile that are worth a task each.
    func forEachPart(
        ofTiles size: Int, mostParts: (_ samples: Int) -> Int,
        _ body: (_ tile: Tile, _ part: WorkPart, _ lane: Int) -> Void
    ) {
        let tiles = rows.tileCount(of: size)
        let wanted = cutsTiles && lanes.lanes > 1 ? 2 * lanes.lanes / max(1, tiles) : 1
        let most = wanted > 1 ? mostParts(min(size, rows.rows.max() ?? 0)) : 1
        let parts = max(1, min(wanted, most))
        lanes.run(tiles * parts) { task, lane in
            body(rows.tile(task / parts, of: size), WorkPart(index: task % parts, count: parts), lane)
        }
    }

    /// The same for a loop over rows of `width` values, `positions` of them in each sample.
    func forEachRun(
        ofTiles size: Int, positions: Int, width: Int,
        _ body: (_ localMicrobatch: Int, _ rows: Range<Int>) -> Void
    ) {
        forEachPart(ofTiles: size, mostParts: { $0 * positions * width / Self.valuesPerPart }) {
            tile, part, _ in
            let rows = part.range(of: tile.count * positions)
            let first = tile.start * positions
            body(tile.localMicrobatch, (first + rows.lowerBound)..<(first + rows.upperBound))
        }
    }

    /// The same for a loop over whole vectors of values.
    func forEachRun(
        ofValues width: Int, _ body: (_ localMicrobatch: Int, _ start: Int, _ count: Int) -> Void
    ) {
        let size = MicrobatchRows.samplesPerVectorTile(width: width)
        forEachPart(ofTiles: size, mostParts: { $0 * width / Self.valuesPerPart }) { tile, part, _ in
            let (first, count) = (tile.start * width, tile.count * width)
            let vectors = part.range(of: (count + 15) / 16)
            let start = 16 * vectors.lowerBound
            body(tile.localMicrobatch, first + start, min(count, 16 * vectors.upperBound) - start)
        }
    }
}
