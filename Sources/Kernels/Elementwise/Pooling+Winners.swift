import CSIMD

// Maxima that remember the pixel of their window that gave them: its number in the order of the window's
// rows, one byte.
extension Pooling {
    /// Writes the maxima, and for each value the number of the pixel that its gradient goes to: the first
    /// that has the maximum, or for a NaN the window's first.
    package static func maximum(
        _ x: UnsafePointer<Float>, _ geometry: WindowGeometry, images: Int,
        into y: UnsafeMutablePointer<Float>,
        winners: UnsafeMutablePointer<UInt8>
    ) {
        let channels = geometry.channels
        let whole = channels & ~15
        forEachPlacedWindow(geometry, images: images) { output, corner, rows, columns in
            let (to, kept) = (y + output, winners + output)
            let first = Int32(rows.lowerBound * geometry.kernelWidth + columns.lowerBound)
            var c = 0
            while c < whole {
                var (maximum, winner) = (Vector(repeating: -.infinity), SIMD16<Int32>(repeating: first))
                for row in rows {
                    for column in columns {
                        let v = Vector(at: x + corner + (row * geometry.inputWidth + column) * channels + c)
                        let number = SIMD16<Int32>(repeating: Int32(row * geometry.kernelWidth + column))
                        let isLarger = csimd_less(maximum, v)
                        let isNumber = csimd_equal(v, v)
                        winner = csimd_select_int(isLarger, number, winner)
                        winner = csimd_select_int(isNumber, winner, SIMD16<Int32>(repeating: first))
                        maximum = csimd_select(isLarger, v, maximum)
                        maximum = csimd_select(isNumber, maximum, v)
                    }
                }
                maximum.store(at: to + c)
                csimd_store_bytes(kept + c, winner)
                c += 16
            }
            for c in whole..<channels {
                var (maximum, winner) = (-Float.infinity, first)
                for row in rows {
                    for column in columns {
                        let v = x[corner + (row * geometry.inputWidth + column) * channels + c]
                        if v > maximum { (maximum, winner) = (v, Int32(row * geometry.kernelWidth + column)) }
                        if v != v { (maximum, winner) = (v, first) }
                    }
                }
                to[c] = maximum
                kept[c] = UInt8(truncatingIfNeeded: winner)
            }
        }
    }

    /// Adds each window's `dy` to its winner.
    package static func maximumBackward(
        dy: UnsafePointer<Float>, winners: UnsafePointer<UInt8>, _ geometry: WindowGeometry, images: Int,
        into dx: UnsafeMutablePointer<Float>
    ) {
        if geometry.isQuartering {
            quarteringBackward(dy: dy, winners: winners, geometry, images: images, into: dx)
            return
        }
        let (channels, width) = (geometry.channels, geometry.kernelWidth)
        dx.update(repeating: 0, count: images * geometry.inputCount)
        forEachPlacedWindow(geometry, images: images) { output, corner, rows, columns in
            // A window over padding alone has no winner.
            if rows.isEmpty || columns.isEmpty { return }
            for c in 0..<channels {
                let (row, column) = Int(winners[output + c]).quotientAndRemainder(dividingBy: width)
                dx[corner + (row * geometry.inputWidth + column) * channels + c] += dy[output + c]
            }
        }
    }

    /// The same for windows of 2×2 side by side, which write every pixel once.
    private static func quarteringBackward(
        dy: UnsafePointer<Float>, winners: UnsafePointer<UInt8>, _ geometry: WindowGeometry, images: Int,
        into dx: UnsafeMutablePointer<Float>
    ) {
        let channels = geometry.channels
        let (whole, line) = (channels & ~15, geometry.inputWidth * channels)
        forEachPlacedWindow(geometry, images: images) { output, corner, _, _ in
            let (from, kept) = (dy + output, winners + output)
            let (above, below) = (dx + corner, dx + corner + line)
            var c = 0
            while c < whole {
                // As a sum that begins with 0, which −0 is not.
                let (v, winner) = (Vector(at: from + c) + Vector(repeating: 0), csimd_load_bytes(kept + c))
                @inline(__always)
                func part(_ number: Int32) -> Vector {
                    csimd_select(csimd_equal_int(winner, SIMD16(repeating: number)), v, Vector(repeating: 0))
                }
                part(0).store(at: above + c)
                part(1).store(at: above + channels + c)
                part(2).store(at: below + c)
                part(3).store(at: below + channels + c)
                c += 16
            }
            for c in whole..<channels {
                let (v, winner) = (from[c] + 0, kept[c])
                above[c] = winner == 0 ? v : 0
                above[channels + c] = winner == 1 ? v : 0
                below[c] = winner == 2 ? v : 0
                below[channels + c] = winner == 3 ? v : 0
            }
        }
    }

    /// Calls `body(first output value, first value of the window's corner, rows, columns)` for every window,
    /// with the rows and columns that lie on the image. With padding the corner may lie outside.
    @inline(__always)
    private static func forEachPlacedWindow(
        _ geometry: WindowGeometry, images: Int, _ body: (Int, Int, Range<Int>, Range<Int>) -> Void
    ) {
        var output = 0
        for image in 0..<images {
            for y in 0..<geometry.outputHeight {
                let top = y * geometry.strideHeight - geometry.top
                let rows = geometry.rows(under: y)
                for x in 0..<geometry.outputWidth {
                    let left = x * geometry.strideWidth - geometry.left
                    let columns = geometry.columns(under: x)
                    body(
                        output,
                        image * geometry.inputCount + (top * geometry.inputWidth + left) * geometry.channels,
                        (rows.lowerBound - top)..<(rows.upperBound - top),
                        (columns.lowerBound - left)..<(columns.upperBound - left))
                    output += geometry.channels
                }
            }
        }
    }
}

extension WindowGeometry {
    /// True for windows of 2×2 that cover the image exactly.
    fileprivate var isQuartering: Bool {
        kernelHeight == 2 && kernelWidth == 2 && strideHeight == 2 && strideWidth == 2 && top == 0
            && left == 0
            && 2 * outputHeight == inputHeight && 2 * outputWidth == inputWidth
    }
}
