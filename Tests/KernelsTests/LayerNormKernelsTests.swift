import Kernels
import Testing

/// Layer normalisation against its definition in double precision.
@Suite struct LayerNormKernelsTests {
    private struct Row {
        var y: [Double] = []
        var dx: [Double] = []
        var products: [Double] = []
        /// 1/√(variance + ε)
        var factor = 0.0
    }

    private static func definition(
        _ x: [Double], _ dy: [Double], _ scale: [Double], _ shift: [Double], epsilon: Double
    ) -> Row {
        let n = Double(x.count)
        let mean = x.reduce(0, +) / n
        let factor = 1 / (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n + epsilon).squareRoot()
        let normalised = x.map { ($0 - mean) * factor }
        let g = zip(dy, scale).map { $0 * $1 }
        let (meanG, meanGX) = (g.reduce(0, +) / n, zip(g, normalised).reduce(0) { $0 + $1.0 * $1.1 } / n)
        return Row(
            y: normalised.indices.map { normalised[$0] * scale[$0] + shift[$0] },
            dx: g.indices.map { factor * (g[$0] - meanG - normalised[$0] * meanGX) },
            products: zip(dy, normalised).map { $0 * $1 }, factor: factor)
    }

    private static func random(_ count: Int, _ what: Int, center: Double = 0) -> FloatBuffer {
        var stream = RandomStream(seed: 8, purpose: .test, major: what)
        let buffer = FloatBuffer(count: count)
        for i in 0..<count { buffer.pointer[i] = Float(center + stream.normal()) }
        return buffer
    }

    /// A value's deviation from the mean errs by a few roundings of the value, which the factor enlarges;
    /// gradients have the factor twice. With values around 1,000, the difference of the mean square and the
    /// squared mean would lose 20 of 24 bits and err by some hundredths, ten times the bound.
    @Test(arguments: [1, 2, 5, 16, 17, 40, 768], [0.0, 1000])
    func agreesWithTheDefinition(channels: Int, center: Double) {
        let (rows, epsilon) = (7, Float(1e-3))
        let x = Self.random(rows * channels, 1, center: center)
        let (dy, scale, shift) = (
            Self.random(rows * channels, 2), Self.random(channels, 3, center: 1), Self.random(channels, 4)
        )
        let (y, dx, products) = (
            FloatBuffer(count: rows * channels), FloatBuffer(count: rows * channels),
            FloatBuffer(count: rows * channels)
        )
        for isPlain in [false, true] {
            let parameters = LayerNormKernels.Parameters(
                scale: isPlain ? nil : UnsafePointer(scale.pointer),
                shift: isPlain ? nil : UnsafePointer(shift.pointer))
            LayerNormKernels.forward(
                x.pointer, rows: rows, channels: channels, epsilon: epsilon, parameters, into: y.pointer)
            LayerNormKernels.backward(
                x: x.pointer, dy: dy.pointer, rows: rows, channels: channels, epsilon: epsilon, parameters,
                into: dx.pointer, products: products.pointer)
            for r in 0..<rows {
                func row(_ buffer: FloatBuffer, _ r: Int) -> [Double] {
                    (0..<channels).map { Double(buffer.pointer[r * channels + $0]) }
                }
                let ones = [Double](repeating: 1, count: channels)
                let expected = Self.definition(
                    row(x, r), row(dy, r), isPlain ? ones : row(scale, 0),
                    isPlain ? ones.map { _ in 0 } : row(shift, 0), epsilon: Double(epsilon))
                let largest = row(x, r).map(abs).max() ?? 0
                let error = 0x1p-20 * (1 + largest) * expected.factor
                for (found, exact, factor) in [
                    (row(y, r), expected.y, 1.0), (row(products, r), expected.products, 1),
                    (row(dx, r), expected.dx, 1 + expected.factor),
                ] {
                    for (a, b) in zip(found, exact) {
                        #expect(abs(a - b) <= error * factor * (1 + abs(b)), "row \(r)")
                    }
                }
            }
        }
    }

    /// A row's bits do not depend on the rows beside it, and results may take an operand's memory.
    @Test(arguments: [5, 16, 37]) func rowsAreIndependent(channels: Int) {
        let rows = 6
        let (x, dy, scale) = (
            Self.random(rows * channels, 1), Self.random(rows * channels, 2), Self.random(channels, 3)
        )
        let parameters = LayerNormKernels.Parameters(scale: scale.pointer, shift: nil)
        let (y, dx) = (FloatBuffer(count: rows * channels), FloatBuffer(count: rows * channels))
        LayerNormKernels.forward(
            x.pointer, rows: rows, channels: channels, epsilon: 0.1, parameters, into: y.pointer)
        LayerNormKernels.backward(
            x: x.pointer, dy: dy.pointer, rows: rows, channels: channels, epsilon: 0.1, parameters,
            into: dx.pointer, products: nil)
        for r in 0..<rows {
            let at = r * channels
            LayerNormKernels.backward(
                x: x.pointer + at, dy: dy.pointer + at, rows: 1, channels: channels, epsilon: 0.1, parameters,
                into: dy.pointer + at, products: nil)
            LayerNormKernels.forward(
                x.pointer + at, rows: 1, channels: channels, epsilon: 0.1, parameters, into: x.pointer + at)
        }
        for i in 0..<(rows * channels) {
            #expect(x.pointer[i].bitPattern == y.pointer[i].bitPattern)
            #expect(dy.pointer[i].bitPattern == dx.pointer[i].bitPattern)
        }
    }
}
