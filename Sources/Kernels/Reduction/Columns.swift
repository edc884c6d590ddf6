/// Loops over row-major matrices `[rows, columns]` that treat each column (a feature or channel) alike.
///
/// A column's sum runs over its rows in order: in float within blocks of 128 rows, the blocks' sums in
/// double. So the bits depend on the matrix alone, and the error stays near one rounding of the result.
package enum Columns {
    private static let blockRows = 128

    /// `y[r, c] += bias[c]`.
    package static func addBias(
        _ bias: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        for r in 0..<rows {
            let row = y + r * columns
            for c in 0..<columns { row[c] += bias[c] }
        }
    }

    /// `y[r, c] = x[r, c] − centre[c]`.
    package static func subtract(
        _ centre: UnsafePointer<Float>, from x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
        rows: Int, columns: Int
    ) {
        for r in 0..<rows {
            let (from, to) = (x + r * columns, y + r * columns)
            for c in 0..<columns { to[c] = from[c] - centre[c] }
        }
    }

    /// `sums[c] = Σ_r x[r, c]`. `scratch` holds `columns` floats.
    package static func sum(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, into sums: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<columns { sums[c] = 0 }
        for start in stride(from: 0, to: rows, by: blockRows) {
            for c in 0..<columns { scratch[c] = 0 }
            for r in start..<min(rows, start + blockRows) {
                let row = x + r * columns
                for c in 0..<columns { scratch[c] += row[c] }
            }
            for c in 0..<columns { sums[c] += Double(scratch[c]) }
        }
    }

    /// Copies a block of columns between matrices whose rows lie `stride` floats apart.
    package static func copy(
        _ x: UnsafePointer<Float>, stride xStride: Int, to y: UnsafeMutablePointer<Float>,
        stride yStride: Int, rows: Int, columns: Int
    ) {
        for r in 0..<rows { (y + r * yStride).update(from: x + r * xStride, count: columns) }
    }

    /// `y += x` for a block of columns of matrices whose rows lie `stride` floats apart.
    package static func add(
        _ x: UnsafePointer<Float>, stride xStride: Int, to y: UnsafeMutablePointer<Float>,
        stride yStride: Int, rows: Int, columns: Int
    ) {
        for r in 0..<rows {
            let (from, to) = (x + r * xStride, y + r * yStride)
            for c in 0..<columns { to[c] += from[c] }
        }
    }
}
