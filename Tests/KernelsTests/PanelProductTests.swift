import Kernels
import Testing

@Suite struct PanelProductTests {
    private static func filled(_ count: Int, _ seed: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        var stream = RandomStream(seed: 1, purpose: .test, major: seed)
        for i in 0..<count { buffer.pointer[i] = Float(stream.uniform(in: -1..<1)) }
        return buffer
    }

    private static func pack(_ runs: [PanelProduct.Rows], width: Int, into packed: FloatBuffer)
        -> PanelProduct.Packed
    {
        runs.withUnsafeBufferPointer { runs in
            let panels = PanelProduct.panels(width: width)
            for part in [0..<(panels / 2), (panels / 2)..<panels] {
                PanelProduct.pack(runs, width: width, panels: part, into: packed.pointer)
            }
        }
        return PanelProduct.Packed(packed.pointer, width: width)
    }

    /// One chain of fused multiply-adds in the order of the depth, then the bias: bit for bit.
    @Test(
        arguments: [
            (1, 1, 1), (7, 5, 3), (32, 10, 300), (33, 17, 65), (256, 70, 20), (13, 16, 512),
            (1, 200, 600), (1, 31, 257), (4, 90, 600),
        ],
        ["rows", "transposed rows", "packed", "packed transposed rows"])
    func everyElementIsOneChain(shape: (rows: Int, width: Int, depth: Int), right form: String) {
        let (rows, width, depth) = shape
        let (x, b, bias) = (
            Self.filled(rows * depth, 2), Self.filled(depth * width, 3), Self.filled(width, 4)
        )
        let (y, scratch) = (FloatBuffer(count: rows * width), FloatBuffer(count: PanelProduct.scratchCount))
        let isTransposed = form.hasSuffix("transposed rows")
        let whole = FloatBuffer(count: PanelProduct.packedCount(depth: depth, width: width))
        let panels = 0..<PanelProduct.panels(width: width)
        if isTransposed {
            PanelProduct.packWhole(
                transposed: b.pointer, depth: depth, width: width, panels: panels, into: whole.pointer)
        } else {
            PanelProduct.packWhole(
                b.pointer, depth: depth, width: width, panels: panels, into: whole.pointer)
        }
        let right: PanelProduct.Right =
            form.hasPrefix("packed")
            ? .packed(whole.pointer) : isTransposed ? .transposedRows(b.pointer) : .rows(b.pointer)
        // In three runs, and the columns in two parts.
        let cuts = [0, rows / 3, rows / 2, rows]
        let runs = zip(cuts, cuts.dropFirst()).map {
            PanelProduct.Rows(x.pointer + $0 * depth, y.pointer + $0 * width, count: $1 - $0)
        }
        let middle = width / 32 * 16
        let packed = FloatBuffer(count: PanelProduct.packedCount(width: depth))
        let left = Self.pack(runs, width: depth, into: packed)
        // The first two runs, and then the last one by itself.
        for columns in [0..<middle, middle..<width] {
            for (first, some) in [(0, runs[..<2]), (cuts[2], runs[2...])] {
                Array(some).withUnsafeBufferPointer {
                    PanelProduct.multiply(
                        left, first: first, $0, depth: depth, right, width: width, columns: columns,
                        bias: bias.pointer, scratch: scratch.pointer)
                }
            }
        }
        for r in 0..<rows {
            for c in 0..<width {
                var sum: Float = 0
                for k in 0..<depth {
                    sum = sum.addingProduct(
                        x.pointer[r * depth + k], b.pointer[isTransposed ? c * depth + k : k * width + c])
                }
                #expect(
                    (sum + bias.pointer[c]).bitPattern == y.pointer[r * width + c].bitPattern,
                    "row \(r), column \(c)")
            }
        }
    }

    @Test(arguments: [(1, 1, 1), (5, 20, 7), (300, 40, 33), (128, 256, 10), (0, 3, 4)])
    func transposedProductsAreChainsOverSamples(samples: Int, depth: Int, width: Int) {
        let (x, dy) = (Self.filled(samples * depth, 5), Self.filled(samples * width, 6))
        let (dw, scratch) = (Self.filled(depth * width, 7), FloatBuffer(count: PanelProduct.scratchCount))
        let middle = depth / 32 * 16
        let packed = FloatBuffer(count: PanelProduct.packedCount(width: width))
        for first in stride(from: 0, to: max(1, samples), by: PanelProduct.mostRows) {
            let count = min(PanelProduct.mostRows, samples - first)
            let parts = [0..<(count / 3), (count / 3)..<count]
            let right = Self.pack(
                parts.map {
                    PanelProduct.Rows(
                        dy.pointer + (first + $0.lowerBound) * width, dy.pointer, count: $0.count)
                }, width: width,
                into: packed)
            // The packed rows in two parts.
            for (part, rows) in parts.flatMap({ part in [(part, 0..<middle), (part, middle..<depth)] }) {
                PanelProduct.multiplyTransposed(
                    x.pointer + (first + part.lowerBound) * depth, depth: depth, rows: rows, right,
                    first: part.lowerBound, width: width,
                    samples: part.count, accumulates: first + part.lowerBound > 0,
                    into: dw.pointer + rows.lowerBound * width,
                    scratch: scratch.pointer)
            }
        }
        for i in 0..<depth {
            for j in 0..<width {
                var sum: Float = 0
                for s in 0..<samples {
                    sum = sum.addingProduct(x.pointer[s * depth + i], dy.pointer[s * width + j])
                }
                #expect(sum.bitPattern == dw.pointer[i * width + j].bitPattern, "row \(i), column \(j)")
            }
        }
    }

    /// The floats behind the last column are neither read nor written.
    @Test func neighboursStay() {
        let (rows, width, depth) = (9, 5, 40)
        let (x, b) = (Self.filled(rows * depth, 8), Self.filled(depth * width, 9))
        let y = FloatBuffer(count: rows * width + 16)
        for i in 0..<y.count { y.pointer[i] = 77 }
        let scratch = FloatBuffer(count: PanelProduct.scratchCount)
        let runs = [PanelProduct.Rows(x.pointer, y.pointer, count: rows)]
        let packed = FloatBuffer(count: PanelProduct.packedCount(width: depth))
        let left = Self.pack(runs, width: depth, into: packed)
        runs.withUnsafeBufferPointer {
            PanelProduct.multiply(
                left, first: 0, $0, depth: depth, .rows(b.pointer), width: width, columns: 0..<3,
                scratch: scratch.pointer)
        }
        for r in 0..<rows {
            #expect(
                y.pointer[r * width + 3] == 77 && y.pointer[r * width + 4] == 77 && y.pointer[r * width] != 77
            )
        }
        for i in (rows * width)..<y.count { #expect(y.pointer[i] == 77) }
    }
}
