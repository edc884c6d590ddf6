/// The least and the greatest of some numbers, and how they are spread.
package struct NumberRange: Equatable, Sendable {
    package let least: Double
    package let greatest: Double
    package let mean: Double
    /// The standard deviation over all numbers.
    package let deviation: Double
    /// Quartiles are those of a sample of at most 8,192 numbers.
    package let firstQuartile: Double
    package let median: Double
    package let thirdQuartile: Double
    /// The fraction of numbers more than 3 interquartile ranges outside of the quartiles, in the sample.
    package let outliers: Double

    init(least: Double, greatest: Double, mean: Double, deviation: Double, sample: ValueSample) {
        self.least = least
        self.greatest = greatest
        self.mean = mean
        self.deviation = deviation
        let quartiles = sample.quantiles([0.25, 0.5, 0.75])
        firstQuartile = quartiles[0]
        median = quartiles[1]
        thirdQuartile = quartiles[2]
        let reach = 3 * (quartiles[2] - quartiles[0])
        outliers = reach > 0 ? sample.fraction(outside: quartiles[0] - reach...quartiles[2] + reach) : 0
    }

    /// Measures numbers one by one.
    struct Measurement {
        private(set) var count = 0
        private var least = Double.infinity
        private var greatest = -Double.infinity
        /// Sums of differences from the first number, and of their squares.
        private var origin = 0.0
        private var differences = 0.0
        private var squares = 0.0
        private var sample = ValueSample()

        @inline(__always)
        mutating func add(_ value: Double) {
            if count == 0 { origin = value }
            count += 1
            least = min(least, value)
            greatest = max(greatest, value)
            let difference = value - origin
            differences += difference
            squares += difference * difference
            sample.add(value)
        }

        /// The measured range of the numbers plus `offset`; nil without numbers.
        func range(offset: Double = 0) -> NumberRange? {
            guard count > 0 else { return nil }
            let mean = differences / Double(count)
            let variance = max(0, squares / Double(count) - mean * mean)
            return NumberRange(
                least: least + offset, greatest: greatest + offset, mean: origin + mean + offset,
                deviation: variance.squareRoot(), sample: offset == 0 ? sample : sample.shifted(by: offset))
        }
    }
}
