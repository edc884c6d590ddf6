import Kernels
import System
import TestSupport
import Testing
import Training

@Suite struct TokenSamplingTests {
    private struct Case {
        let sampling: TokenSampling
        let logits: [Float]
        let probabilities: [Double]
    }

    /// The cases of Tests/Fixtures/generation/make_sampling.py.
    private func cases() throws -> [Case] {
        let lines = try ProjectFiles.text("Tests/Fixtures/generation/sampling.txt").split(separator: "\n")
        return try stride(from: 0, to: lines.count, by: 3).map { line in
            let head = lines[line].split(separator: " ")
            try #require(head.count == 4 && head[0] == "case")
            return Case(
                sampling: TokenSampling(
                    temperature: try #require(Double(head[1])), topK: Int(head[2]), topP: Double(head[3]),
                    seed: 1),
                logits: lines[line + 1].split(separator: " ").compactMap { Float($0) },
                probabilities: lines[line + 2].split(separator: " ").compactMap { Double($0) })
        }
    }

    private func probabilities(_ sampling: TokenSampling, _ logits: [Float]) -> [Double] {
        logits.withUnsafeBufferPointer(sampling.probabilities)
    }

    private func choose(_ sampling: TokenSampling, _ logits: [Float], position: Int = 0, sequence: Int = 0)
        -> Int
    {
        logits.withUnsafeBufferPointer { sampling.choose($0, sequence: sequence, position: position) }
    }

    /// The same tokens are left as by transformers, with the same probabilities.
    @Test func distributionsAreThoseOfTransformers() throws {
        let cases = try cases()
        #expect(cases.count == 14)
        for (number, one) in cases.enumerated() {
            let found = probabilities(one.sampling, one.logits)
            #expect(found.count == one.probabilities.count)
            for (token, (own, other)) in zip(found, one.probabilities).enumerated() {
                #expect((own == 0) == (other == 0), "case \(number), token \(token): \(own), \(other)")
                #expect(abs(own - other) <= 2e-6 * other + 1e-12, "case \(number), token \(token)")
            }
        }
    }

    /// The frequencies of 40,000 draws: chi-square of the tokens that are expected at least 5 times, below
    /// its mean plus six standard deviations. The draws follow from the seed, so that the test always gives
    /// the same.
    @Test(arguments: [
        TokenSampling(seed: 3), TokenSampling(temperature: 0.7, seed: 4),
        TokenSampling(topK: 12, seed: 5), TokenSampling(topP: 0.8, seed: 6),
        TokenSampling(temperature: 1.5, topK: 30, topP: 0.9, seed: 7),
    ])
    func draws(sampling: TokenSampling) {
        var random = RandomStream(seed: 8, purpose: .test)
        let logits = (0..<80).map { _ in Float(2 * random.normal()) }
        let draws = 40_000
        var counts = [Int](repeating: 0, count: logits.count)
        for draw in 0..<draws {
            counts[choose(sampling, logits, position: draw / 4, sequence: draw % 4)] += 1
        }
        var (chi, cells) = (0.0, 0.0)
        for (count, probability) in zip(counts, probabilities(sampling, logits)) {
            let expected = Double(draws) * probability
            if probability == 0 { #expect(count == 0) }
            guard expected >= 5 else { continue }
            chi += (Double(count) - expected) * (Double(count) - expected) / expected
            cells += 1
        }
        #expect(cells >= 8 && chi < cells + 6 * (2 * cells).squareRoot(), "\(chi) of \(cells)")
    }

    @Test func equalLogits() {
        let flat = [Float](repeating: 1.5, count: 500)
        #expect(choose(TokenSampling(temperature: 0, seed: 1), flat) == 0)
        #expect(choose(TokenSampling(temperature: 0, seed: 1), [1, 3, 2, 3]) == 1)
        let three = probabilities(TokenSampling(topK: 3, seed: 1), flat)
        #expect(three.indices.filter { three[$0] > 0 } == [0, 1, 2])
        let ties = probabilities(TokenSampling(topK: 2, seed: 1), [0, 2, 1, 2, 2])
        #expect(ties == [0, 0.5, 0, 0.5, 0])
        let half = probabilities(TokenSampling(topP: 0.5, seed: 1), [1, 1, 1, 1])
        #expect(half == [0.5, 0.5, 0, 0])
    }

    /// Filters that leave all tokens change no draw, and a small temperature is no division by zero.
    @Test func filtersThatLeaveAll() {
        var random = RandomStream(seed: 9, purpose: .test)
        let logits = (0..<300).map { _ in Float(random.normal()) }
        for position in 0..<200 {
            let plain = choose(TokenSampling(seed: 2), logits, position: position)
            for other in [TokenSampling(topK: 300, seed: 2), TokenSampling(topP: 1, seed: 2)] {
                #expect(choose(other, logits, position: position) == plain)
            }
        }
        let greedy = choose(TokenSampling(temperature: 0, seed: 1), logits)
        for temperature in [2024 * Double.leastNonzeroMagnitude, 1e-7, 1e-5] {
            #expect(choose(TokenSampling(temperature: temperature, seed: 1), logits) == greedy)
        }
        #expect(choose(TokenSampling(topP: 0, seed: 1), logits) == greedy)
        #expect(choose(TokenSampling(topK: 1, seed: 1), logits) == greedy)
    }

    /// The largest of many logits, found with a heap, are those of a sort.
    @Test(arguments: [1, 2, 63, 64, 1000, 40_000, 50_257]) func largeVocabulary(count: Int) {
        var random = RandomStream(seed: 10, purpose: .test, major: count)
        let logits = (0..<50_257).map { _ in Float(random.below(2000)) / 64 }
        let found = probabilities(TokenSampling(topK: count, seed: 1), logits)
        let sorted = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
        let largest = logits.max() ?? 0
        let expected = sorted.prefix(count).filter { logits[$0] - largest > -87 }
        #expect(found.indices.filter { found[$0] > 0 } == expected.sorted())
    }
}
