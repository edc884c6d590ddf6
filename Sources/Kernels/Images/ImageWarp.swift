/// The affine map from a pixel of an augmented image to a point of the source, both in pixels from the
/// image's centre (x to the right, y down):
///     x' = xx·x + xy·y + x0
///     y' = yx·x + yy·y + y0
package struct AffineMap: Equatable, Sendable {
    package var xx = 1.0
    package var xy = 0.0
    package var x0 = 0.0
    package var yx = 0.0
    package var yy = 1.0
    package var y0 = 0.0

    package init() {}

    package init(xx: Double, xy: Double, x0: Double, yx: Double, yy: Double, y0: Double) {
        self.xx = xx
        self.xy = xy
        self.x0 = x0
        self.yx = yx
        self.yy = yy
        self.y0 = y0
    }

    /// True if the map only flips the image and moves it by whole pixels, so that every output pixel is a
    /// source pixel.
    var movesWholePixels: Bool {
        xx.magnitude == 1 && yy.magnitude == 1 && xy == 0 && yx == 0 && x0.rounded() == x0
            && y0.rounded() == y0
    }
}

/// Moves, turns and distorts images `[height, width, channels]`, and changes their brightness and contrast.
/// The result does not depend on the thread: coordinates are doubles, pixels are floats, and there is one
/// order.
package enum ImageWarp {
    package struct Shape: Equatable, Sendable {
        package let height: Int
        package let width: Int
        package let channels: Int

        package init(height: Int, width: Int, channels: Int) {
            precondition(height > 0 && width > 0 && channels > 0, "an image has pixels")
            self.height = height
            self.width = width
            self.channels = channels
        }

        package var count: Int { height * width * channels }
    }

    /// Writes the image that `map` takes from `source`, by bilinear interpolation; maps of whole pixels copy
    /// pixels as they are.
    /// - Parameter fill: what lies outside the source, a value per channel; nil: the nearest pixel of the
    ///   source's edge.
    package static func warp(
        _ source: UnsafePointer<UInt8>, _ shape: Shape, _ map: AffineMap, fill: UnsafePointer<Float>?,
        into output: UnsafeMutablePointer<Float>
    ) {
        Warp(source, shape, fill, output).run(map)
    }

    package static func warp(
        _ source: UnsafePointer<Float>, _ shape: Shape, _ map: AffineMap, fill: UnsafePointer<Float>?,
        into output: UnsafeMutablePointer<Float>
    ) {
        Warp(source, shape, fill, output).run(map)
    }

    /// Changes brightness and contrast as torchvision does: x ← b·x, then x ← m + c·(x − m) with m the mean
    /// of all values of the image (torchvision takes the mean of the luma). Values are not clipped.
    package static func adjust(
        _ values: UnsafeMutablePointer<Float>, count: Int, brightness: Float, contrast: Float
    ) {
        if brightness != 1 { for i in 0..<count { values[i] *= brightness } }
        guard contrast != 1 else { return }
        let mean = Float(sum(values, count) / Double(count))
        for i in 0..<count { values[i] = mean + contrast * (values[i] - mean) }
    }

    /// Sums in eight partial sums, then the rest: one order on every machine.
    private static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        var partial = SIMD8<Double>()
        var i = 0
        while i &+ 8 <= count {
            partial += SIMD8<Double>(UnsafeRawPointer(values + i).loadUnaligned(as: SIMD8<Float>.self))
            i &+= 8
        }
        var total =
            ((partial[0] + partial[1]) + (partial[2] + partial[3]))
            + ((partial[4] + partial[5]) + (partial[6] + partial[7]))
        while i < count {
            total += Double(values[i])
            i &+= 1
        }
        return total
    }
}

private protocol Pixel {
    var float: Float { get }
}

extension UInt8: Pixel {
    @inline(__always) fileprivate var float: Float { Float(self) }
}

extension Float: Pixel {
    @inline(__always) fileprivate var float: Float { self }
}

/// The state of one image's transformation.
private struct Warp<Element: Pixel> {
    let source: UnsafePointer<Element>
    let height: Int
    let width: Int
    let channels: Int
    let fill: UnsafePointer<Float>?
    let output: UnsafeMutablePointer<Float>

    init(
        _ source: UnsafePointer<Element>, _ shape: ImageWarp.Shape, _ fill: UnsafePointer<Float>?,
        _ output: UnsafeMutablePointer<Float>
    ) {
        self.source = source
        self.fill = fill
        self.output = output
        height = shape.height
        width = shape.width
        channels = shape.channels
    }

    func run(_ map: AffineMap) {
        if map.movesWholePixels { copy(map) } else { interpolate(map) }
    }

    // MARK: Whole pixels

    private func copy(_ map: AffineMap) {
        // From pixel numbers to pixel numbers: x' − c = ±(x − c) + x0 with c = (width − 1) / 2.
        let firstX = Int(map.x0) + (map.xx < 0 ? width - 1 : 0)
        let firstY = Int(map.y0) + (map.yy < 0 ? height - 1 : 0)
        let step = map.xx < 0 ? -1 : 1
        // Columns whose source lies inside the image.
        let inside =
            step > 0
            ? max(0, min(width, -firstX))..<max(0, min(width, width - firstX))
            : max(0, min(width, firstX - width + 1))..<max(0, min(width, firstX + 1))
        for i in 0..<height {
            let y = firstY + (map.yy < 0 ? -i : i)
            let row = output + i * width * channels
            if fill != nil && (y < 0 || y >= height) {
                for j in 0..<width { paint(row + j * channels) }
                continue
            }
            let from = source + min(max(y, 0), height - 1) * width * channels
            for j in 0..<inside.lowerBound { outside(from, firstX + step * j, row + j * channels) }
            if step > 0 {
                let run = from + (firstX + inside.lowerBound) * channels
                let to = row + inside.lowerBound * channels
                for k in 0..<(inside.count * channels) { to[k] = run[k].float }
            } else {
                for j in inside {
                    let pixel = from + (firstX - j) * channels
                    for c in 0..<channels { row[j * channels + c] = pixel[c].float }
                }
            }
            for j in inside.upperBound..<width { outside(from, firstX + step * j, row + j * channels) }
        }
    }

    @inline(__always)
    private func outside(_ row: UnsafePointer<Element>, _ x: Int, _ pixel: UnsafeMutablePointer<Float>) {
        if fill != nil { return paint(pixel) }
        let edge = row + min(max(x, 0), width - 1) * channels
        for c in 0..<channels { pixel[c] = edge[c].float }
    }

    @inline(__always)
    private func paint(_ pixel: UnsafeMutablePointer<Float>) {
        guard let fill else { return }
        for c in 0..<channels { pixel[c] = fill[c] }
    }

    // MARK: Between pixels

    private func interpolate(_ map: AffineMap) {
        let (centerX, centerY) = (Double(width - 1) / 2, Double(height - 1) / 2)
        var pixel = output
        for i in 0..<height {
            let v = Double(i) - centerY
            let (rowX, rowY) = (map.xy * v + map.x0 + centerX, map.yy * v + map.y0 + centerY)
            for j in 0..<width {
                let u = Double(j) - centerX
                let (x, y) = (map.xx * u + rowX, map.yx * u + rowY)
                let (left, top) = (x.rounded(.down), y.rounded(.down))
                let (fx, fy) = (Float(x - left), Float(y - top))
                let (column, row) = (Int(left), Int(top))
                if column >= 0 && row >= 0 && column < width - 1 && row < height - 1 {
                    blend(row * width + column, fx, fy, pixel)
                } else {
                    blendAtEdge(column, row, fx, fy, pixel)
                }
                pixel += channels
            }
        }
    }

    /// The four source pixels are this one, the next, and those below. a + f·(b − a) is exact where a = b.
    @inline(__always)
    private func blend(_ index: Int, _ fx: Float, _ fy: Float, _ pixel: UnsafeMutablePointer<Float>) {
        let upper = source + index * channels
        let lower = upper + width * channels
        for c in 0..<channels {
            let (a, b, d, e) = (
                upper[c].float, upper[channels + c].float, lower[c].float, lower[channels + c].float
            )
            let (above, below) = (a + fx * (b - a), d + fx * (e - d))
            pixel[c] = above + fy * (below - above)
        }
    }

    private func blendAtEdge(
        _ column: Int, _ row: Int, _ fx: Float, _ fy: Float, _ pixel: UnsafeMutablePointer<Float>
    ) {
        if fill != nil && (column < -1 || row < -1 || column >= width || row >= height) {
            return paint(pixel)
        }
        for c in 0..<channels {
            let (a, b) = (tap(column, row, c), tap(column + 1, row, c))
            let (d, e) = (tap(column, row + 1, c), tap(column + 1, row + 1, c))
            let (above, below) = (a + fx * (b - a), d + fx * (e - d))
            pixel[c] = above + fy * (below - above)
        }
    }

    @inline(__always)
    private func tap(_ column: Int, _ row: Int, _ channel: Int) -> Float {
        if let fill, column < 0 || row < 0 || column >= width || row >= height { return fill[channel] }
        let (x, y) = (min(max(column, 0), width - 1), min(max(row, 0), height - 1))
        return source[(y * width + x) * channels + channel].float
    }
}
