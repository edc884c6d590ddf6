import CSIMD

/// Loops over whole vectors, whose results may take the memory of an operand. Counts are rounded up to a
/// multiple of 16: vectors are padded, and the padding is never read as data.
package enum Elementwise {
    @inline(__always)
    private static func vectors(_ count: Int) -> Int { (count + 15) / 16 }

    @inline(__always)
    private static func simd(_ p: UnsafePointer<Float>) -> UnsafePointer<SIMD16<Float>> {
        UnsafeRawPointer(p).assumingMemoryBound(to: SIMD16<Float>.self)
    }

    @inline(__always)
    private static func simd(_ p: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<SIMD16<Float>> {
        UnsafeMutableRawPointer(p).assumingMemoryBound(to: SIMD16<Float>.self)
    }

    /// `y = a · b`
    package static func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (a, b, y) = (simd(a), simd(b), simd(y))
        for i in 0..<vectors(count) { y[i] = a[i] * b[i] }
    }

    /// `y += x`.
    package static func add(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
        let (a, b) = (simd(x), simd(y))
        for i in 0..<vectors(count) { b[i] += a[i] }
    }

    /// `y = a + b`.
    package static func sum(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (a, b, y) = (simd(a), simd(b), simd(y))
        for i in 0..<vectors(count) { y[i] = a[i] + b[i] }
    }

    /// `y = a + scale · b`.
    package static func sum(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, scale: Float,
        into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (a, b, y) = (simd(a), simd(b), simd(y))
        for i in 0..<vectors(count) { y[i] = a[i] + scale * b[i] }
    }

    /// `y = scale · x`, or `y += scale · x`.
    package static func scale(
        _ x: UnsafePointer<Float>, by scale: Float, into y: UnsafeMutablePointer<Float>, accumulates: Bool,
        count: Int
    ) {
        let (x, y) = (simd(x), simd(y))
        if accumulates {
            for i in 0..<vectors(count) { y[i] += scale * x[i] }
        } else {
            for i in 0..<vectors(count) { y[i] = scale * x[i] }
        }
    }

    /// `y = max(x, 0)`; NaN stays NaN.
    package static func relu(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        let (x, y) = (simd(x), simd(y))
        for i in 0..<vectors(count) {
            let v = x[i]
            y[i] = v.replacing(with: 0, where: v .< 0)
        }
    }

    /// `dx = dy` where `y > 0`, else 0.
    package static func reluBackward(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (y, dy, dx) = (simd(y), simd(dy), simd(dx))
        for i in 0..<vectors(count) { dx[i] = SIMD16<Float>.zero.replacing(with: dy[i], where: y[i] .> 0) }
    }

    /// `dx = dy · y · (1 − y)` for `y = sigmoid(x)`.
    package static func sigmoidBackward(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (y, dy, dx) = (simd(y), simd(dy), simd(dx))
        for i in 0..<vectors(count) { dx[i] = dy[i] * (y[i] * (1 - y[i])) }
    }

    /// `dx = dy · (1 − y²)` for `y = tanh(x)`.
    package static func tanhBackward(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (y, dy, dx) = (simd(y), simd(dy), simd(dx))
        for i in 0..<vectors(count) { dx[i] = dy[i] * (1 - y[i] * y[i]) }
    }

    /// `y = x` where `x > 0`, else `slope · x`.
    package static func leakyReLU(
        _ x: UnsafePointer<Float>, slope: Float, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (x, y) = (simd(x), simd(y))
        for i in 0..<vectors(count) {
            let v = x[i]
            y[i] = v.replacing(with: slope * v, where: v .< 0)
        }
    }

    /// `dx = dy` where `y > 0`, else `slope · dy`; y of a leaky ReLU with a slope of 0 or more.
    package static func leakyReLUBackward(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, slope: Float, into dx: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let (y, dy, dx) = (simd(y), simd(dy), simd(dx))
        for i in 0..<vectors(count) { dx[i] = (slope * dy[i]).replacing(with: dy[i], where: y[i] .> 0) }
    }

    /// `y = x` where `x > 0`, else `alpha · (eˣ − 1)`.
    package static func elu(
        _ x: UnsafePointer<Float>, alpha: Float, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        let (x, y) = (simd(x), simd(y))
        for i in 0..<vectors(count) {
            let v = x[i]
            y[i] = (alpha * (VectorMath.exp(v) - 1)).replacing(with: v, where: v .> 0)
        }
    }

    /// `dx = dy` where `y > 0`, else `dy · (y + alpha)`; y of an ELU.
    package static func eluBackward(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, alpha: Float, into dx: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let (y, dy, dx) = (simd(y), simd(dy), simd(dx))
        for i in 0..<vectors(count) {
            dx[i] = (dy[i] * (y[i] + alpha)).replacing(with: dy[i], where: y[i] .> 0)
        }
    }

    /// True if every one of exactly `count` values is finite.
    package static func allFinite(_ x: UnsafePointer<Float>, count: Int) -> Bool {
        var bad: UInt32 = 0
        let bits = UnsafeRawPointer(x).assumingMemoryBound(to: UInt32.self)
        for i in 0..<count { bad |= (bits[i] & 0x7f80_0000) == 0x7f80_0000 ? 1 : 0 }
        return bad == 0
    }
}
