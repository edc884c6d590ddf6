import Kernels
import Testing

/// Against the definition in double precision, and bit by bit between ways to cut the work.
@Suite struct WinogradTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let images: Int
        let height: Int
        let width: Int
        let channels: Int
        let outputs: Int
        let (top, left, bottom, right): (Int, Int, Int, Int)

        init(
            _ images: Int, _ height: Int, _ width: Int, _ channels: Int, _ outputs: Int,
            _ padding: (Int, Int, Int, Int)
        ) {
            (self.images, self.height, self.width, self.channels, self.outputs) = (
                images, height, width, channels, outputs
            )
            (top, left, bottom, right) = padding
        }

        var geometry: WindowGeometry {
            WindowGeometry(
                input: (height, width, channels), kernel: (3, 3), stride: (1, 1),
                padding: (top, bottom, left, right),
                output: (height + top + bottom - 2, width + left + right - 2))
        }

        var testDescription: String {
            "\(images) of \(height)x\(width), \(channels) to \(outputs), "
                + "padding \(top) \(left) \(bottom) \(right)"
        }
    }

    static let cases = [
        Case(3, 8, 8, 16, 16, (1, 1, 1, 1)), Case(2, 14, 13, 32, 16, (1, 1, 1, 1)),
        Case(5, 7, 9, 16, 48, (0, 0, 0, 0)),
        Case(2, 6, 5, 16, 32, (2, 2, 2, 2)), Case(3, 11, 10, 48, 16, (0, 2, 1, 0)),
        Case(70, 4, 4, 16, 16, (1, 1, 1, 1)), Case(2, 7, 7, 144, 64, (1, 1, 1, 1)),
    ]

    private static func filled(_ count: Int, _ seed: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        var stream = RandomStream(seed: 1, purpose: .test, major: seed)
        for i in 0..<count { buffer.pointer[i] = Float(stream.uniform(in: -1..<1)) }
        return buffer
    }

    /// Images, weights and an output's gradient of a case.
    private struct Values {
        let winograd: Winograd
        let g: WindowGeometry
        let (x, w, dy): (FloatBuffer, FloatBuffer, FloatBuffer)
        let images: Int

        init(_ c: Case) throws {
            g = c.geometry
            winograd = try #require(Winograd(g, outputs: c.outputs))
            images = c.images
            x = filled(c.images * g.inputCount, 1)
            w = filled(g.patchCount * c.outputs, 2)
            dy = filled(c.images * g.positions * c.outputs, 3)
        }

        /// Calls `body(output's place, input's place, weight's place)` for every product of the convolution
        /// but those over channels.
        func forEachTap(_ body: (Int, Int, Int) -> Void) {
            for n in 0..<images {
                for (y, x) in (0..<g.outputHeight).flatMap({ y in (0..<g.outputWidth).map { (y, $0) } }) {
                    for (p, q) in (0..<3).flatMap({ p in (0..<3).map { (p, $0) } }) {
                        let (row, column) = (y + p - g.top, x + q - g.left)
                        guard 0..<g.inputHeight ~= row, 0..<g.inputWidth ~= column else { continue }
                        body(
                            ((n * g.outputHeight + y) * g.outputWidth + x) * winograd.outputs,
                            ((n * g.inputHeight + row) * g.inputWidth + column) * g.channels,
                            (p * 3 + q) * g.channels * winograd.outputs)
                    }
                }
            }
        }

        func forward(images range: Range<Int>, into y: FloatBuffer) {
            let (u, scratch) = (
                FloatBuffer(count: winograd.transformedCount), FloatBuffer(count: winograd.scratchCount)
            )
            for panel in 0..<winograd.panels {
                winograd.transform(w.pointer, panels: panel..<(panel + 1), into: u.pointer)
            }
            winograd.convolve(
                x.pointer + range.lowerBound * g.inputCount, transformed: u.pointer, images: range.count,
                into: y.pointer + range.lowerBound * g.positions * winograd.outputs, scratch: scratch.pointer)
        }

        /// All images, in parts.
        func forward(parts: Int, transforms: Bool, into y: FloatBuffer) {
            let (all, kept, scratch) = (
                0..<winograd.panels, FloatBuffer(count: max(winograd.transformedCount, winograd.packedCount)),
                FloatBuffer(count: max(winograd.scratchCount, winograd.packedScratchCount))
            )
            if transforms {
                winograd.pack(w.pointer, panels: all, into: kept.pointer)
            } else {
                winograd.transform(w.pointer, panels: all, into: kept.pointer)
            }
            for part in (0..<parts).map({ WorkPart(index: $0, count: parts) }) {
                if transforms {
                    winograd.convolve(
                        x.pointer, packed: kept.pointer, images: images, part, into: y.pointer,
                        scratch: scratch.pointer)
                } else {
                    winograd.convolve(
                        x.pointer, transformed: kept.pointer, images: images, part, into: y.pointer,
                        scratch: scratch.pointer)
                }
            }
        }

        func backward(images range: Range<Int>, into dx: FloatBuffer) {
            let other = winograd.transposed
            let (u, scratch) = (
                FloatBuffer(count: other.transformedCount), FloatBuffer(count: other.scratchCount)
            )
            for panel in 0..<other.panels {
                other.transform(original: w.pointer, panels: panel..<(panel + 1), into: u.pointer)
            }
            other.convolve(
                dy.pointer + range.lowerBound * g.positions * winograd.outputs, transformed: u.pointer,
                images: range.count,
                into: dx.pointer + range.lowerBound * g.inputCount, scratch: scratch.pointer)
        }

        func gradient(channels: Range<Int>, into dw: FloatBuffer) {
            let scratch = FloatBuffer(count: winograd.gradientScratchCount(channels: channels.count))
            winograd.weightGradient(
                x.pointer, dy.pointer, images: images, channels: channels, into: dw.pointer,
                scratch: scratch.pointer)
        }
    }

    /// The differences' root mean square in units of the values'.
    private static func error(_ found: FloatBuffer, _ expected: DoubleBuffer) -> Double {
        var (errors, values) = (0.0, 0.0)
        for i in 0..<expected.count {
            let difference = Double(found.pointer[i]) - expected.pointer[i]
            errors += difference * difference
            values += expected.pointer[i] * expected.pointer[i]
        }
        return (errors / values).squareRoot()
    }

    @Test(arguments: cases) func agreesWithTheDefinition(_ c: Case) throws {
        let v = try Values(c)
        let (channels, outputs) = (c.channels, c.outputs)
        let (y, dx, dw) = (
            DoubleBuffer(count: v.dy.count), DoubleBuffer(count: v.x.count), DoubleBuffer(count: v.w.count)
        )
        v.forEachTap { output, input, weight in
            for i in 0..<channels {
                let x = Double(v.x.pointer[input + i])
                let (w, dwRow) = (v.w.pointer + weight + i * outputs, dw.pointer + weight + i * outputs)
                var sum = 0.0
                for o in 0..<outputs {
                    let dy = Double(v.dy.pointer[output + o])
                    y.pointer[output + o] += x * Double(w[o])
                    sum += dy * Double(w[o])
                    dwRow[o] += x * dy
                }
                dx.pointer[input + i] += sum
            }
        }
        let found = FloatBuffer(count: v.dy.count)
        v.forward(images: 0..<c.images, into: found)
        #expect(Self.error(found, y) < 1e-5)
        let foundDx = FloatBuffer(count: v.x.count)
        v.backward(images: 0..<c.images, into: foundDx)
        #expect(Self.error(foundDx, dx) < 1e-5)
        let foundDw = FloatBuffer(count: v.w.count)
        v.gradient(channels: 0..<channels, into: foundDw)
        #expect(Self.error(foundDw, dw) < 1e-5)
    }

    /// Images alone or together, channels in one block or in several: the same bits.
    @Test(arguments: cases) func cutsChangeNoBit(_ c: Case) throws {
        let v = try Values(c)
        func bits(_ count: Int, _ body: (FloatBuffer) -> Void) -> [UInt32] {
            let buffer = FloatBuffer(count: count)
            body(buffer)
            return buffer.elements.map(\.bitPattern)
        }
        let whole = bits(v.dy.count) { v.forward(images: 0..<c.images, into: $0) }
        #expect(
            whole == bits(v.dy.count) { for n in 0..<c.images { v.forward(images: n..<(n + 1), into: $0) } })
        // Parts by tiles, by outputs, and more than there are; weights transformed before or on the way.
        for parts in [1, 2, 3, 7] {
            for transforms in [false, true] {
                #expect(
                    whole == bits(v.dy.count) { v.forward(parts: parts, transforms: transforms, into: $0) })
            }
        }
        let back = bits(v.x.count) { v.backward(images: 0..<c.images, into: $0) }
        #expect(
            back == bits(v.x.count) { for n in 0..<c.images { v.backward(images: n..<(n + 1), into: $0) } })
        let gradient = bits(v.w.count) { v.gradient(channels: 0..<c.channels, into: $0) }
        #expect(
            gradient
                == bits(v.w.count) {
                    for first in stride(from: 0, to: c.channels, by: 16) {
                        v.gradient(channels: first..<(first + 16), into: $0)
                    }
                })
    }

    @Test func servesOnlyWhereItPays() {
        func winograd(_ side: Int, _ channels: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1)
            -> Winograd?
        {
            let out = (side - 1) / stride + 1
            let geometry = WindowGeometry(
                input: (side, side, channels), kernel: (kernel, kernel), stride: (stride, stride),
                padding: (1, 1, 1, 1), output: (out, out)
            )
            return Winograd(geometry, outputs: outputs)
        }
        #expect(winograd(8, 16, 16) != nil)
        #expect(winograd(8, 16, 20) == nil)
        #expect(winograd(8, 3, 16) == nil)
        #expect(winograd(8, 16, 16, stride: 2) == nil)
        #expect(winograd(8, 16, 16, kernel: 5) == nil)
        #expect(winograd(2, 16, 16) == nil)
    }
}
