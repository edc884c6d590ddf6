import Kernels
import Testing

/// Patches and pools against loops that ask, for every window and pixel, whether the pixel is there.
@Suite struct PatchesTests {
    static let geometries = [
        geometry((5, 4, 3), (3, 3), (1, 1), (1, 1, 1, 1)), geometry((7, 6, 1), (2, 3), (2, 1), (0, 1, 2, 0)),
        geometry((4, 9, 17), (1, 5), (1, 3), (0, 0, 2, 2)), geometry((3, 3, 2), (3, 3), (1, 1), (4, 5, 4, 5)),
        geometry((6, 5, 40), (1, 1), (2, 2), (0, 0, 0, 0)),
    ]

    private static func geometry(
        _ input: (Int, Int, Int), _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int, Int, Int)
    ) -> WindowGeometry {
        let output = (
            (input.0 + padding.0 + padding.1 - kernel.0) / stride.0 + 1,
            (input.1 + padding.2 + padding.3 - kernel.1) / stride.1 + 1
        )
        return WindowGeometry(input: input, kernel: kernel, stride: stride, padding: padding, output: output)
    }

    private static let images = 3

    /// The pixel's place under every window, nil in the padding.
    private static func places(_ g: WindowGeometry) -> [[Int?]] {
        (0..<images).flatMap { image in
            (0..<g.outputHeight).flatMap { y in
                (0..<g.outputWidth).map { x in
                    (0..<g.patchCount).map { i in
                        let (pixel, channel) = i.quotientAndRemainder(dividingBy: g.channels)
                        let row = y * g.strideHeight - g.top + pixel / g.kernelWidth
                        let column = x * g.strideWidth - g.left + pixel % g.kernelWidth
                        guard 0..<g.inputHeight ~= row, 0..<g.inputWidth ~= column else { return nil }
                        return ((image * g.inputHeight + row) * g.inputWidth + column) * g.channels + channel
                    }
                }
            }
        }
    }

    @Test(arguments: geometries) func gather(g: WindowGeometry) {
        let x = randomBuffer(Self.images * g.inputCount, seed: 1)
        let places = Self.places(g)
        let lines = Self.images * g.outputHeight
        for (first, last) in [(0, lines), (1, lines - 1), (lines / 2, lines / 2 + 1)] {
            for columns in [0..<g.patchCount, (g.patchCount / 3)..<g.patchCount, 0..<1] {
                let patches = FloatBuffer(count: (last - first) * g.outputWidth * columns.count)
                for i in 0..<patches.paddedCount { patches.pointer[i] = .nan }
                Patches.gather(x.pointer, g, lines: first..<last, columns: columns, into: patches.pointer)
                let expected = places[(first * g.outputWidth)..<(last * g.outputWidth)].flatMap { window in
                    columns.map { window[$0].map { x.pointer[$0] } ?? 0 }
                }
                #expect(Array(patches.elements) == expected)
                #expect(
                    (patches.count..<patches.paddedCount).allSatisfy { patches.pointer[$0].isNaN },
                    "nothing beyond is written")
            }
        }
    }

    @Test(arguments: geometries) func scatterAdd(g: WindowGeometry) {
        let places = Self.places(g)
        let patches = randomBuffer(places.count * g.patchCount, seed: 2)
        let images = FloatBuffer(count: Self.images * g.inputCount)
        // In two parts, as a tile's blocks come.
        let half = g.outputHeight + 1
        Patches.scatterAdd(patches.pointer, g, lines: 0..<half, to: images.pointer)
        Patches.scatterAdd(
            patches.pointer + half * g.outputWidth * g.patchCount, g,
            lines: half..<(Self.images * g.outputHeight), to: images.pointer)
        var expected = [Float](repeating: 0, count: images.count)
        for (w, window) in places.enumerated() {
            for (i, place) in window.enumerated() {
                if let place { expected[place] += patches.pointer[w * g.patchCount + i] }
            }
        }
        #expect(Array(images.elements).map(\.bitPattern) == expected.map(\.bitPattern))
    }

    /// Ties go to the first pixel, padding never wins, and a NaN shows.
    @Test func maximum() {
        let g = Self.geometry((4, 4, 3), (3, 3), (1, 1), (1, 1, 1, 1))
        let places = Self.places(g)
        let x = FloatBuffer(count: Self.images * g.inputCount)
        var random = RandomStream(seed: 3, purpose: .test)
        for i in 0..<x.count { x.pointer[i] = Float(-random.below(4)) - 1 }
        let (y, dy) = (
            FloatBuffer(count: Self.images * g.positions * 3),
            randomBuffer(Self.images * g.positions * 3, seed: 4)
        )
        let (dx, scratch) = (FloatBuffer(count: x.count), FloatBuffer(count: 3))
        Pooling.maximum(
            x.pointer, g, lines: 0..<(Self.images * g.outputHeight), into: y.pointer)
        Pooling.maximumBackward(
            x: x.pointer, y: y.pointer, dy: dy.pointer, g, images: Self.images, into: dx.pointer,
            scratch: scratch.pointer)
        var expected = [Float](repeating: 0, count: x.count)
        for (w, window) in places.enumerated() {
            for c in 0..<3 {
                let candidates = stride(from: c, to: g.patchCount, by: 3).compactMap { window[$0] }
                let largest = candidates.map { x.pointer[$0] }.max() ?? 0
                #expect(y.pointer[w * 3 + c] == largest)
                if let first = candidates.first(where: { x.pointer[$0] == largest }) {
                    expected[first] += dy.pointer[w * 3 + c]
                }
            }
        }
        #expect(Array(dx.elements) == expected)

        x.pointer[5] = .nan
        Pooling.maximum(
            x.pointer, g, lines: 0..<(Self.images * g.outputHeight), into: y.pointer)
        for (w, window) in places.enumerated() {
            for c in 0..<3 { #expect(y.pointer[w * 3 + c].isNaN == (c == 2 && window.contains(5))) }
        }
    }

    /// Remembered winners give the bits of the search for them: with ties, NaN, windows that overlap, reach
    /// beyond the edge, or share the image out.
    @Test(arguments: [
        geometry((4, 4, 3), (3, 3), (1, 1), (1, 1, 1, 1)), geometry((6, 4, 20), (2, 2), (2, 2), (0, 0, 0, 0)),
        geometry((7, 5, 16), (2, 2), (2, 2), (0, 0, 0, 0)),
        geometry((5, 6, 17), (3, 2), (2, 3), (1, 1, 0, 1)),
        geometry((4, 4, 3), (2, 2), (2, 2), (0, 0, 0, 0)),
        geometry((3, 3, 2), (3, 3), (1, 1), (4, 5, 4, 5)),
    ]) func winners(_ g: WindowGeometry) {
        let (x, count) = (
            FloatBuffer(count: Self.images * g.inputCount), Self.images * g.positions * g.channels
        )
        var random = RandomStream(seed: 5, purpose: .test)
        for i in 0..<x.count {
            x.pointer[i] =
                random.below(11) == 0
                ? .nan : random.below(11) == 0 ? -.infinity : Float(-random.below(4)) + 1
        }
        let (y, dy, other) = (
            FloatBuffer(count: count), randomBuffer(count, seed: 6), FloatBuffer(count: count)
        )
        for i in stride(from: 0, to: count, by: 5) { dy.pointer[i] = -0.0 }
        let (dx, scratch, otherDx) = (
            FloatBuffer(count: x.count), FloatBuffer(count: g.channels), FloatBuffer(count: x.count)
        )
        let winners = AlignedBuffer<UInt8>(count: count)
        Pooling.maximum(
            x.pointer, g, lines: 0..<(Self.images * g.outputHeight), into: y.pointer)
        Pooling.maximumBackward(
            x: x.pointer, y: y.pointer, dy: dy.pointer, g, images: Self.images, into: dx.pointer,
            scratch: scratch.pointer)
        otherDx.elements.update(repeating: .nan)
        Pooling.maximum(x.pointer, g, images: Self.images, into: other.pointer, winners: winners.pointer)
        Pooling.maximumBackward(
            dy: dy.pointer, winners: winners.pointer, g, images: Self.images, into: otherDx.pointer)
        #expect(other.elements.map(\.bitPattern) == y.elements.map(\.bitPattern))
        #expect(otherDx.elements.map(\.bitPattern) == dx.elements.map(\.bitPattern))
    }

    private func randomBuffer(_ count: Int, seed: UInt64) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        var random = RandomStream(seed: seed, purpose: .test)
        for i in 0..<count { buffer.pointer[i] = Float(random.normal()) }
        return buffer
    }
}
