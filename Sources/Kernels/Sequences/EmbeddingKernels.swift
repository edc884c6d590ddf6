/// The loops of tables `[entries, width]` whose rows are looked up.
package enum EmbeddingKernels {
    /// `y[r] = table[ids[r]]`. Ids are whole numbers in floats; one that is no row of the table reads row 0.
    package static func gather(
        _ ids: UnsafePointer<Float>, rows: Int, table: UnsafePointer<Float>, entries: Int, width: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            (y + r * width).update(from: table + entry(ids[r], entries) * width, count: width)
        }
    }

    /// `dw[ids[r]] += dy[r]` for one row after the other, for some rows of the table.
    ///
    /// - Parameter dw: the first of these rows.
    package static func scatterAdd(
        _ dy: UnsafePointer<Float>, ids: UnsafePointer<Float>, rows: Int, table: Range<Int>, entries: Int,
        width: Int, to dw: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            let row = entry(ids[r], entries) - table.lowerBound
            guard row >= 0 && row < table.count else { continue }
            let (from, to) = (dy + r * width, dw + row * width)
            for c in 0..<width { to[c] += from[c] }
        }
    }

    /// `y[r] = x[r] + table[first + r]`; y may be x.
    package static func addRows(
        _ x: UnsafePointer<Float>, rows: Int, table: UnsafePointer<Float>, first: Int, width: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let from = table + first * width
        for i in 0..<(rows * width) { y[i] = x[i] + from[i] }
    }

    @inline(__always)
    private static func entry(_ id: Float, _ entries: Int) -> Int {
        id >= 0 && id < Float(entries) ? Int(id) : 0
    }
}
