// Losses whose samples or classes have weights, and the binary one. Rows follow each other without padding.
extension LossKernels {
    /// Cross-entropy from logits with class weights w and label smoothing ε, PyTorch's
    /// `(1 − ε) · w_t · −log p_t + ε/K · Σ_c w_c · −log p_c`, summed over the rows; and Σ w_t. With `dx`,
    /// also the gradient of that sum. Rows with a negative label do not count. `scratch` holds `columns`
    /// rounded up to 16 floats, plus 16.
    package static func weightedCrossEntropy(
        logits: UnsafePointer<Float>, labels: UnsafePointer<Int32>, classWeights w: UnsafePointer<Float>,
        smoothing: Float, rows: Int,
        columns: Int, dx: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
    ) -> (loss: Double, weight: Double) {
        let logarithm = scratch + (columns + 15) / 16 * 16
        let share = smoothing / Float(columns)
        var allWeights: Float = 0
        for c in 0..<columns { allWeights += w[c] }
        var (loss, weight) = (0.0, 0.0)
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
            let own = (1 - smoothing) * w[label]
            weight += Double(w[label])
            loss += Double(own) * Double(logarithm[0] - (row[label] - largest))
            if smoothing > 0 {
                var all = 0.0
                for c in 0..<columns { all += Double(w[c]) * Double(logarithm[0] - (row[c] - largest)) }
                loss += Double(share) * all
            }
            guard let dx = dx.map({ $0 + r * columns }) else { continue }
            let scale = (own + share * allWeights) / sum
            for c in 0..<columns { dx[c] = scratch[c] * scale - share * w[c] }
            dx[label] -= own
        }
        return (loss, weight)
    }

    /// Binary cross-entropy from logits with weights q of the positive targets (PyTorch's `pos_weight`), per
    /// row the mean over columns of `−q·t·log σ(x) − (1 − t)·log(1 − σ(x))`, computed as
    /// `max(x, 0) − x·t + log(1 + e^−|x|)` where q = 1, so that nothing overflows or cancels; summed over the
    /// rows. With `dx`, also the gradient of that sum. `scratch` holds twice `columns` rounded up to 16
    /// floats.
    package static func binaryCrossEntropy(
        logits: UnsafePointer<Float>, targets: UnsafePointer<Float>, positiveWeights q: UnsafePointer<Float>,
        rows: Int, columns: Int,
        dx: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
    ) -> Double {
        let padded = (columns + 15) / 16 * 16
        let (soft, sigmoid) = (scratch, scratch + padded)
        let share = 1 / Float(columns)
        for c in 0..<padded { (soft[c], sigmoid[c]) = (0, 0) }
        var loss = 0.0
        for r in 0..<rows {
            let (x, t) = (logits + r * columns, targets + r * columns)
            for c in 0..<columns { soft[c] = -abs(x[c]) }
            VectorMath.softplus(soft, into: soft, count: padded)  // log(1 + e^−|x|)
            var sum = 0.0
            for c in 0..<columns {
                let factor = 1 + (q[c] - 1) * t[c]
                let linear = x[c] > 0 ? (1 - t[c]) * x[c] : -(q[c] * t[c]) * x[c]
                sum += Double(linear) + Double(factor * soft[c])
            }
            loss += sum * Double(share)
            guard let dx = dx.map({ $0 + r * columns }) else { continue }
            for c in 0..<columns { sigmoid[c] = x[c] }
            VectorMath.sigmoid(sigmoid, into: sigmoid, count: padded)
            for c in 0..<columns {
                dx[c] = share * ((1 - t[c]) * sigmoid[c] - q[c] * t[c] * (1 - sigmoid[c]))
            }
        }
        return loss
    }

    /// Mean absolute error, `Σ_c |y − t| / columns`, summed over the rows. With `dx`, also the gradient of
    /// that sum, 0 where y = t.
    package static func absoluteError(
        _ y: UnsafePointer<Float>, targets: UnsafePointer<Float>, rows: Int, columns: Int,
        dx: UnsafeMutablePointer<Float>?
    ) -> Double {
        let share = 1 / Float(columns)
        var loss = 0.0
        for r in 0..<rows {
            let (yr, tr) = (y + r * columns, targets + r * columns)
            var sum: Float = 0
            for c in 0..<columns { sum += abs(yr[c] - tr[c]) }
            loss += Double(sum * share)
            guard let dx = dx.map({ $0 + r * columns }) else { continue }
            for c in 0..<columns {
                let d = yr[c] - tr[c]
                dx[c] = d > 0 ? share : d < 0 ? -share : 0 * d
            }
        }
        return loss
    }

    /// `x *= factor` for exactly `count` values.
    package static func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        for i in 0..<count { x[i] *= factor }
    }

    /// Counts the values of a row that come before the one at `label`: larger values, and equal ones with a
    /// lower index. NaN comes last.
    package static func rank(of label: Int, in row: UnsafePointer<Float>, columns: Int) -> Int {
        let value = row[label]
        guard value == value else { return columns }
        var before = 0
        for c in 0..<columns where row[c] > value || (row[c] == value && c < label) { before += 1 }
        return before
    }
}
