import CSIMD

/// The loops of layer normalisation over matrices `[rows, channels]`: each row is normalised by itself.
///
/// A row's sums run over 16 elements of a vector in float, and over the vector in double, always in the same
/// order: their bits depend on the row alone. Results may take the memory of an operand.
package enum LayerNormKernels {
    /// The trained parameters, `channels` values each; nil stands for ones and zeros.
    package struct Parameters {
        package let scale: UnsafePointer<Float>?
        let shift: UnsafePointer<Float>?

        package init(scale: UnsafePointer<Float>?, shift: UnsafePointer<Float>?) {
            self.scale = scale
            self.shift = shift
        }
    }

    /// `y = (x − mean) / √(variance + epsilon) · scale + shift`
    package static func forward(
        _ x: UnsafePointer<Float>, rows: Int, channels: Int, epsilon: Float, _ parameters: Parameters,
        into y: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            let (row, to) = (x + r * channels, y + r * channels)
            let (mean, factor) = moments(row, channels, epsilon)
            for c in stride(from: 0, to: channels, by: 16) {
                let n = min(16, channels - c)
                var v = (Vector(at: row + c, count: n) - mean) * factor
                if let scale = parameters.scale { v *= Vector(at: scale + c, count: n) }
                if let shift = parameters.shift { v += Vector(at: shift + c, count: n) }
                v.store(at: to + c, count: n)
            }
        }
    }

    /// Writes `dx = f · (g − mean(g) − x̂ · mean(g·x̂))` with `g = dy · scale`, `f = 1/√(variance + epsilon)`
    /// and the normalised x̂; unless nil, also the products `dy · x̂`, whose sums over rows are the scale's
    /// gradient.
    package static func backward(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, rows: Int, channels: Int, epsilon: Float,
        _ parameters: Parameters, into dx: UnsafeMutablePointer<Float>?,
        products: UnsafeMutablePointer<Float>?
    ) {
        for r in 0..<rows {
            let (row, gradient) = (x + r * channels, dy + r * channels)
            let (mean, factor) = moments(row, channels, epsilon)
            var (sum, dot) = (Vector(repeating: 0), Vector(repeating: 0))
            for c in stride(from: 0, to: channels, by: 16) {
                let n = min(16, channels - c)
                let normalised = (Vector(at: row + c, count: n) - mean) * factor
                let d = Vector(at: gradient + c, count: n)
                if let products { (d * normalised).store(at: products + r * channels + c, count: n) }
                let g = parameters.scale.map { d * Vector(at: $0 + c, count: n) } ?? d
                sum += g
                dot += g * normalised
            }
            guard let dx else { continue }
            let (meanG, meanGX) = (average(sum, channels), average(dot, channels))
            for c in stride(from: 0, to: channels, by: 16) {
                let n = min(16, channels - c)
                let normalised = (Vector(at: row + c, count: n) - mean) * factor
                let d = Vector(at: gradient + c, count: n)
                let g = parameters.scale.map { d * Vector(at: $0 + c, count: n) } ?? d
                ((g - meanG - normalised * meanGX) * factor).store(at: dx + r * channels + c, count: n)
            }
        }
    }

    /// A row's mean and 1/√(variance + epsilon).
    ///
    /// The deviations are taken from the rounded mean m of a first pass: `mean = m + Σd/n`,
    /// `variance = (Σd² − (Σd)²/n)/n`. Σd is a few roundings of the mean, so that nothing is lost in the
    /// difference.
    @inline(__always)
    private static func moments(_ row: UnsafePointer<Float>, _ channels: Int, _ epsilon: Float)
        -> (mean: Float, factor: Float)
    {
        var sum = Vector(repeating: 0)
        for c in stride(from: 0, to: channels, by: 16) {
            sum += Vector(at: row + c, count: min(16, channels - c))
        }
        let first = average(sum, channels)
        var (deviations, squares) = (Vector(repeating: 0), Vector(repeating: 0))
        for c in stride(from: 0, to: channels, by: 16) {
            let n = min(16, channels - c)
            var d = Vector(at: row + c, count: n) - first
            for i in n..<16 { d[i] = 0 }
            deviations += d
            squares += d * d
        }
        let (n, rest) = (Double(channels), total(deviations))
        let variance = max(0, (total(squares) - rest * rest / n) / n)
        return (Float(Double(first) + rest / n), 1 / (Float(variance) + epsilon).squareRoot())
    }

    @inline(__always)
    private static func average(_ sum: Vector, _ count: Int) -> Float { Float(total(sum) / Double(count)) }

    @inline(__always)
    private static func total(_ v: Vector) -> Double {
        var sum = 0.0
        for i in 0..<16 { sum += Double(v[i]) }
        return sum
    }
}
