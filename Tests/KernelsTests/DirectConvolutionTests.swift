import Kernels
import Testing

/// Every value against one chain of fused multiply-adds: bit for bit.
@Suite struct DirectConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let geometry: WindowGeometry
        let images: Int
        let outputs: Int

        init(
            _ images: Int, _ input: (Int, Int, Int), _ outputs: Int, kernel: (Int, Int), stride: (Int, Int),
            padding: (top: Int, bottom: Int, left: Int, right: Int)
        ) {
            (self.images, self.outputs) = (images, outputs)
            geometry = WindowGeometry(
                input: input, kernel: kernel, stride: stride, padding: padding,
                output: (
                    (input.0 + padding.top + padding.bottom - kernel.0) / stride.0 + 1,
                    (input.1 + padding.left + padding.right - kernel.1) / stride.1 + 1
                ))
        }

        var testDescription: String { "\(images) images, \(geometry), \(outputs) outputs" }
    }

    static let cases = [
        Case(2, (9, 7, 1), 32, kernel: (3, 3), stride: (1, 1), padding: (1, 1, 1, 1)),
        Case(3, (12, 15, 3), 16, kernel: (5, 3), stride: (2, 1), padding: (2, 1, 0, 1)),
        Case(1, (8, 8, 20), 48, kernel: (3, 3), stride: (2, 2), padding: (0, 1, 0, 1)),
        Case(2, (10, 9, 4), 16, kernel: (1, 1), stride: (2, 2), padding: (0, 0, 0, 0)),
        Case(1, (6, 5, 2), 16, kernel: (6, 5), stride: (1, 1), padding: (0, 0, 0, 0)),
    ]

    private static func filled(_ count: Int, _ seed: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        var stream = RandomStream(seed: 1, purpose: .test, major: seed)
        for i in 0..<count { buffer.pointer[i] = Float(stream.uniform(in: -1..<1)) }
        return buffer
    }

    /// The pixel's value, or 0 in the padding.
    private static func pixel(
        _ x: FloatBuffer, _ g: WindowGeometry, _ image: Int, _ row: Int, _ column: Int, _ channel: Int
    ) -> Float {
        guard 0..<g.inputHeight ~= row, 0..<g.inputWidth ~= column else { return 0 }
        return x.pointer[((image * g.inputHeight + row) * g.inputWidth + column) * g.channels + channel]
    }

    @Test(arguments: cases) func outputsAreChains(_ c: Case) throws {
        let (g, outputs) = (c.geometry, c.outputs)
        let convolution = try #require(DirectConvolution(g, outputs: outputs))
        let (x, w) = (Self.filled(c.images * g.inputCount, 1), Self.filled(g.patchCount * outputs, 2))
        let (packed, scratch) = (
            FloatBuffer(count: convolution.packedCount), FloatBuffer(count: convolution.scratchCount)
        )
        for panel in 0..<convolution.panels {
            convolution.pack(w.pointer, panels: panel..<(panel + 1), into: packed.pointer)
        }
        let y = FloatBuffer(count: c.images * g.positions * outputs)
        convolution.convolve(
            x.pointer, packed: packed.pointer, images: c.images, into: y.pointer, scratch: scratch.pointer)
        for parts in [2, 3, 40] {
            let cut = FloatBuffer(count: y.count)
            for part in 0..<parts {
                scratch.elements.update(repeating: .nan)
                convolution.convolve(
                    x.pointer, packed: packed.pointer, images: c.images, WorkPart(index: part, count: parts),
                    into: cut.pointer, scratch: scratch.pointer)
            }
            #expect(y.elements.map(\.bitPattern) == cut.elements.map(\.bitPattern), "\(parts) parts")
        }
        for place in 0..<(c.images * g.positions) {
            let (image, row, column) = (
                place / g.positions, place % g.positions / g.outputWidth, place % g.outputWidth
            )
            for o in 0..<outputs {
                var sum: Float = 0
                for k in 0..<g.patchCount {
                    let (p, q) = (k / (g.kernelWidth * g.channels), k / g.channels % g.kernelWidth)
                    let value = Self.pixel(
                        x, g, image, row * g.strideHeight + p - g.top, column * g.strideWidth + q - g.left,
                        k % g.channels)
                    sum = sum.addingProduct(value, w.pointer[k * outputs + o])
                }
                #expect(
                    sum.bitPattern == y.pointer[place * outputs + o].bitPattern,
                    "image \(image), \(row), \(column), output \(o)")
            }
        }
    }

    @Test(arguments: cases) func weightGradientsAreChains(_ c: Case) throws {
        let (g, outputs) = (c.geometry, c.outputs)
        let convolution = try #require(DirectConvolution(g, outputs: outputs))
        let (x, dy) = (
            Self.filled(c.images * g.inputCount, 3), Self.filled(c.images * g.positions * outputs, 4)
        )
        let (dw, scratch) = (
            Self.filled(g.patchCount * outputs, 5), FloatBuffer(count: convolution.scratchCount)
        )
        for first in stride(from: 0, to: outputs, by: 16) {
            convolution.weightGradient(
                x.pointer, dy.pointer, images: c.images, outputs: first..<(first + 16), into: dw.pointer,
                scratch: scratch.pointer)
        }
        for k in 0..<g.patchCount {
            let (p, q) = (k / (g.kernelWidth * g.channels), k / g.channels % g.kernelWidth)
            for o in 0..<outputs {
                var sum: Float = 0
                for place in 0..<(c.images * g.positions) {
                    let (image, row, column) = (
                        place / g.positions, place % g.positions / g.outputWidth, place % g.outputWidth
                    )
                    let value = Self.pixel(
                        x, g, image, row * g.strideHeight + p - g.top, column * g.strideWidth + q - g.left,
                        k % g.channels)
                    sum = sum.addingProduct(value, dy.pointer[place * outputs + o])
                }
                #expect(sum.bitPattern == dw.pointer[k * outputs + o].bitPattern, "weight \(k), output \(o)")
            }
        }
    }
}
