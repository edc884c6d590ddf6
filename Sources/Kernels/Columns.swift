/// Loops over row-major matrices `[rows, columns]` that treat each column (a feature or channel) alike.
///
/// A column's sum runs over its rows in order: in float within blocks of 128 rows, the blocks' sums in double. So the bits depend on the matrix
/// alone, and the error stays near one rounding of the result.
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
        _ centre: UnsafePointer<Float>, from x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
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

    /// The moments of each column: `out = [rows, mean × columns, M2 × columns]` with M2 = Σ (x − mean)².
    /// `scratch` holds `2 · columns` floats.
    package static func moments(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, into out: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (mean, m2) = (out + 1, out + 1 + columns)
        out[0] = Double(rows)
        sum(x, rows: rows, columns: columns, into: mean, scratch: scratch)
        let center = scratch + columns
        for c in 0..<columns {
            mean[c] /= Double(rows)
            center[c] = Float(mean[c])
            m2[c] = 0
        }
        for start in stride(from: 0, to: rows, by: blockRows) {
            for c in 0..<columns { scratch[c] = 0 }
            for r in start..<min(rows, start + blockRows) {
                let row = x + r * columns
                for c in 0..<columns {
                    let d = row[c] - center[c]
                    scratch[c] += d * d
                }
            }
            for c in 0..<columns { m2[c] += Double(scratch[c]) }
        }
        // The deviations were taken from the mean rounded to float; Σ(x−m)² = Σ(x−c)² − n(m−c)².
        for c in 0..<columns {
            let d = mean[c] - Double(center[c])
            m2[c] = max(0, m2[c] - Double(rows) * d * d)
        }
    }

    /// `y = (x − mean) · factor + shift`, per column.
    package static func normalize(
        _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>, factor: UnsafePointer<Float>, shift: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        for r in 0..<rows {
            let (from, to) = (x + r * columns, y + r * columns)
            for c in 0..<columns { to[c] = (from[c] - mean[c]) * factor[c] + shift[c] }
        }
    }

    /// The sums of batch norm's backward pass: `out = [Σ dy × columns, Σ dy·x̂ × columns]` with x̂ = (x − mean) · invStd.
    /// `scratch` holds `2 · columns` floats.
    package static func batchNormBackwardSums(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, mean: UnsafePointer<Float>, invStd: UnsafePointer<Float>,
        rows: Int, columns: Int, into out: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<(2 * columns) { out[c] = 0 }
        let (beta, gamma) = (scratch, scratch + columns)
        for start in stride(from: 0, to: rows, by: blockRows) {
            for c in 0..<(2 * columns) { scratch[c] = 0 }
            for r in start..<min(rows, start + blockRows) {
                let (xr, dyr) = (x + r * columns, dy + r * columns)
                for c in 0..<columns {
                    beta[c] += dyr[c]
                    gamma[c] += dyr[c] * ((xr[c] - mean[c]) * invStd[c])
                }
            }
            for c in 0..<(2 * columns) { out[c] += Double(scratch[c]) }
        }
    }

    /// Batch norm's input gradient: `dx = scale · (dy − meanDy − x̂ · meanDyX)`, per column.
    package static func batchNormBackward(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, mean: UnsafePointer<Float>, invStd: UnsafePointer<Float>,
        scale: UnsafePointer<Float>, meanDy: UnsafePointer<Float>, meanDyX: UnsafePointer<Float>,
        into dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        for r in 0..<rows {
            let (xr, dyr, dxr) = (x + r * columns, dy + r * columns, dx + r * columns)
            for c in 0..<columns {
                let xHat = (xr[c] - mean[c]) * invStd[c]
                dxr[c] = scale[c] * (dyr[c] - meanDy[c] - xHat * meanDyX[c])
            }
        }
    }

    /// Copies a block of columns between matrices whose rows lie `stride` floats apart.
    package static func copy(
        _ x: UnsafePointer<Float>, stride xStride: Int, to y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int, columns: Int
    ) {
        for r in 0..<rows { (y + r * yStride).update(from: x + r * xStride, count: columns) }
    }

    /// `y += x` for a block of columns of matrices whose rows lie `stride` floats apart.
    package static func add(
        _ x: UnsafePointer<Float>, stride xStride: Int, to y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int, columns: Int
    ) {
        for r in 0..<rows {
            let (from, to) = (x + r * xStride, y + r * yStride)
            for c in 0..<columns { to[c] += from[c] }
        }
    }
}
