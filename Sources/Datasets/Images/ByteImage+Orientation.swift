extension ByteImage {
    /// Returns the image as it is to be shown.
    /// - Parameter orientation: EXIF's, 1 to 8: 1 as it is; 2 mirrored left to right; 3 turned by 180°; 4
    ///   mirrored top to bottom; 5 transposed; 6 turned clockwise by 90°; 7 transposed along the other
    ///   diagonal; 8 turned anticlockwise by 90°.
    package func upright(from orientation: Int) -> ByteImage {
        guard (2...8).contains(orientation) else { return self }
        let swaps = orientation >= 5
        let newWidth = swaps ? height : width
        let newHeight = swaps ? width : height
        let flipsX = [2, 3, 7, 8].contains(orientation)
        let flipsY = [3, 4, 6, 7].contains(orientation)
        // The distance in the old pixels of two neighbours in a new row, and of two in a new column.
        let acrossStep = swaps ? (flipsY ? -width : width) : (flipsX ? -1 : 1)
        let downStep = swaps ? (flipsX ? -1 : 1) : (flipsY ? -width : width)
        let first = (flipsY ? (height - 1) * width : 0) + (flipsX ? width - 1 : 0)
        let output = [UInt8](unsafeUninitializedCapacity: pixels.count) { output, count in
            var position = 0
            for y in 0..<newHeight {
                for x in 0..<newWidth {
                    let source = (first + y * downStep + x * acrossStep) * channels
                    for channel in 0..<channels {
                        output[position] = pixels[source + channel]
                        position += 1
                    }
                }
            }
            count = position
        }
        return ByteImage(width: newWidth, height: newHeight, channels: channels, pixels: output)
    }
}
