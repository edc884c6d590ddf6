/// The reliability of probabilities: how often what they speak of is true, in bins of equal width. A bin
/// contains its upper end; the first one contains 0, too.
package struct ReliabilityCurve: Sendable {
    package struct Bin: Equatable, Sendable {
        /// Probabilities in the bin.
        package var count = 0
        /// The mean of the probabilities; nil for an empty bin.
        package var meanProbability: Double? { count > 0 ? probabilities / Double(count) : nil }
        /// The fraction of them that is true; nil for an empty bin.
        package var fractionTrue: Double? { count > 0 ? Double(hits) / Double(count) : nil }
        /// How many of them are true.
        package var hits = 0
        private var probabilities = 0.0

        mutating func add(_ probability: Double, isTrue: Bool) {
            count += 1
            probabilities += probability
            if isTrue { hits += 1 }
        }
    }

    package private(set) var bins: [Bin]

    /// - Parameters:
    ///   - probabilities: 0 … 1.
    ///   - outcomes: for each probability, whether what it speaks of is true.
    package init(_ probabilities: [Double], _ outcomes: [Bool], bins count: Int = ProbabilityScores.bins) {
        precondition(probabilities.count == outcomes.count, "each probability has an outcome")
        bins = Array(repeating: Bin(), count: count)
        for (probability, isTrue) in zip(probabilities, outcomes) {
            bins[ProbabilityScores.bin(of: probability, among: count)].add(probability, isTrue: isTrue)
        }
    }
}
