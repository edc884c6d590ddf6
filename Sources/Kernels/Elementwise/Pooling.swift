/// The loops of the pooling layers over images `[height, width, channels]`, every channel by itself.
package enum Pooling {
    /// Writes `y = max x` under each window of some lines (output rows, counted over the images), without
    /// padding. A NaN under the window gives NaN.
    package static func maximum(
        _ x: UnsafePointer<Float>, _ geometry: WindowGeometry, lines: Range<Int>,
        into y: UnsafeMutablePointer<Float>
    ) {
        let channels = geometry.channels
        forEachWindow(geometry, lines: lines) { output, base, rows, columns, _ in
            let to = y + output
            for c in 0..<channels { to[c] = -.infinity }
            forEachPixel(geometry, base, rows, columns) { pixel in
                let from = x + pixel
                for c in 0..<channels {
                    let (v, m) = (from[c], to[c])
                    to[c] = v > m || v != v ? v : m
                }
            }
        }
    }

    /// Adds each window's `dy` to the first of its pixels that has the maximum, in the order of rows.
    /// `scratch` holds `channels` floats.
    package static func maximumBackward(
        x: UnsafePointer<Float>, y: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        _ geometry: WindowGeometry, images: Int,
        into dx: UnsafeMutablePointer<Float>, scratch rest: UnsafeMutablePointer<Float>
    ) {
        let channels = geometry.channels
        dx.update(repeating: 0, count: images * geometry.inputCount)
        forEachWindow(geometry, lines: 0..<(images * geometry.outputHeight)) {
            output, base, rows, columns, _ in
            let (maximum, gradient) = (y + output, dy + output)
            for c in 0..<channels { rest[c] = gradient[c] }
            forEachPixel(geometry, base, rows, columns) { pixel in
                let (from, to) = (x + pixel, dx + pixel)
                for c in 0..<channels {
                    let r = rest[c]
                    let isLess = from[c] < maximum[c]
                    to[c] += isLess ? 0 : r
                    rest[c] = isLess ? r : 0
                }
            }
        }
    }

    /// Writes `y = Σ x / n` under each window of some lines, where n counts the padding too.
    package static func average(
        _ x: UnsafePointer<Float>, _ geometry: WindowGeometry, lines: Range<Int>,
        into y: UnsafeMutablePointer<Float>
    ) {
        let channels = geometry.channels
        forEachWindow(geometry, lines: lines) { output, base, rows, columns, count in
            let to = y + output
            for c in 0..<channels { to[c] = 0 }
            forEachPixel(geometry, base, rows, columns) { pixel in
                let from = x + pixel
                for c in 0..<channels { to[c] += from[c] }
            }
            let n = Float(count)
            for c in 0..<channels { to[c] /= n }
        }
    }

    /// Adds `dy / n` to every pixel under a window. `scratch` holds `channels` floats.
    package static func averageBackward(
        dy: UnsafePointer<Float>, _ geometry: WindowGeometry, images: Int,
        into dx: UnsafeMutablePointer<Float>,
        scratch share: UnsafeMutablePointer<Float>
    ) {
        let channels = geometry.channels
        dx.update(repeating: 0, count: images * geometry.inputCount)
        forEachWindow(geometry, lines: 0..<(images * geometry.outputHeight)) {
            output, base, rows, columns, count in
            let (gradient, n) = (dy + output, Float(count))
            for c in 0..<channels { share[c] = gradient[c] / n }
            forEachPixel(geometry, base, rows, columns) { pixel in
                let to = dx + pixel
                for c in 0..<channels { to[c] += share[c] }
            }
        }
    }

    /// `y[image, c]` = the mean over an image's `positions`. `scratch` holds `3 · channels` floats and 16
    /// more.
    package static func globalAverage(
        _ x: UnsafePointer<Float>, images: Int, positions: Int, channels: Int,
        into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let sums = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Double.self)
        let block = scratch + FlatVector.aligned(2 * channels)
        for image in 0..<images {
            Columns.sum(
                x + image * positions * channels, rows: positions, columns: channels, into: sums,
                scratch: block)
            let to = y + image * channels
            for c in 0..<channels { to[c] = Float(sums[c] / Double(positions)) }
        }
    }

    /// `dx[image, position, c] = dy[image, c] / positions`.
    package static func globalAverageBackward(
        dy: UnsafePointer<Float>, images: Int, positions: Int, channels: Int,
        into dx: UnsafeMutablePointer<Float>
    ) {
        let n = Float(positions)
        for image in 0..<images {
            let (from, to) = (dy + image * channels, dx + image * positions * channels)
            for c in 0..<channels { to[c] = from[c] / n }
            for position in 1..<max(1, positions) {
                (to + position * channels).update(from: to, count: channels)
            }
        }
    }

    /// `y[c]` = the largest `x[position, c]`; −∞ without positions, NaN if one is.
    package static func globalMaximum(
        _ x: UnsafePointer<Float>, positions: Int, channels: Int, into y: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<channels { y[c] = -.infinity }
        for position in 0..<positions {
            let from = x + position * channels
            for c in 0..<channels {
                let (v, m) = (from[c], y[c])
                y[c] = v > m || v != v ? v : m
            }
        }
    }

    /// Writes dx: `dy[c]` at the first position that has the maximum, 0 at the others. `scratch` holds
    /// `channels` floats.
    package static func globalMaximumBackward(
        x: UnsafePointer<Float>, y: UnsafePointer<Float>, dy: UnsafePointer<Float>, positions: Int,
        channels: Int, into dx: UnsafeMutablePointer<Float>, scratch rest: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<channels { rest[c] = dy[c] }
        for position in 0..<positions {
            let (from, to) = (x + position * channels, dx + position * channels)
            for c in 0..<channels {
                let r = rest[c]
                let isLess = from[c] < y[c]
                to[c] = isLess ? 0 : r
                rest[c] = isLess ? r : 0
            }
        }
    }

    /// Calls `body(first output value, first value of the image, rows, columns, pixels with padding)` for
    /// every window.
    @inline(__always)
    private static func forEachWindow(
        _ geometry: WindowGeometry, lines: Range<Int>, _ body: (Int, Int, Range<Int>, Range<Int>, Int) -> Void
    ) {
        var output = lines.lowerBound * geometry.outputWidth * geometry.channels
        for line in lines {
            let (image, y) = line.quotientAndRemainder(dividingBy: geometry.outputHeight)
            let rows = geometry.rows(under: y)
            for x in 0..<geometry.outputWidth {
                body(
                    output, image * geometry.inputCount, rows, geometry.columns(under: x),
                    geometry.paddedCount(y, x))
                output += geometry.channels
            }
        }
    }

    /// Calls `body` with the index of the first channel of each pixel.
    @inline(__always)
    private static func forEachPixel(
        _ geometry: WindowGeometry, _ base: Int, _ rows: Range<Int>, _ columns: Range<Int>,
        _ body: (Int) -> Void
    ) {
        for row in rows {
            for column in columns { body(base + (row * geometry.inputWidth + column) * geometry.channels) }
        }
    }
}
