import Kernels
import Testing

/// Convolutions along positions against their definition in double precision.
@Suite struct SequenceConvolutionTests {
    private static func random(_ count: Int, _ seed: UInt64) -> [Float] {
        var random = RandomStream(seed: seed, purpose: .test)
        return (0..<count).map { _ in Float(random.normal()) }
    }

    private static func buffer(_ values: [Float]) -> FloatBuffer {
        let buffer = FloatBuffer(count: values.count)
        for (i, value) in values.enumerated() { buffer.pointer[i] = value }
        return buffer
    }

    private static func offsets(_ lengths: [Int]) -> [Int] {
        lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    }

    private struct Result {
        var y: [Float] = []
        var dx: [Float] = []
        var dw: [Float] = []
    }

    private static func run(
        _ c: SequenceConvolution, lengths: [Int], x: [Float], w: [Float], b: [Float], dy: [Float],
        rowsPerPiece: Int = SequenceConvolution.rowsPerProduct
    ) -> Result {
        let (rows, offsets, back) = (lengths.reduce(0, +), offsets(lengths), c.transposed)
        let (x, w, b, dy) = (buffer(x), buffer(w), buffer(b), buffer(dy))
        let (y, dx, dw) = (
            FloatBuffer(count: dy.count), FloatBuffer(count: x.count), FloatBuffer(count: w.count)
        )
        let scratch = buffer(
            [Float](
                repeating: .nan,
                count: max(c.forwardScratchCount, c.weightScratchCount, back.forwardScratchCount)))
        func forward(
            _ c: SequenceConvolution, _ x: FloatBuffer, _ w: FloatBuffer, bias: UnsafePointer<Float>?,
            into y: FloatBuffer
        ) {
            let packed = FloatBuffer(count: c.weightsCount)
            PanelProduct.packWhole(
                w.pointer, depth: c.depth, width: c.outputs,
                panels: 0..<PanelProduct.panels(width: c.outputs),
                into: packed.pointer)
            offsets.withUnsafeBufferPointer { offsets in
                for first in stride(from: 0, to: rows, by: rowsPerPiece) {
                    c.forward(
                        SequenceConvolution.Samples(x.pointer, offsets: offsets),
                        first..<min(rows, first + rowsPerPiece), packed.pointer, bias: bias,
                        into: y.pointer + first * c.outputs, scratch: scratch.pointer)
                }
            }
        }
        forward(c, x, w, bias: b.pointer, into: y)
        let reversed = FloatBuffer(count: w.count)
        c.transpose(w.pointer, blocks: 0..<c.kernel, into: reversed.pointer)
        forward(back, dy, reversed, bias: nil, into: dx)
        offsets.withUnsafeBufferPointer { offsets in
            for first in stride(from: 0, to: c.depth, by: SequenceConvolution.weightRows) {
                c.multiplyWeights(
                    SequenceConvolution.Samples(x.pointer, offsets: offsets), positions: rows,
                    rows: first..<min(c.depth, first + SequenceConvolution.weightRows), dy: dy.pointer,
                    into: dw.pointer + first * c.outputs, scratch: scratch.pointer)
            }
        }
        return Result(y: Array(y.elements), dx: Array(dx.elements), dw: Array(dw.elements))
    }

    @Test(
        arguments: [(1, 0), (2, 0), (3, 1), (3, 2), (4, 1), (7, 6)],
        [(1, 1, [5, 1, 2]), (5, 20, [3, 150, 1, 70]), (100, 18, [2, 1, 1, 9])])
    func valuesAndGradientsAreThoseOfTheDefinition(
        window: (kernel: Int, before: Int), size: (inputs: Int, outputs: Int, lengths: [Int])
    ) {
        let c = SequenceConvolution(
            kernel: window.kernel, inputs: size.inputs, outputs: size.outputs, before: window.before)
        let rows = size.lengths.reduce(0, +)
        let (x, dy) = (Self.random(rows * c.inputs, 1), Self.random(rows * c.outputs, 2))
        let (w, b) = (Self.random(c.depth * c.outputs, 3), Self.random(c.outputs, 4))
        var y = (0..<(rows * c.outputs)).map { Double(b[$0 % c.outputs]) }
        var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: w.count))
        let offsets = Self.offsets(size.lengths)
        for (first, end) in zip(offsets, offsets.dropFirst()) {
            for p in first..<end {
                for k in 0..<c.kernel where (first..<end).contains(p + k - c.before) {
                    let q = p + k - c.before
                    for i in 0..<c.inputs {
                        for o in 0..<c.outputs {
                            let (xi, wi) = (Double(x[q * c.inputs + i]), (k * c.inputs + i) * c.outputs + o)
                            let d = Double(dy[p * c.outputs + o])
                            y[p * c.outputs + o] += xi * Double(w[wi])
                            dx[q * c.inputs + i] += d * Double(w[wi])
                            dw[wi] += d * xi
                        }
                    }
                }
            }
        }
        let found = Self.run(c, lengths: size.lengths, x: x, w: w, b: b, dy: dy)
        for (values, expected) in [(found.y, y), (found.dx, dx), (found.dw, dw)] {
            var misses = Misses()
            for (i, value) in expected.enumerated() {
                misses.expect(abs(Double(values[i]) - value) < 1e-4, at: i)
            }
            #expect(misses == .none)
        }
    }

    /// A position's bits do not depend on the samples or positions beside it.
    @Test func bitsDoNotDependOnPieces() {
        let c = SequenceConvolution(kernel: 3, inputs: 21, outputs: 33, before: 1)
        let lengths = [4, 1, 17, 200, 3]
        let rows = lengths.reduce(0, +)
        let (x, dy) = (Self.random(rows * c.inputs, 1), Self.random(rows * c.outputs, 2))
        let (w, b) = (Self.random(c.depth * c.outputs, 3), Self.random(c.outputs, 4))
        let whole = Self.run(c, lengths: lengths, x: x, w: w, b: b, dy: dy)
        for size in [1, 5, 100] {
            let pieces = Self.run(c, lengths: lengths, x: x, w: w, b: b, dy: dy, rowsPerPiece: size)
            #expect(whole.y.map(\.bitPattern) == pieces.y.map(\.bitPattern))
            #expect(whole.dx.map(\.bitPattern) == pieces.dx.map(\.bitPattern))
        }
        var first = 0
        for length in lengths {
            let alone = Self.run(
                c, lengths: [length], x: Array(x[(first * c.inputs)..<((first + length) * c.inputs)]), w: w,
                b: b, dy: Array(dy[(first * c.outputs)..<((first + length) * c.outputs)]))
            let (y, dx) = (
                whole.y[(first * c.outputs)..<((first + length) * c.outputs)],
                whole.dx[(first * c.inputs)..<((first + length) * c.inputs)]
            )
            #expect(alone.y.map(\.bitPattern) == y.map(\.bitPattern))
            #expect(alone.dx.map(\.bitPattern) == dx.map(\.bitPattern))
            first += length
        }
    }
}
