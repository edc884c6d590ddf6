import CSIMD

/// The loops of gated linear units (https://arxiv.org/abs/2002.05202): of a row `[a | b]` of 2 · `width`
/// values, `y = f(a) ⊙ b`.
package enum GatedUnits: Sendable, CaseIterable {
    case sigmoid
    case silu
    case gelu
    case geluTanh

    package func forward(
        _ x: UnsafePointer<Float>, rows: Int, width: Int, into y: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .sigmoid: Self.forward(x, rows, width, y) { VectorMath.sigmoid($0) }
        case .silu: Self.forward(x, rows, width, y) { VectorMath.silu($0) }
        case .gelu: Self.forward(x, rows, width, y) { VectorMath.gelu($0) }
        case .geluTanh: Self.forward(x, rows, width, y) { VectorMath.geluTanh($0) }
        }
    }

    /// Writes `[dy ⊙ b ⊙ f′(a) | dy ⊙ f(a)]`.
    package func backward(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, rows: Int, width: Int,
        into dx: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .sigmoid:
            Self.backward(x, dy, rows, width, dx) {
                let y = VectorMath.sigmoid($0)
                return (y, y * VectorMath.sigmoid(-$0))
            }
        case .silu: Self.backward(x, dy, rows, width, dx) { (VectorMath.silu($0), VectorMath.siluSlope($0)) }
        case .gelu: Self.backward(x, dy, rows, width, dx) { (VectorMath.gelu($0), VectorMath.geluSlope($0)) }
        case .geluTanh:
            Self.backward(x, dy, rows, width, dx) {
                (VectorMath.geluTanh($0), VectorMath.geluTanhSlope($0))
            }
        }
    }

    @inline(__always)
    private static func forward(
        _ x: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ y: UnsafeMutablePointer<Float>,
        _ f: (Vector) -> Vector
    ) {
        for r in 0..<rows {
            let (a, b, to) = (x + 2 * r * width, x + (2 * r + 1) * width, y + r * width)
            for c in stride(from: 0, to: width, by: 16) {
                let n = min(16, width - c)
                (f(Vector(at: a + c, count: n)) * Vector(at: b + c, count: n)).store(at: to + c, count: n)
            }
        }
    }

    @inline(__always)
    private static func backward(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ rows: Int, _ width: Int,
        _ dx: UnsafeMutablePointer<Float>, _ f: (Vector) -> (value: Vector, slope: Vector)
    ) {
        for r in 0..<rows {
            let (a, b, from) = (x + 2 * r * width, x + (2 * r + 1) * width, dy + r * width)
            let (da, db) = (dx + 2 * r * width, dx + (2 * r + 1) * width)
            for c in stride(from: 0, to: width, by: 16) {
                let n = min(16, width - c)
                let (value, slope) = f(Vector(at: a + c, count: n))
                let d = Vector(at: from + c, count: n)
                (d * Vector(at: b + c, count: n) * slope).store(at: da + c, count: n)
                (d * value).store(at: db + c, count: n)
            }
        }
    }
}
