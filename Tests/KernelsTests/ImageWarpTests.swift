import Kernels
import Testing

@Suite struct ImageWarpTests {
    /// 2 × 3 pixels of two channels: 11 21 31 / 41 51 61, and the second channel half as much again.
    static let shape = ImageWarp.Shape(height: 2, width: 3, channels: 2)
    static let floats: [Float] = [11, 16.5, 21, 31.5, 31, 46.5, 41, 61.5, 51, 76.5, 61, 91.5]

    private func warp(_ image: [Float], _ shape: ImageWarp.Shape, _ map: AffineMap, fill: [Float]?) -> [Float]
    {
        var output = [Float](repeating: -1, count: shape.count)
        if let fill {
            ImageWarp.warp(image, shape, map, fill: fill, into: &output)
        } else {
            ImageWarp.warp(image, shape, map, fill: nil, into: &output)
        }
        return output
    }

    private func firstChannel(_ map: AffineMap, fill: [Float]?) -> [Float] {
        let image = warp(Self.floats, Self.shape, map, fill: fill)
        for i in stride(from: 0, to: 12, by: 2) where image[i] > 0 { #expect(image[i + 1] == image[i] * 1.5) }
        return stride(from: 0, to: 12, by: 2).map { image[$0] }
    }

    @Test func wholePixelsAreCopied() {
        #expect(warp(Self.floats, Self.shape, AffineMap(), fill: [7, 7]) == Self.floats)
        let flipX = AffineMap(xx: -1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0)
        #expect(firstChannel(flipX, fill: [0, 0]) == [31, 21, 11, 61, 51, 41])
        let flipY = AffineMap(xx: 1, xy: 0, x0: 0, yx: 0, yy: -1, y0: 0)
        #expect(firstChannel(flipY, fill: [0, 0]) == [41, 51, 61, 11, 21, 31])
        let right = AffineMap(xx: 1, xy: 0, x0: -1, yx: 0, yy: 1, y0: 0)
        #expect(firstChannel(right, fill: [0, 0]) == [0, 11, 21, 0, 41, 51])
        #expect(firstChannel(right, fill: nil) == [11, 11, 21, 41, 41, 51])
        let upAndFlipped = AffineMap(xx: -1, xy: 0, x0: -1, yx: 0, yy: 1, y0: 1)
        #expect(firstChannel(upAndFlipped, fill: [0, 0]) == [51, 41, 0, 0, 0, 0])
        #expect(firstChannel(upAndFlipped, fill: nil) == [51, 41, 41, 51, 41, 41])
        let away = AffineMap(xx: 1, xy: 0, x0: 40, yx: 0, yy: 1, y0: -50)
        #expect(firstChannel(away, fill: [0, 0]) == [0, 0, 0, 0, 0, 0])
        #expect(firstChannel(away, fill: nil) == [31, 31, 31, 31, 31, 31])
    }

    /// The copy equals interpolation where every weight is 0 or 1, and also keeps values that arithmetic
    /// would change.
    @Test func copiesAgreeWithInterpolation() {
        let (shape, odd) = (ImageWarp.Shape(height: 5, width: 4, channels: 1), Float.infinity)
        var image = (0..<20).map { Float($0) * 0.37 + 1 }
        for (xx, yy) in [(1.0, 1.0), (-1, 1), (1, -1), (-1, -1)] {
            for x in -5...5 {
                for y in -6...6 {
                    let map = AffineMap(xx: xx, xy: 0, x0: Double(x), yx: 0, yy: yy, y0: Double(y))
                    // A turn too small to move anything, but not none.
                    let long = AffineMap(xx: xx, xy: 1e-300, x0: Double(x), yx: 0, yy: yy, y0: Double(y))
                    for fill in [[Float(0.1)], nil] {
                        #expect(
                            warp(image, shape, map, fill: fill) == warp(image, shape, long, fill: fill),
                            "\(xx) \(yy) \(x) \(y)")
                    }
                }
            }
        }
        image[7] = odd
        #expect(warp(image, shape, AffineMap(), fill: [0]) == image)
    }

    @Test func bytesAreFloats() {
        let shape = ImageWarp.Shape(height: 6, width: 5, channels: 3)
        let bytes = (0..<shape.count).map { UInt8(truncatingIfNeeded: $0 * 73) }
        for map in [
            AffineMap(xx: -1, xy: 0, x0: 2, yx: 0, yy: 1, y0: 0),
            AffineMap(xx: 0.8, xy: 0.3, x0: 1, yx: -0.5, yy: 1.1, y0: 0.2),
        ] {
            var output = [Float](repeating: -1, count: shape.count)
            ImageWarp.warp(bytes, shape, map, fill: [1, 2, 3], into: &output)
            #expect(output == warp(bytes.map { Float($0) }, shape, map, fill: [1, 2, 3]))
        }
    }

    @Test func constantsStayConstant() {
        let shape = ImageWarp.Shape(height: 9, width: 9, channels: 1)
        let image = [Float](repeating: 0.1, count: 81)
        let map = AffineMap(xx: 0.77, xy: -0.31, x0: 3.3, yx: 0.31, yy: 0.77, y0: -2.9)
        #expect(warp(image, shape, map, fill: [0.1]) == image)
        #expect(warp(image, shape, map, fill: nil) == image)
    }

    @Test func brightnessAndContrast() {
        // 19 values, so that the sum has a rest: their mean is 9.
        let values = (0..<19).map { Float($0) }
        func adjusted(_ brightness: Float, _ contrast: Float) -> [Float] {
            var copy = values
            ImageWarp.adjust(&copy, count: 19, brightness: brightness, contrast: contrast)
            return copy
        }
        #expect(adjusted(1, 1) == values)
        #expect(adjusted(1.5, 1) == values.map { $0 * 1.5 })
        #expect(adjusted(1, 0.5) == values.map { 9 + ($0 - 9) / 2 })
        #expect(adjusted(2, 0) == Array(repeating: 18, count: 19))
        #expect(adjusted(2, 3) == values.map { 18 + ($0 * 2 - 18) * 3 })
    }
}
