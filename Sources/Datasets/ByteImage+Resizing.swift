extension ByteImage {
    /// The image at another size, bilinear: a pixel is the weighted mean of those under a triangle around its centre, one source pixel wide to
    /// each side, or as wide as the factor of shrinking (which is antialiasing). First along the rows, then along the columns, in doubles; rounded once.
    /// The same as PyTorch's `interpolate(mode: "bilinear", antialias: true)`, whose rule is Pillow's.
    package func resized(width newWidth: Int, height newHeight: Int) -> ByteImage {
        precondition(newWidth > 0 && newHeight > 0, "An image has pixels")
        if newWidth == width && newHeight == height { return self }
        let rows = resizedRows(Triangle.weights(from: width, to: newWidth))
        let columns = Triangle.weights(from: height, to: newHeight)
        let length = newWidth * channels
        var output: [UInt8] = []
        output.reserveCapacity(newHeight * length)
        var sums = [Double](repeating: 0, count: length)
        for span in columns {
            for place in 0..<length { sums[place] = 0 }
            for (offset, weight) in span.weights.enumerated() {
                let start = (span.first + offset) * length
                for place in 0..<length { sums[place] += weight * rows[start + place] }
            }
            for sum in sums { output.append(UInt8(max(0, min(255, (sum + 0.5).rounded(.down))))) }
        }
        return ByteImage(width: newWidth, height: newHeight, channels: channels, pixels: output)
    }

    /// `[height, spans.count, channels]`
    private func resizedRows(_ spans: [Triangle.Span]) -> [Double] {
        var output: [Double] = []
        output.reserveCapacity(height * spans.count * channels)
        pixels.withUnsafeBufferPointer { pixels in
            for y in 0..<height {
                for span in spans {
                    let start = (y * width + span.first) * channels
                    for channel in 0..<channels {
                        var sum = 0.0
                        for (offset, weight) in span.weights.enumerated() {
                            sum += weight * Double(pixels[start + offset * channels + channel])
                        }
                        output.append(sum)
                    }
                }
            }
        }
        return output
    }
}

/// The triangle filter along one axis.
private enum Triangle {
    /// Which source pixels make a pixel, and with which weights (their sum is 1).
    struct Span {
        let first: Int
        let weights: [Double]
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
