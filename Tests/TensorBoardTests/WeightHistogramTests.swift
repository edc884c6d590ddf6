import TensorBoard
import TestSupport
import Testing

@Suite struct WeightHistogramTests {
    private func buckets(_ values: [Float]) -> [HistogramBucket] {
        values.withUnsafeBufferPointer { WeightHistogram.buckets(of: $0) }
    }

    /// Every value is in a bucket whose edges are around it, and the buckets follow each other.
    @Test(arguments: [2, 3, 31, 1000]) func everyValueIsCounted(count: Int) {
        var random = SplitMix(state: UInt64(count))
        let values = (0..<count).map { _ in Float.random(in: -2...3, using: &random) }
        let found = buckets(values)
        #expect(found.count == 30 && found.map(\.count).reduce(0, +) == Double(count))
        #expect(found.first?.left == values.min().map(Double.init))
        #expect(found.last?.right == values.max().map(Double.init))
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.right == $1.left && $0.left < $0.right })
        // Edges are rounded, so that a value very near to one may be counted beside it.
        let width = (found[29].right - found[0].left) / 30
        for (index, bucket) in found.enumerated() {
            let surely = values.filter {
                Double($0) > bucket.left + 1e-9 * width && Double($0) < bucket.right - 1e-9 * width
            }
            let perhaps = values.filter {
                Double($0) >= bucket.left - 1e-9 * width && Double($0) <= bucket.right + 1e-9 * width
            }
            #expect((surely.count...perhaps.count).contains(Int(bucket.count)), "bucket \(index)")
        }
    }

    @Test func specialValues() {
        #expect(buckets([]) == [] && buckets([.nan, .infinity]) == [])
        #expect(buckets([2, 2, .nan]) == [HistogramBucket(left: 1.5, right: 2.5, count: 2)])
        let extremes = buckets([-.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude, -.infinity])
        #expect(extremes.map(\.count).reduce(0, +) == 3 && extremes[0].count == 1 && extremes[29].count == 1)
        #expect(buckets([0, .leastNonzeroMagnitude]).map(\.count).reduce(0, +) == 2)
    }
}
