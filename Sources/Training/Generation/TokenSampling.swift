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
    /// Only the most probable tokens whose probabilities add up to this are drawn from, at least one;
    /// nil: all (https://arxiv.org/abs/1904.09751).
    package var topP: Double?
    package var seed: UInt64

    /// Temperatures below it count as 0.
    private static let leastTemperature = 1e-6
    /// The most probable tokens that are looked for first, for `topP`.
    private static let firstCandidates = 64

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
    ///   - position: the token's place among those that were generated, from 0.
    package func choose(
        _ logits: UnsafeBufferPointer<Float>, sequence: Int, position: Int
    ) -> Int {
        guard temperature >= Self.leastTemperature else { return Self.mostProbable(logits) }
        let weights = weights(of: logits)
        var stream = RandomStream(seed: seed, purpose: .generation, major: sequence, minor: position)
        let fraction = stream.uniform()
        guard let candidates = candidates(logits, weights) else {
            return Self.draw(fraction, from: logits.indices, weights)
        }
        return Self.draw(fraction, from: candidates, weights)
    }

    /// The probability of every token, 0 for those that are not drawn.
    package func probabilities(of logits: UnsafeBufferPointer<Float>) -> [Double] {
        var probabilities = [Double](repeating: 0, count: logits.count)
        guard temperature >= Self.leastTemperature else {
            probabilities[Self.mostProbable(logits)] = 1
            return probabilities
        }
        let weights = weights(of: logits)
        let candidates = candidates(logits, weights) ?? Array(logits.indices)
        let sum = Self.sum(candidates, weights)
        for token in candidates { probabilities[token] = Double(weights.pointer[token]) / sum }
        return probabilities
    }

    /// Returns the token at which the running sum of the weights passes a fraction of the whole sum.
    private static func draw(
        _ fraction: Double, from tokens: some RandomAccessCollection<Int>, _ weights: FloatBuffer
    ) -> Int {
        var rest = fraction * sum(tokens, weights)
        var last = tokens[tokens.startIndex]
        for token in tokens where weights.pointer[token] > 0 {
            rest -= Double(weights.pointer[token])
            if rest < 0 { return token }
            last = token
        }
        return last
    }

    private static func sum(_ tokens: some Collection<Int>, _ weights: FloatBuffer) -> Double {
        var sum = 0.0
        for token in tokens { sum += Double(weights.pointer[token]) }
        return sum
    }

    private static func mostProbable(_ logits: UnsafeBufferPointer<Float>) -> Int {
        var best = 0
        for token in 1..<max(1, logits.count) where logits[token] > logits[best] { best = token }
        return best
    }

    /// exp((logit − largest logit) / temperature) of every token.
    private func weights(of logits: UnsafeBufferPointer<Float>) -> FloatBuffer {
        let weights = FloatBuffer(count: logits.count)
        let (largest, divisor) = (logits[Self.mostProbable(logits)], Float(temperature))
        for token in logits.indices { weights.pointer[token] = (logits[token] - largest) / divisor }
        VectorMath.exp(weights.pointer, into: weights.pointer, count: logits.count)
        return weights
    }

    /// The tokens that may be drawn, in ascending order; nil: all.
    private func candidates(_ logits: UnsafeBufferPointer<Float>, _ weights: FloatBuffer) -> [Int]? {
        let most = min(topK.map { max(1, $0) } ?? logits.count, logits.count)
        guard let topP, topP < 1 else {
            return most < logits.count ? MostProbableTokens(most, of: logits).tokens.sorted() : nil
        }
        // The first tokens of a sharp distribution are enough; a flat one needs many, which takes longer.
        var count = min(most, Self.firstCandidates)
        let wholeSum = topK == nil ? Self.sum(logits.indices, weights) : nil
        while true {
            let ranked = MostProbableTokens(wholeSum == nil ? most : count, of: logits).tokens
            let enough = topP * (wholeSum ?? Self.sum(ranked, weights))
            if let prefix = Self.prefix(of: ranked, weights, reaching: enough) { return prefix.sorted() }
            if ranked.count == most { return ranked.sorted() }
            count = min(most, count * 16)
        }
    }

    /// The first tokens whose weights add up to a sum; nil if all of them do not.
    private static func prefix(of tokens: [Int], _ weights: FloatBuffer, reaching enough: Double)
        -> ArraySlice<Int>?
    {
        var sum = 0.0
        for (index, token) in tokens.enumerated() {
            sum += Double(weights.pointer[token])
            if sum >= enough { return tokens[...index] }
        }
        return nil
    }
}
