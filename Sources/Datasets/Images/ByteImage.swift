/// An image of 8-bit pixels `[height, width, channels]`, row by row.
package struct ByteImage: Equatable, Sendable {
    package var width: Int
    package var height: Int
    /// 1 (grey) or 3 (red, green, blue).
    package var channels: Int
    package var pixels: [UInt8]

    /// - Parameter pixels: `height · width · channels` bytes.
    package init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(
            width > 0 && height > 0 && (channels == 1 || channels == 3),
            "An image has pixels of 1 or 3 channels")
        precondition(
            pixels.count == width * height * channels, "An image has a byte for each channel of each pixel")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// Makes the image a sample of a model.
    ///
    /// - Parameter shape: `[height, width, channels]`.
    package func fitted(to shape: [Int]) -> ByteImage {
        withChannels(shape[2]).resized(width: shape[1], height: shape[0])
    }

    /// Converts the image to 1 or 3 channels. Grey is the luma of ITU-R BT.601, (19595 R + 38470 G + 7471 B +
    /// 2¹⁵) / 2¹⁶, as in Pillow. A grey image repeats its value in all three channels.
    package func withChannels(_ count: Int) -> ByteImage {
        guard count != channels else { return self }
        var converted: [UInt8] = []
        converted.reserveCapacity(width * height * count)
        if count == 1 {
            for start in stride(from: 0, to: pixels.count, by: 3) {
                let red = Int(pixels[start])
                let green = Int(pixels[start + 1])
                let blue = Int(pixels[start + 2])
                converted.append(UInt8((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16))
            }
        } else {
            for pixel in pixels { for _ in 0..<count { converted.append(pixel) } }
        }
        return ByteImage(width: width, height: height, channels: count, pixels: converted)
    }
}
