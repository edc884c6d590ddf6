extension ByteImage {
    /// Resizes the image with a bilinear filter: a pixel is the weighted mean of the source pixels under a
    /// triangle around its centre. The triangle reaches one source pixel to each side, or as far as the
    /// factor of shrinking (antialiasing). Rows come first, then columns, in doubles; the result is rounded
    /// once. It equals PyTorch's `interpolate(mode: "bilinear", antialias: True)`, whose rule is Pillow's.
    package func resized(width newWidth: Int, height newHeight: Int) -> ByteImage {
        precondition(newWidth > 0 && newHeight > 0, "An image has pixels")
        if newWidth == width && newHeight == height { return self }
        let rows = Triangle.weights(from: height, to: newHeight)
        let columns = Triangle.weights(from: width, to: newWidth)
        let length = newWidth * channels
        // Each source row is added at once to all new rows that it contributes to, so that memory holds one
        // row and the result.
        var sums = [Double](repeating: 0, count: newHeight * length)
        var row = [Double](repeating: 0, count: length)
        var next = 0
        for y in 0..<height {
            while next < newHeight, rows[next].end <= y { next += 1 }
            guard next < newHeight, rows[next].first <= y else { continue }
            resizeRow(y, columns, into: &row)
            for target in next..<newHeight {
                guard rows[target].first <= y else { break }
                let weight = rows[target].weights[y - rows[target].first]
                for index in 0..<length { sums[target * length + index] += weight * row[index] }
            }
        }
        let pixels = sums.map { UInt8(max(0, min(255, ($0 + 0.5).rounded(.down)))) }
        return ByteImage(width: newWidth, height: newHeight, channels: channels, pixels: pixels)
    }

    /// Resizes row `y` along its columns.
    /// - Parameter output: the row, `[columns.count, channels]`.
    private func resizeRow(_ y: Int, _ columns: [Triangle.Span], into output: inout [Double]) {
        pixels.withUnsafeBufferPointer { pixels in
            for (x, span) in columns.enumerated() {
                let start = (y * width + span.first) * channels
                for channel in 0..<channels {
                    var sum = 0.0
                    for (offset, weight) in span.weights.enumerated() {
                        sum += weight * Double(pixels[start + offset * channels + channel])
                    }
                    output[x * channels + channel] = sum
                }
            }
        }
    }
}

/// The triangle filter along one axis.
private enum Triangle {
    /// The source pixels of one new pixel and their weights, whose sum is 1.
    struct Span {
        let first: Int
        let weights: [Double]
        var end: Int { first + weights.count }
    }

    static func weights(from source: Int, to target: Int) -> [Span] {
        let scale = Double(source) / Double(target)
        let reach = max(scale, 1)
        return (0..<target).map { index in
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - reach + 0.5))
            let end = min(source, Int(center + reach + 0.5))
            let raw = (first..<end).map { max(0, 1 - ((Double($0) + 0.5 - center) / reach).magnitude) }
            let total = raw.reduce(0, +)
            return Span(first: first, weights: raw.map { $0 / total })
        }
    }
}
