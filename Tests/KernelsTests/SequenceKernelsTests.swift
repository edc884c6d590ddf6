import Kernels
import Platform
import Testing

/// Rotary embeddings, root mean square norms, gated units and tables against their definitions in doubles.
@Suite struct SequenceKernelsTests {
    @Test(arguments: [(headWidth: 8, width: 8), (headWidth: 12, width: 6), (headWidth: 64, width: 64)])
    func rotation(headWidth: Int, width: Int) {
        let (heads, positions, stride) = (3, 40, 5 * headWidth)
        let rotary = RotaryEmbedding(headWidth: headWidth, width: width, positions: positions, base: 10_000)
        let x = randomValues(positions * stride, seed: 5)
        let (y, back) = (FloatBuffer(count: x.count), FloatBuffer(count: x.count))
        rotary.turn(
            x.pointer, positions: 0..<positions, heads: heads, stride: stride, isInverse: false,
            into: y.pointer)
        // Each position alone and in place, and back.
        back.pointer.update(from: y.pointer, count: y.count)
        for p in 0..<positions {
            let row = back.pointer + p * stride
            rotary.turn(
                row, positions: p..<(p + 1), heads: heads, stride: stride, isInverse: true, into: row)
        }
        var misses = Misses()
        for p in 0..<positions {
            for c in 0..<stride {
                let (i, head) = (c % headWidth, c / headWidth)
                var expected = Double(x.pointer[p * stride + c])
                if head < heads, i < width {
                    let pair = i % (width / 2)
                    let angle = Double(p) * Platform.pow(10_000, -2 * Double(pair) / Double(width))
                    let (a, b) = (
                        Double(x.pointer[p * stride + head * headWidth + pair]),
                        Double(x.pointer[p * stride + head * headWidth + pair + width / 2])
                    )
                    expected =
                        i < width / 2
                        ? a * Platform.cos(angle) - b * Platform.sin(angle)
                        : b * Platform.cos(angle) + a * Platform.sin(angle)
                }
                misses.expect(
                    abs(Double(y.pointer[p * stride + c]) - expected) <= 16 * unitRoundoff, at: p * stride + c
                )
                misses.expect(
                    abs(back.pointer[p * stride + c] - x.pointer[p * stride + c]) <= Float(32 * unitRoundoff),
                    at: p * stride + c)
            }
        }
        #expect(misses == .none)
    }

    @Test(arguments: [1, 2, 16, 17, 40, 768]) func rootMeanSquareNorm(channels: Int) {
        let (rows, epsilon) = (5, Float(1e-3))
        let (x, dy) = (randomValues(rows * channels, seed: 6), randomValues(rows * channels, seed: 7))
        let scale = randomValues(channels, seed: 8, center: 1)
        let (y, dx, products) = (
            FloatBuffer(count: x.count), FloatBuffer(count: x.count), FloatBuffer(count: x.count)
        )
        for weights in [nil, UnsafePointer(scale.pointer)] {
            RMSNormKernels.forward(
                x.pointer, rows: rows, channels: channels, epsilon: epsilon, scale: weights, into: y.pointer)
            RMSNormKernels.backward(
                x: x.pointer, dy: dy.pointer, rows: rows, channels: channels, epsilon: epsilon,
                scale: weights, into: dx.pointer, products: products.pointer)
            var misses = Misses()
            for r in 0..<rows {
                let row = (0..<channels).map { Double(x.pointer[r * channels + $0]) }
                let gradient = (0..<channels).map { Double(dy.pointer[r * channels + $0]) }
                let g = gradient.indices.map { gradient[$0] * Double(weights?[$0] ?? 1) }
                let square = row.reduce(0) { $0 + $1 * $1 } / Double(channels)
                let f = 1 / (square + Double(epsilon)).squareRoot()
                let mean = zip(row, g).reduce(0) { $0 + f * $1.0 * $1.1 } / Double(channels)
                for c in 0..<channels {
                    let at = r * channels + c
                    for (found, exact) in [
                        (y, row[c] * f * Double(weights?[c] ?? 1)), (products, gradient[c] * row[c] * f),
                        (dx, f * (g[c] - row[c] * f * mean)),
                    ] {
                        let bound = 0x1p-20 * (1 + f) * (1 + abs(exact) + abs(f * g[c]))
                        misses.expect(abs(Double(found.pointer[at]) - exact) <= bound, at: at)
                    }
                }
            }
            #expect(misses == .none)
            // A row alone, in place.
            let last = (rows - 1) * channels
            let alone = FloatBuffer(count: channels)
            alone.pointer.update(from: x.pointer + last, count: channels)
            RMSNormKernels.forward(
                alone.pointer, rows: 1, channels: channels, epsilon: epsilon, scale: weights,
                into: alone.pointer)
            #expect((0..<channels).allSatisfy { alone.pointer[$0] == y.pointer[last + $0] })
        }
    }

    private static func value(_ units: GatedUnits, _ x: Double) -> Double {
        let sigmoid = { (v: Double) in 1 / (1 + Platform.exp(-v)) }
        return switch units {
        case .sigmoid: sigmoid(x)
        case .silu: x * sigmoid(x)
        case .gelu: x * 0.5 * Platform.erfc(-x / 2.0.squareRoot())
        case .geluTanh:
            x * sigmoid(2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))
        }
    }

    @Test(arguments: GatedUnits.allCases, [1, 16, 21]) func gatedUnits(_ units: GatedUnits, width: Int) {
        let rows = 9
        let x = randomValues(2 * rows * width, seed: 9, deviation: 3)
        let dy = randomValues(rows * width, seed: 10)
        let (y, dx) = (FloatBuffer(count: rows * width), FloatBuffer(count: x.count))
        units.forward(x.pointer, rows: rows, width: width, into: y.pointer)
        units.backward(x: x.pointer, dy: dy.pointer, rows: rows, width: width, into: dx.pointer)
        var misses = Misses()
        for r in 0..<rows {
            for c in 0..<width {
                let at = 2 * r * width + c
                let (a, b) = (Double(x.pointer[at]), Double(x.pointer[at + width]))
                let d = Double(dy.pointer[r * width + c])
                let value = Self.value(units, a)
                let slope = (Self.value(units, a + 1e-5) - Self.value(units, a - 1e-5)) / 2e-5
                let bound = 0x1p-19 * (1 + abs(a)) * (1 + abs(b)) * (1 + abs(d))
                misses.expect(abs(Double(y.pointer[r * width + c]) - value * b) <= bound, at: at)
                misses.expect(abs(Double(dx.pointer[at]) - d * b * slope) <= bound, at: at)
                misses.expect(abs(Double(dx.pointer[at + width]) - d * value) <= bound, at: at + width)
            }
        }
        #expect(misses == .none)
    }

    @Test func siluAtItsEnds() {
        let x = FloatBuffer(count: 16)
        for (i, v) in [-Float.infinity, -200, -88, -1, 0, 1, 88, 200, .infinity, .nan].enumerated() {
            x.pointer[i] = v
        }
        let (y, dx) = (FloatBuffer(count: 16), FloatBuffer(count: 16))
        VectorMath.silu(x.pointer, into: y.pointer, slopes: dx.pointer, count: 16)
        #expect([0, 1, 4].allSatisfy { y.pointer[$0] == 0 } && [0, 1].allSatisfy { dx.pointer[$0] == 0 })
        #expect([6, 7, 8].allSatisfy { y.pointer[$0] == x.pointer[$0] && dx.pointer[$0] == 1 })
        #expect(y.pointer[9].isNaN && dx.pointer[9].isNaN && dx.pointer[4] == 0.5)
    }

    @Test func tables() {
        let (entries, width) = (7, 19)
        let table = randomValues(entries * width, seed: 11)
        let ids: [Float] = [3, 0, 6, 3, 3, -1, 7]
        let y = FloatBuffer(count: ids.count * width)
        EmbeddingKernels.gather(
            ids, rows: ids.count, table: table.pointer, entries: entries, width: width, into: y.pointer)
        let rows = [3, 0, 6, 3, 3, 0, 0]
        for (r, row) in rows.enumerated() {
            #expect((0..<width).allSatisfy { y.pointer[r * width + $0] == table.pointer[row * width + $0] })
        }
        let dy = randomValues(ids.count * width, seed: 12)
        let (sums, expected) = (FloatBuffer(count: table.count), FloatBuffer(count: table.count))
        for block in [0..<3, 3..<4, 4..<7] {
            EmbeddingKernels.scatterAdd(
                dy.pointer, ids: ids, rows: ids.count, table: block, entries: entries, width: width,
                to: sums.pointer + block.lowerBound * width)
        }
        for (r, row) in rows.enumerated() {
            for c in 0..<width { expected.pointer[row * width + c] += dy.pointer[r * width + c] }
        }
        #expect(sums.elements.elementsEqual(expected.elements))
        EmbeddingKernels.addRows(
            dy.pointer, rows: 2, table: table.pointer, first: 3, width: width, into: y.pointer)
        #expect(
            (0..<(2 * width)).allSatisfy { y.pointer[$0] == dy.pointer[$0] + table.pointer[3 * width + $0] })
    }
}
