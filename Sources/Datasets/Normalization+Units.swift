import System

// Whether further data are in the unit of the training data.
extension Normalization {
    /// Fewer numbers in each channel say nothing about their spread.
    private static let leastNumbers = 16
    /// Ranges of data in the same unit, as parts of the training data's standard deviation or range.
    private static let usualRanges = 0.05...200

    /// The remark that a data set is in another unit than the training data, if the range of every channel is
    /// far smaller or far larger: pixels from 0 to 1 in place of bytes, or the other way round. Nil if it is
    /// not, or if the features are used as they are.
    ///
    /// - Parameter name: what the remark calls the data set: `test`, or a path.
    package func unitNote(on dataset: Dataset, named name: String) -> DataNote? {
        let channels = factor.count
        guard kind != .none, channels == dataset.form.channelCount,
            dataset.count * dataset.sampleSize / channels >= Self.leastNumbers
        else { return nil }
        let ranges = Self.range(of: dataset, channels: channels)
        let spread = zip(ranges.greatest, ranges.least).map { $0 - $1 }
        let changing = spread.indices.filter { spread[$0] > 0 }
        guard let first = changing.first else { return nil }
        let parts = changing.map { spread[$0] * Double(factor[$0]) }
        let isSmaller = parts.allSatisfy { $0 < Self.usualRanges.lowerBound }
        guard isSmaller || parts.allSatisfy({ $0 > Self.usualRanges.upperBound }) else { return nil }
        let measure = kind == .minMax ? "range" : "standard deviation"
        let usual = TextFormat.measure(1 / Double(factor[first]))
        return DataNote(
            "other_unit",
            "the values of `\(name)` have a range of \(TextFormat.measure(spread[first])), those of the"
                + " training data a \(measure) of \(usual)",
            cure: "give both in the same unit, for example bytes from 0 to 255 or numbers from 0 to 1")
    }
}
