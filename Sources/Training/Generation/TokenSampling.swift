import Kernels

/// The rule by which a generated token is chosen from a model's logits.
///
/// For example, temperature 0.8 with `topK` 40: of the 40 most probable tokens one is drawn, with
/// probabilities `softmax(logits / 0.8)`. A draw is a pure function of the seed, the sequence's number and
/// the position, so that the same seed gives the same text.
package struct TokenSampling: Equatable, Sendable {
    /// Divides the logits: below 1 the probable tokens become more probable. 0 takes the most probable one.
    package var temperature = 1.0
    /// Only so many of the most probable tokens are drawn from; nil: all.
    package var topK: Int?
    /// Only the most probable tokens whose probabilities add up to this are drawn from, from above 0 to 1;
    /// nil: all (https://arxiv.org/abs/1904.09751).
    package var topP: Double?
    package var seed: UInt64

    package init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, seed: UInt64) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    /// Chooses a token. Between equal logits the lower token comes first.
    ///
    /// - Parameters:
    ///   - logits: one for each token, at least one.
    ///   - sequence: the number of the sequence among those that are generated with this seed.
    ///   - position: the token's place in it.
    package func choose(
        _ logits: UnsafeBufferPointer<Float>, sequence: Int, position: Int
    ) -> Int {
        guard temperature > 0 else { return Self.mostProbable(logits) }
        let candidates = candidates(logits)
        let largest = Double(logits[candidates[0]])
        var weights = candidates.map {
            ScalarMath.exp((Double(logits[$0]) - largest) / temperature)
        }
        if let topP {
            let enough = topP * weights.reduce(0, +)
            var (sum, count) = (0.0, 0)
            while count < weights.count, count == 0 || sum < enough {
                sum += weights[count]
                count += 1
            }
            weights.removeLast(weights.count - count)
        }
        var stream = RandomStream(seed: seed, purpose: .generation, major: sequence, minor: position)
        var rest = stream.uniform() * weights.reduce(0, +)
        for (candidate, weight) in zip(candidates, weights) {
            rest -= weight
            if rest < 0 { return candidate }
        }
        return candidates[weights.count - 1]
    }

    private static func mostProbable(_ logits: UnsafeBufferPointer<Float>) -> Int {
        var best = 0
        for token in 1..<max(1, logits.count) where logits[token] > logits[best] { best = token }
        return best
    }

    /// The tokens that may be drawn, the most probable first.
    private func candidates(_ logits: UnsafeBufferPointer<Float>) -> [Int] {
        func comesFirst(_ one: Int, _ other: Int) -> Bool {
            logits[one] == logits[other] ? one < other : logits[one] > logits[other]
        }
        let sorted = Array(0..<logits.count).sorted(by: comesFirst)
        return topK.map { Array(sorted.prefix(max(1, $0))) } ?? sorted
    }
}
