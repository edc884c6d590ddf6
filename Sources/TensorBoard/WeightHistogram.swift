/// The values between two edges, the right one excluded but for the last bucket.
package struct HistogramBucket: Equatable, Sendable {
    package var left: Double
    package var right: Double
    package var count: Double

    package init(left: Double, right: Double, count: Double) {
        (self.left, self.right, self.count) = (left, right, count)
    }
}

/// Histograms of weights: 30 buckets of one width from the smallest to the greatest value, as TensorBoard's
/// own summaries have them. Values that are not finite are left out.
package enum WeightHistogram {
    package static let bucketCount = 30

    package static func buckets(of values: UnsafeBufferPointer<Float>) -> [HistogramBucket] {
        var (least, most, count) = (Float.infinity, -Float.infinity, 0)
        for value in values where value.isFinite {
            (least, most, count) = (min(least, value), max(most, value), count + 1)
        }
        guard count > 0 else { return [] }
        let (low, high) = (Double(least), Double(most))
        guard low < high else {
            return [HistogramBucket(left: low - 0.5, right: low + 0.5, count: Double(count))]
        }
        var counts = [Int](repeating: 0, count: bucketCount)
        let scale = Double(bucketCount) / (high - low)
        for value in values where value.isFinite {
            counts[min(bucketCount - 1, Int((Double(value) - low) * scale))] += 1
        }
        func edge(_ index: Int) -> Double {
            index == bucketCount ? high : low + (high - low) * Double(index) / Double(bucketCount)
        }
        return counts.enumerated().map {
            HistogramBucket(left: edge($0), right: edge($0 + 1), count: Double($1))
        }
    }
}
