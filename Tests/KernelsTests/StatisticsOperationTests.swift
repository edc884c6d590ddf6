import Kernels
import Testing

@Suite struct StatisticsOperationTests {
    @Test func sumsAddUp() {
        let operation = StatisticsOperation.sum(width: 3)
        var left = [1.0, 2, 3]
        operation.combine(&left, [10, 20, 30.5])
        #expect(left == [11, 22, 33.5])
        #expect(operation.width == 3 && StatisticsOperation.moments(channels: 4).width == 9)
    }

    /// Chan's formula over the tree equals two passes over all samples, to the accuracy of doubles.
    @Test(
        arguments: [[1, 1], [5, 1], [1, 40, 3], [100, 100, 100, 37], Array(repeating: 8, count: 31)],
        [0.0, 1e6])
    func mergingEqualsTwoPasses(counts: [Int], center: Double) {
        let channels = 3
        var random = RandomStream(seed: 1, purpose: .test, major: counts.count)
        let parts = counts.map { count in
            (0..<count).map { _ in
                (0..<channels).map { c in center * Double(c) + random.normal() * Double(c + 1) }
            }
        }
        let operation = StatisticsOperation.moments(channels: channels)
        let merged = ReductionTree(leaves: counts.count).combine(leaf: { Self.twoPasses(parts[$0], channels) }
        ) { left, right in
            var sum = left
            operation.combine(&sum, right)
            return sum
        }
        let whole = Self.twoPasses(parts.flatMap { $0 }, channels)
        #expect(merged[0] == whole[0])
        for c in 0..<channels {
            let scale = center * Double(c) + 10
            // Some n operations on values of this scale; a mean that is δ off changes M2 by 2 δ Σ|d|.
            let delta = whole[0] * 0x1p-53 * scale
            #expect(abs(merged[1 + c] - whole[1 + c]) <= delta)
            #expect(
                abs(merged[1 + channels + c] - whole[1 + channels + c]) <= 4 * delta * whole[0]
                    * Double(c + 1))
        }
    }

    /// Two samples, by hand.
    @Test func twoSamples() {
        var left = [1.0, 3, 0]
        StatisticsOperation.moments(channels: 1).combine(&left, [1, 7, 0])
        #expect(left == [2, 5, 8])
        StatisticsOperation.moments(channels: 1).combine(&left, [2, 5, 2])
        #expect(left == [4, 5, 10])
    }

    private static func twoPasses(_ samples: [[Double]], _ channels: Int) -> [Double] {
        let n = Double(samples.count)
        let means = (0..<channels).map { c in samples.reduce(0) { $0 + $1[c] } / n }
        let squares = (0..<channels).map { c in
            samples.reduce(0) { $0 + ($1[c] - means[c]) * ($1[c] - means[c]) }
        }
        return [n] + means + squares
    }
}
