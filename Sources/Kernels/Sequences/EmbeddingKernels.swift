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

    /// Chains the positions of a microbatch that look up the same row of a table, in front of those that are
    /// chained already. Microbatches come from the last to the first; each chain then is in order.
    ///
    /// - Parameters:
    ///   - first: the number of the microbatch's first position.
    ///   - heads: for each row of the table its first position so far, or −1.
    ///   - next: for each position the next one of its row, or −1.
    ///   - touched: the rows with a chain; `count` so far.
    package static func chain(
        _ ids: UnsafePointer<Float>, rows: Int, first: Int, entries: Int, heads: UnsafeMutablePointer<Int32>,
        next: UnsafeMutablePointer<Int32>, touched: UnsafeMutablePointer<Int32>, count: inout Int
    ) {
        for r in stride(from: rows - 1, through: 0, by: -1) {
            let row = entry(ids[r], entries)
            if heads[row] < 0 {
                touched[count] = Int32(truncatingIfNeeded: row)
                count += 1
            }
            next[first + r] = heads[row]
            heads[row] = Int32(truncatingIfNeeded: first + r)
        }
    }

    /// `y = 0 + x`, with which a sum of rows begins: −0 becomes +0.
    package static func begin(_ x: UnsafePointer<Float>, count: Int, into y: UnsafeMutablePointer<Float>) {
        for c in 0..<count { y[c] = 0 + x[c] }
    }

    /// `y += x` for rows of any length that begin anywhere.
    package static func add(_ x: UnsafePointer<Float>, count: Int, to y: UnsafeMutablePointer<Float>) {
        for c in 0..<count { y[c] += x[c] }
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
