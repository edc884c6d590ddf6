import CSIMD

/// The loops of root mean square normalisation over matrices `[rows, channels]`: each row is normalised by
/// itself.
///
/// A row's sums run over 16 elements of a vector in float, and over the vector in double, always in the same
/// order: their bits depend on the row alone. Results may take the memory of an operand.
package enum RMSNormKernels {
    /// `y = x / √(mean(x²) + epsilon) · scale`; nil stands for ones.
    package static func forward(
        _ x: UnsafePointer<Float>, rows: Int, channels: Int, epsilon: Float, scale: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            let (row, to) = (x + r * channels, y + r * channels)
            let factor = factor(row, channels, epsilon)
            for c in stride(from: 0, to: channels, by: 16) {
                let n = min(16, channels - c)
                var v = Vector(at: row + c, count: n) * factor
                if let scale { v *= Vector(at: scale + c, count: n) }
                v.store(at: to + c, count: n)
            }
        }
    }

    /// Writes `dx = f · (g − x̂ · mean(g·x̂))` with `g = dy · scale`, `f = 1/√(mean(x²) + epsilon)` and
    /// `x̂ = f · x`; unless nil, also the products `dy · x̂`, whose sums over rows are the scale's gradient.
    package static func backward(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, rows: Int, channels: Int, epsilon: Float,
        scale: UnsafePointer<Float>?, into dx: UnsafeMutablePointer<Float>?,
        products: UnsafeMutablePointer<Float>?
    ) {
        for r in 0..<rows {
            let (row, gradient) = (x + r * channels, dy + r * channels)
            let factor = factor(row, channels, epsilon)
            var dot = Vector(repeating: 0)
            for c in stride(from: 0, to: channels, by: 16) {
                let n = min(16, channels - c)
                let normalised = Vector(at: row + c, count: n) * factor
                let d = Vector(at: gradient + c, count: n)
                if let products { (d * normalised).store(at: products + r * channels + c, count: n) }
                let g = scale.map { d * Vector(at: $0 + c, count: n) } ?? d
                dot += g * normalised
            }
            guard let dx else { continue }
            let mean = Float(total(dot) / Double(channels))
            for c in stride(from: 0, to: channels, by: 16) {
                let n = min(16, channels - c)
                let normalised = Vector(at: row + c, count: n) * factor
                let d = Vector(at: gradient + c, count: n)
                let g = scale.map { d * Vector(at: $0 + c, count: n) } ?? d
                ((g - normalised * mean) * factor).store(at: dx + r * channels + c, count: n)
            }
        }
    }

    /// A row's 1/√(mean(x²) + epsilon).
    @inline(__always)
    private static func factor(_ row: UnsafePointer<Float>, _ channels: Int, _ epsilon: Float) -> Float {
        var squares = Vector(repeating: 0)
        for c in stride(from: 0, to: channels, by: 16) {
            let v = Vector(at: row + c, count: min(16, channels - c))
            squares += v * v
        }
        return 1 / (Float(total(squares) / Double(channels)) + epsilon).squareRoot()
    }

    @inline(__always)
    private static func total(_ v: Vector) -> Double {
        var sum = 0.0
        for i in 0..<16 { sum += Double(v[i]) }
        return sum
    }
}
