/// The values under windows as rows of a matrix ("im2col"), so that a convolution becomes a matrix product,
/// and back.
///
/// A row holds one window's values in the order (kernel row, kernel column, channel): in NHWC images each
/// kernel row is one run of memory. Lines are output rows counted over consecutive images: line l is row
/// `l % outputHeight` of image `l / outputHeight`.
package enum Patches {
    /// Writes `patches[window, column]` for the windows of `lines`, in order, and the `columns` of their
    /// rows. Padding is 0.
    package static func gather(
        _ images: UnsafePointer<Float>, _ geometry: WindowGeometry, lines: Range<Int>, columns: Range<Int>,
        into patches: UnsafeMutablePointer<Float>
    ) {
        let g = geometry
        let (segment, imageRow) = (g.kernelWidth * g.channels, g.inputWidth * g.channels)
        let (first, last) = (columns.lowerBound / segment, (columns.upperBound - 1) / segment)
        var to = patches
        for line in lines {
            let image = images + line / g.outputHeight * g.inputCount
            let top = line % g.outputHeight * g.strideHeight - g.top
            for x in 0..<g.outputWidth {
                let left = (x * g.strideWidth - g.left) * g.channels
                for kernelRow in first...last {
                    let start = max(columns.lowerBound - kernelRow * segment, 0)
                    let count = min(columns.upperBound - kernelRow * segment, segment) - start
                    let y = top + kernelRow
                    if y >= 0 && y < g.inputHeight {
                        copy(
                            image + y * imageRow, length: imageRow, from: left + start, count: count, into: to
                        )
                    } else {
                        clear(to, count: count)
                    }
                    to += count
                }
            }
        }
    }

    /// Adds the rows of `patches` for the windows of `lines`, whole ones, to the pixels that they came from,
    /// one window after another.
    package static func scatterAdd(
        _ patches: UnsafePointer<Float>, _ geometry: WindowGeometry, lines: Range<Int>,
        to images: UnsafeMutablePointer<Float>
    ) {
        let g = geometry
        let (segment, imageRow) = (g.kernelWidth * g.channels, g.inputWidth * g.channels)
        var from = patches
        for line in lines {
            let image = images + line / g.outputHeight * g.inputCount
            let top = line % g.outputHeight * g.strideHeight - g.top
            for x in 0..<g.outputWidth {
                let left = (x * g.strideWidth - g.left) * g.channels
                let (lower, upper) = (max(left, 0), min(left + segment, imageRow))
                for kernelRow in 0..<g.kernelHeight {
                    let y = top + kernelRow
                    if y >= 0 && y < g.inputHeight && lower < upper {
                        add(from + (lower - left), to: image + y * imageRow + lower, count: upper - lower)
                    }
                    from += segment
                }
            }
        }
    }

    /// Copies `count` values from index `start` of a row of `length` values. Values outside of the row are 0.
    @inline(__always)
    private static func copy(
        _ row: UnsafePointer<Float>, length: Int, from start: Int, count: Int,
        into to: UnsafeMutablePointer<Float>
    ) {
        let before = min(count, max(0, -start))
        let after = min(count - before, max(0, start + count - length))
        let inside = count - before - after
        if before > 0 { clear(to, count: before) }
        let (from, to) = (row + (start + before), to + before)
        if inside >= 32 {
            to.update(from: from, count: inside)
        } else {
            for i in 0..<inside { to[i] = from[i] }
        }
        if after > 0 { clear(to + inside, count: after) }
    }

    @inline(__always)
    private static func clear(_ to: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { to[i] = 0 }
    }

    @inline(__always)
    private static func add(_ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { to[i] += from[i] }
    }
}
