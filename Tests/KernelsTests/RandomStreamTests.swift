import Kernels
import Testing

@Suite struct RandomStreamTests {
    /// The layout that the documentation promises, computed from Philox alone.
    @Test func wordsFollowTheDocumentedCounter() {
        var stream = RandomStream(seed: 0x0123_4567_89AB_CDEF, purpose: .dropout, major: 70_000, minor: 9)
        for block: UInt32 in 0..<3 {
            let words = Philox.block(
                counter: SIMD4(block, 9, 70_000, 3), key: SIMD2(0x89AB_CDEF, 0x0123_4567))
            for lane in 0..<4 { #expect(stream.nextUInt32() == words[lane]) }
        }
        var other = RandomStream(
            seed: 0x0123_4567_89AB_CDEF, purpose: .dropout, major: 70_000, minor: 9, position: 6)
        let words = other.block(1)
        #expect(other.nextUInt64() == UInt64(words[3]) << 32 | UInt64(words[2]))
        #expect(other.nextUInt32() == other.block(2)[0])
    }

    @Test func everyCoordinateMatters() {
        let draws = [
            RandomStream(seed: 1, purpose: .test), RandomStream(seed: 1 << 32, purpose: .test),
            RandomStream(seed: 1, purpose: .split), RandomStream(seed: 1, purpose: .test, major: 1),
            RandomStream(seed: 1, purpose: .test, minor: 1),
            RandomStream(seed: 1, purpose: .test, position: 4),
        ].map { stream in
            var stream = stream
            return stream.nextUInt64()
        }
        #expect(Set(draws).count == draws.count)
    }

    @Test func uniformNumbersFillTheInterval() {
        var stream = RandomStream(seed: 7, purpose: .test)
        var tenths = [Int](repeating: 0, count: 10)
        for _ in 0..<100_000 {
            let u = stream.uniform()
            #expect(u >= 0 && u < 1)
            tenths[Int(u * 10)] += 1
        }
        // 10,000 expected in each, with a standard deviation of 95
        #expect(tenths.allSatisfy { abs($0 - 10_000) < 475 })
        for _ in 0..<1000 {
            let v = stream.uniform(in: -3 ..< -1)
            #expect(v >= -3 && v <= -1)
        }
    }

    @Test func normalNumbersHaveTheMomentsOfTheNormal() {
        var stream = RandomStream(seed: 8, purpose: .test)
        let count = 200_000
        var (mean, square, fourth, beyond) = (0.0, 0.0, 0.0, 0)
        for _ in 0..<count {
            let x = stream.normal()
            mean += x / Double(count)
            square += x * x / Double(count)
            fourth += x * x * x * x / Double(count)
            if abs(x) > 1.959964 { beyond += 1 }
        }
        #expect(abs(mean) < 0.012)
        #expect(abs(square - 1) < 0.016)
        #expect(abs(fourth - 3) < 0.12)
        #expect(abs(Double(beyond) / Double(count) - 0.05) < 0.0025)
    }

    @Test func integersBelowABoundAreEven() {
        var stream = RandomStream(seed: 9, purpose: .test)
        for bound in [1, 2, 3, 7, 10] {
            var counts = [Int](repeating: 0, count: bound)
            for _ in 0..<50_000 { counts[stream.below(bound)] += 1 }
            let expected = 50_000.0 / Double(bound)
            #expect(counts.allSatisfy { abs(Double($0) - expected) <= 5 * expected.squareRoot() })
        }
        // A bound where plain scaling of 64 bits would give every third integer twice as often.
        let large = Int.max / 3 * 2
        var low = 0
        for _ in 0..<20_000 where stream.below(large) < large / 2 { low += 1 }
        #expect(abs(low - 10_000) < 355)
    }

    @Test func permutationsHoldEachIndexOnceAndAreEven() {
        var stream = RandomStream(seed: 10, purpose: .test)
        for count in [0, 1, 2, 17, 1000] { #expect(stream.permutation(count).sorted() == Array(0..<count)) }
        var seen: [[Int]: Int] = [:]
        for _ in 0..<24_000 { seen[stream.permutation(4), default: 0] += 1 }
        #expect(seen.count == 24)
        #expect(seen.values.allSatisfy { abs($0 - 1000) < 160 })
    }

    /// These bits are in checkpoints and results of old runs: they must never change. (First computed by a
    /// Python script of the documentation.)
    @Test func drawsOfOldVersionsAreKept() {
        var stream = RandomStream(seed: 1, purpose: .initialization, major: 2, minor: 3)
        let draws = [stream.uniform().bitPattern, stream.normal().bitPattern, UInt64(stream.below(1000))]
        #expect(draws == [4_600_865_693_783_371_280, 4_607_200_045_249_759_046, 594])
        #expect(RandomStream.permutationOfTen == [6, 8, 1, 4, 2, 9, 3, 0, 7, 5])
    }
}

extension RandomStream {
    fileprivate static var permutationOfTen: [Int] {
        var stream = RandomStream(seed: 1, purpose: .sampleOrder, major: 5)
        return stream.permutation(10)
    }
}
