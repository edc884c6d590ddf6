/// Rotary position embedding (https://arxiv.org/abs/2104.09864) in Llama's order: of the first `width` values
/// of a head, value i and value `i + width / 2` are turned by the angle `position · base^(−2i / width)`.
package final class RotaryEmbedding: Sendable {
    /// Values of a head that are turned, an even number.
    private let width: Int
    private let headWidth: Int
    /// For every position `width / 2` cosines, then as many sines. They are computed in double, once.
    private let table: FloatBuffer

    /// - Parameters:
    ///   - positions: the most positions of a sample.
    ///   - base: θ, 10,000 for most models.
    package init(headWidth: Int, width: Int, positions: Int, base: Double) {
        precondition(width % 2 == 0 && width <= headWidth, "pairs of a head's values are turned")
        self.headWidth = headWidth
        self.width = width
        table = FloatBuffer(count: positions * width)
        let half = width / 2
        let frequencies = (0..<half).map { 1 / ScalarMath.pow(base, Double(2 * $0) / Double(width)) }
        for position in 0..<positions {
            for (i, frequency) in frequencies.enumerated() {
                let angle = Double(position) * frequency
                table.pointer[position * width + i] = Float(ScalarMath.cos(angle))
                table.pointer[position * width + half + i] = Float(ScalarMath.sin(angle))
            }
        }
    }

    /// The cosines and the sines of all angles, each `[positions, width / 2]`.
    package func angles(positions: Int) -> (cosines: [Float], sines: [Float]) {
        precondition(positions * width <= table.count, "the table has the positions of a sample")
        let half = width / 2
        func column(_ first: Int) -> [Float] {
            (0..<positions * half).map { table.pointer[$0 / half * width + first + $0 % half] }
        }
        return (column(0), column(half))
    }

    /// Turns the first `heads` heads of rows at neighbouring positions, or turns them back, and copies what
    /// is behind them. y may be x.
    ///
    /// - Parameters:
    ///   - stride: values of a row.
    ///   - isInverse: true for the backward pass: the gradient is turned by the negative angle.
    package func turn(
        _ x: UnsafePointer<Float>, positions: Range<Int>, heads: Int, stride: Int, isInverse: Bool,
        into y: UnsafeMutablePointer<Float>
    ) {
        let (half, sign) = (width / 2, isInverse ? Float(-1) : 1)
        for (r, position) in positions.enumerated() {
            let (from, to) = (x + r * stride, y + r * stride)
            let (cosines, sines) = (table.pointer + position * width, table.pointer + position * width + half)
            if from != UnsafePointer(to) { to.update(from: from, count: stride) }
            for head in 0..<heads {
                let (a, b) = (to + head * headWidth, to + head * headWidth + half)
                for i in 0..<half {
                    let (first, second, sine) = (a[i], b[i], sign * sines[i])
                    a[i] = first * cosines[i] - second * sine
                    b[i] = second * cosines[i] + first * sine
                }
            }
        }
    }
}
