/// A sample of a column's numbers, every k-th of them, for quartiles of a long column.
struct ValueSample {
    private var values: [Double] = []
    private var stride = 1
    private var skipped = 0

    private static let most = 8_192

    mutating func add(_ value: Double) {
        skipped += 1
        guard skipped == stride else { return }
        skipped = 0
        values.append(value)
        guard values.count == Self.most else { return }
        values = Swift.stride(from: 0, to: values.count, by: 2).map { values[$0] }
        stride *= 2
    }

    /// The values at these fractions of the sorted sample, with linear interpolation.
    func quantiles(_ fractions: [Double]) -> [Double] {
        let sorted = values.sorted()
        return fractions.map { fraction in
            guard let last = sorted.indices.last else { return 0 }
            let place = fraction * Double(last)
            let index = min(last, Int(place))
            let next = min(last, index + 1)
            return sorted[index] + (place - Double(index)) * (sorted[next] - sorted[index])
        }
    }

    /// The sample of the numbers plus `offset`.
    func shifted(by offset: Double) -> ValueSample {
        var sample = self
        sample.values = values.map { $0 + offset }
        return sample
    }

    /// The fraction of the sample outside of an interval.
    func fraction(outside interval: ClosedRange<Double>) -> Double {
        guard !values.isEmpty else { return 0 }
        return Double(values.count { !interval.contains($0) }) / Double(values.count)
    }
}
