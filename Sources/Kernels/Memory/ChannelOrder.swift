/// The two orders of an image's values: `[positions, channels]`, as the layers have them in memory, and
/// `[channels, positions]`, PyTorch's.
package enum ChannelOrder {
    /// Positions whose values are moved at a time: their channels stay in the first-level cache.
    private static let block = 16

    /// Moves images `[positions, channels]` to `[channels, positions]`. The memories must not overlap.
    package static func channelsFirst(
        _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, images: Int, positions: Int,
        channels: Int
    ) {
        transpose(from, into: to, images: images, rows: positions, columns: channels)
    }

    /// Moves images `[channels, positions]` to `[positions, channels]`. The memories must not overlap.
    package static func channelsLast(
        _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, images: Int, positions: Int,
        channels: Int
    ) {
        transpose(from, into: to, images: images, rows: channels, columns: positions)
    }

    /// Moves matrices `[rows, columns]` to `[columns, rows]`.
    private static func transpose(
        _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, images: Int, rows: Int,
        columns: Int
    ) {
        for image in 0..<images {
            let (x, y) = (from + image * rows * columns, to + image * rows * columns)
            for first in stride(from: 0, to: rows, by: block) {
                let end = min(first + block, rows)
                for column in 0..<columns {
                    for row in first..<end { y[column * rows + row] = x[row * columns + column] }
                }
            }
        }
    }
}
