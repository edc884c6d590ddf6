import Kernels
import Testing

/// Both orders of an image's values, against their definition.
@Suite struct ChannelOrderTests {
    @Test(arguments: [(1, 1, 1), (2, 6, 3), (3, 49, 17), (1, 16, 16), (2, 1, 40), (2, 40, 1), (1, 33, 5)])
    func movesEachValueToItsPlace(images: Int, positions: Int, channels: Int) {
        let count = images * positions * channels
        let values = (0..<count).map { Float($0) }
        var moved = [Float](repeating: -1, count: count)
        ChannelOrder.channelsFirst(
            values, into: &moved, images: images, positions: positions, channels: channels)
        for image in 0..<images {
            for position in 0..<positions {
                for channel in 0..<channels {
                    let from = (image * positions + position) * channels + channel
                    let to = (image * channels + channel) * positions + position
                    #expect(moved[to] == values[from])
                }
            }
        }
        var back = [Float](repeating: -1, count: count)
        ChannelOrder.channelsLast(
            moved, into: &back, images: images, positions: positions, channels: channels)
        #expect(back == values)
    }
}
