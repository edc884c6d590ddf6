import Telemetry
import Testing

@Suite struct CurveTests {
    private func curve(_ values: [Double] = []) -> Curve {
        var curve = Curve(Curve.Label(id: "a", group: "a", name: "a"))
        for (index, value) in values.enumerated() { curve.add(value, step: index + 1) }
        return curve
    }

    @Test func fewValuesAreKeptAsTheyAre() {
        let curve = curve((1...512).map { Double($0) })
        #expect(curve.stride == 1)
        #expect(curve.x == Array(1...512))
        #expect(curve.y == curve.low && curve.y == curve.high)
    }

    /// The 513th value finds no room: pairs are merged.
    @Test func neighboursAreMerged() {
        let curve = curve((1...513).map { $0 % 2 == 0 ? Double($0) : -Double($0) })
        #expect(curve.stride == 2)
        #expect(curve.x == (1...256).map { 2 * $0 } + [513])
        #expect(curve.y.prefix(2) == [2, 4] && curve.y.last == -513)
        #expect(curve.low.prefix(2) == [-1, -3])
        #expect(curve.high.prefix(2) == [2, 4])
    }

    /// Against all values: each bucket has the last, the smallest and the greatest one of its own.
    @Test(arguments: [1, 511, 512, 513, 1_024, 1_025, 5_000, 100_000])
    func bucketsTellOfTheirValues(count: Int) {
        var generator = SystemRandomNumberGenerator()
        let values = (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
        let curve = curve(values)
        #expect(curve.x.count <= Curve.mostBuckets)
        #expect(curve.x.count == (count + curve.stride - 1) / curve.stride)
        for (bucket, first) in stride(from: 0, to: count, by: curve.stride).enumerated() {
            let part = values[first..<min(count, first + curve.stride)]
            #expect(curve.x[bucket] == first + part.count)
            #expect(curve.y[bucket] == part.last)
            #expect(curve.low[bucket] == part.min())
            #expect(curve.high[bucket] == part.max())
        }
    }

    /// A million steps with two peaks: bounded, and the peaks are there.
    @Test func aMillionStepsKeepTheirPeaks() {
        var curve = curve()
        for step in 1...1_000_000 {
            curve.add(step == 123_457 ? 1e6 : step == 654_321 ? -1e6 : 1, step: step)
        }
        #expect(curve.stride == 2_048)
        #expect(curve.x.count == 489)
        #expect(curve.x.last == 1_000_000)
        #expect(curve.high.max() == 1e6 && curve.low.min() == -1e6)
        #expect(curve.high.count { $0 != 1 } == 1 && curve.low.count { $0 != 1 } == 1)
        #expect([curve.x.capacity, curve.y.capacity, curve.low.capacity].max() ?? 0 <= 4 * Curve.mostBuckets)
    }

    /// An audit takes steps back, and they come again.
    @Test func aStepThatComesAgainReplacesWhatFollowed() {
        var curve = curve([1, 2, 3, 4, 5])
        curve.forgetChanges()
        curve.add(30, step: 3)
        #expect(curve.x == [1, 2, 3] && curve.y == [1, 2, 30] && curve.high == [1, 2, 30])
        #expect(curve.changedFrom == 2)
        curve.add(40, step: 4)
        #expect(curve.x == [1, 2, 3, 4] && curve.y.last == 40)
    }

    @Test func aThinnedCurveIsCutAtABucket() {
        var curve = curve((1...600).map { $0 == 600 ? 1e9 : Double($0) })
        #expect(curve.stride == 2)
        curve.add(-5, step: 600)
        #expect(curve.x.suffix(2) == [598, 600] && curve.y.last == -5)
        #expect(curve.high.max() == 598, "the peak that was taken back is gone")
        for step in 601...700 { curve.add(0, step: step) }
        #expect(curve.x.count <= Curve.mostBuckets)
        #expect(zip(curve.x, curve.x.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func changesAreCountedFromTheFirstBucketThatChanged() {
        var curve = curve()
        #expect(curve.changedFrom == nil)
        for step in 1...512 { curve.add(0, step: step) }
        #expect(curve.changedFrom == 0)
        curve.forgetChanges()
        #expect(curve.changedFrom == nil)
        curve.add(0, step: 513)
        #expect(curve.changedFrom == 0, "all buckets are others after a merge")
        curve.forgetChanges()
        curve.add(0, step: 514)
        #expect(curve.changedFrom == 256)
    }

    /// A value that is no number hides no other one.
    @Test func whatIsNoNumberHidesNothing() {
        var values = [Double](repeating: 1, count: 514)
        (values[0], values[3]) = (.nan, .nan)
        let curve = curve(values)
        #expect(curve.low.prefix(2) == [1, 1] && curve.high.prefix(2) == [1, 1])
        #expect(curve.y[0] == 1 && curve.y[1].isNaN)
    }
}
