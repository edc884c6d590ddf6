/// Row-wise kernels of the losses and of softmax. A row has `columns` values; rows follow each other without
/// padding.
package enum LossKernels {
    /// The largest value of a row and its lowest index.
    @inline(__always)
    static func maximum(_ row: UnsafePointer<Float>, _ columns: Int) -> (value: Float, index: Int) {
        var best = (value: row[0], index: 0)
        for c in 1..<max(1, columns) where row[c] > best.value { best = (row[c], c) }
        return best
    }

    /// The lowest index of a row's largest value.
    package static func argmax(_ row: UnsafePointer<Float>, columns: Int) -> Int {
        maximum(row, columns).index
    }

    /// `exps = exp(row − largest)`, their sum in fixed order. `exps` holds `columns` rounded up to 16 floats.
    @inline(__always)
    static func exponentials(
        _ row: UnsafePointer<Float>, _ columns: Int, largest: Float, into exps: UnsafeMutablePointer<Float>
    ) -> Float {
        for c in 0..<columns { exps[c] = row[c] - largest }
        var c = columns
        while c % 16 != 0 {
            exps[c] = -.infinity
            c += 1
        }
        VectorMath.exp(exps, into: exps, count: columns)
        var sum: Float = 0
        for c in 0..<columns { sum += exps[c] }
        return sum
    }

    /// `y = softmax(x)` by rows. `scratch` holds `columns` rounded up to 16 floats.
    package static func softmax(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            let row = x + r * columns
            let sum = exponentials(row, columns, largest: maximum(row, columns).value, into: scratch)
            let inverse = 1 / sum
            for c in 0..<columns { y[r * columns + c] = scratch[c] * inverse }
        }
    }

    /// `dx = y · (dy − Σ dy·y)` by rows, for `y = softmax(x)`.
    package static func softmaxBackward(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, rows: Int,
        columns: Int
    ) {
        for r in 0..<rows {
            let (yr, dyr, dxr) = (y + r * columns, dy + r * columns, dx + r * columns)
            var dot: Float = 0
            for c in 0..<columns { dot += dyr[c] * yr[c] }
            for c in 0..<columns { dxr[c] = yr[c] * (dyr[c] - dot) }
        }
    }

    /// Categorical cross-entropy from logits, `−log softmax(x)[label]`, summed over the rows. With `dx`, also
    /// the gradient of that sum, `softmax(x) − onehot(label)`. Rows with a negative label do not count.
    /// `scratch` holds `columns` rounded up to 16 floats, plus 16.
    package static func crossEntropy(
        logits: UnsafePointer<Float>, labels: UnsafePointer<Int32>, rows: Int, columns: Int,
        dx: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
    ) -> Double {
        let logarithm = scratch + (columns + 15) / 16 * 16
        var loss = 0.0
        for r in 0..<rows {
            let (row, label) = (logits + r * columns, Int(labels[r]))
            if label < 0 {
                dx.map { ($0 + r * columns).update(repeating: 0, count: columns) }
                continue
            }
            let largest = maximum(row, columns).value
            let sum = exponentials(row, columns, largest: largest, into: scratch)
            for i in 0..<16 { logarithm[i] = sum }
            VectorMath.log(logarithm, into: logarithm, count: 16)
            loss += Double(logarithm[0] - (row[label] - largest))
            guard let dx = dx.map({ $0 + r * columns }) else { continue }
            let inverse = 1 / sum
            for c in 0..<columns { dx[c] = scratch[c] * inverse }
            dx[label] -= 1
        }
        return loss
    }

    /// Mean squared error, `Σ_c (y − t)² / columns`, summed over the rows. With `dx`, also the gradient of
    /// that sum.
    package static func squaredError(
        _ y: UnsafePointer<Float>, targets: UnsafePointer<Float>, rows: Int, columns: Int,
        dx: UnsafeMutablePointer<Float>?
    ) -> Double {
        let share = 1 / Float(columns)
        var loss = 0.0
        for r in 0..<rows {
            let (yr, tr) = (y + r * columns, targets + r * columns)
            var sum: Float = 0
            for c in 0..<columns {
                let d = yr[c] - tr[c]
                sum += d * d
            }
            loss += Double(sum * share)
            guard let dx = dx.map({ $0 + r * columns }) else { continue }
            for c in 0..<columns { dx[c] = 2 * share * (yr[c] - tr[c]) }
        }
        return loss
    }
}
