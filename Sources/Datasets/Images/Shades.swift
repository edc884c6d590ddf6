/// The way from raw values of images to the bytes of a picture.
package struct Shades: Equatable, Sendable {
    /// The values that are shown as black and as white.
    package let range: ClosedRange<Float>

    /// - Parameter range: values outside of it are black or white, too.
    package init(_ range: ClosedRange<Float>) { self.range = range }

    /// The range of a data set's values. Bytes keep 0…255, unless the set uses less than half of it, as the
    /// digits do.
    package init(of dataset: Dataset) {
        switch dataset.form.elementType {
        case .uint8:
            let most = dataset.features.max() ?? 255
            self.init(0...(most > 127 || most == 0 ? 255 : Float(most)))
        case .float32: self.init(of: dataset.features.bindMemory(to: Float.self))
        case .uint16, .uint32: self.init(0...1)
        }
    }

    /// The range of some values; those that are not finite do not count.
    package init(of values: some Sequence<Float>) {
        var (least, most) = (Float.infinity, -Float.infinity)
        for value in values where value.isFinite { (least, most) = (min(least, value), max(most, value)) }
        if most < least { (least, most) = (0, 1) }
        range = least < most ? least...most : least...(least + max(1, least.magnitude))
    }

    package func byte(_ value: Float) -> UInt8 {
        let fraction = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        return fraction > 0 ? UInt8(min(fraction, 1) * 255 + 0.5) : 0  // NaN becomes black
    }
}

extension ByteImage {
    /// The image with each pixel repeated in both directions.
    package func magnified(_ factor: Int) -> ByteImage {
        guard factor > 1 else { return self }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(self.pixels.count * factor * factor)
        for y in 0..<height {
            var row: [UInt8] = []
            for x in 0..<width {
                let pixel = self.pixels[(y * width + x) * channels..<(y * width + x + 1) * channels]
                for _ in 0..<factor { row += pixel }
            }
            for _ in 0..<factor { pixels += row }
        }
        return ByteImage(
            width: width * factor, height: height * factor, channels: channels, pixels: pixels)
    }
}
