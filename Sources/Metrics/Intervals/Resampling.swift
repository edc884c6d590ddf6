import Kernels

/// The percentile bootstrap: intervals of measures from sets of samples that are drawn from the set itself,
/// with replacement (Efron 1979).
package struct Resampling: Equatable, Sendable {
    /// The number of resamples.
    package var count: Int
    package var seed: UInt64
    /// The part of the resamples inside an interval.
    package static let confidence = 0.95

    package init(count: Int = 1000, seed: UInt64 = 0) {
        self.count = count
        self.seed = seed
    }

    /// The number of samples times resamples that takes about a second.
    private static let mostWork = 250_000_000
    private static let fewest = 100

    /// Fewer resamples for large sets, but at least 100.
    /// - Parameter work: the numbers that each resample goes through.
    func limited(work: Int) -> Resampling {
        var limited = self
        limited.count = min(count, max(Self.fewest, Self.mostWork / max(1, work)))
        return limited
    }

    /// How often each sample is in a resample, a pure function of the seed and the resample's index.
    func weights(_ resample: Int, samples: Int) -> [Double] {
        var weights = [Double](repeating: 0, count: samples)
        var stream = RandomStream(seed: seed, purpose: .resampling, major: resample)
        for _ in 0..<samples { weights[stream.below(samples)] += 1 }
        return weights
    }

    /// The interval of each measure: from the 2.5th to the 97.5th percentile over the resamples in which it
    /// is defined; nil if there is none.
    func intervals(samples: Int, _ measure: ([Double]) -> [Double?]) -> [ClosedRange<Double>?] {
        var values: [[Double]] = []
        for resample in 0..<count {
            let measured = measure(weights(resample, samples: samples))
            if values.isEmpty { values = measured.map { _ in [] } }
            for (index, value) in measured.enumerated() {
                if let value, value.isFinite { values[index].append(value) }
            }
        }
        let tail = (1 - Self.confidence) / 2
        return values.map { values in
            guard !values.isEmpty else { return nil }
            let sorted = values.sorted()
            return Quantile.linear(sorted, tail)...Quantile.linear(sorted, 1 - tail)
        }
    }
}
