import Datasets
import Testing

@Suite struct BatchGeometryTests {
    @Test(arguments: [
        (1, 1), (31, 1), (63, 1), (64, 2), (127, 2), (128, 4), (255, 4), (256, 8), (100_000, 8),
    ])
    func theDefaultLeavesEnoughForEach(batchSize: Int, microbatches: Int) {
        #expect(BatchGeometry.microbatchesOfVersion02(batchSize: batchSize) == microbatches)
    }

    @Test func theLastBatchIsRagged() {
        let geometry = BatchGeometry(sampleCount: 1_437, batchSize: 64, microbatches: 2)
        #expect(geometry.stepsPerEpoch == 23)
        #expect(geometry.samples(ofStep: 0) == 0..<64)
        #expect(geometry.samples(ofStep: 22) == 1_408..<1_437)
        #expect(geometry.microbatches == 2)
        #expect((0..<2).map { geometry.samples(ofMicrobatch: $0, inBatchOf: 29) } == [0..<14, 14..<29])
        #expect(BatchGeometry(sampleCount: 128, batchSize: 64, microbatches: 2).stepsPerEpoch == 2)
    }

    @Test func aBatchBelowVHasEmptyMicrobatches() {
        let geometry = BatchGeometry(sampleCount: 100, batchSize: 3, microbatches: 8)
        func nonEmpty(_ count: Int) -> [Int] {
            (0..<8).filter { !geometry.samples(ofMicrobatch: $0, inBatchOf: count).isEmpty }
        }
        #expect(nonEmpty(3) == [2, 5, 7])
        #expect(nonEmpty(1) == [7])
    }

    @Test func microbatchesTileEveryBatch() {
        for microbatches in 1...9 {
            for size in 1...40 {
                let geometry = BatchGeometry(sampleCount: 40, batchSize: 40, microbatches: microbatches)
                let ranges = (0..<microbatches).map { geometry.samples(ofMicrobatch: $0, inBatchOf: size) }
                #expect(ranges.flatMap { Array($0) } == Array(0..<size))
                // No microbatch is larger than another by more than one sample.
                #expect(
                    ranges.allSatisfy {
                        $0.count == size / microbatches || $0.count == (size - 1) / microbatches + 1
                    })
            }
        }
    }

    @Test func theOrderIsAPermutationOfSeedAndEpoch() {
        let order = SampleOrder.ofEpoch(3, count: 1_000, seed: 7)
        #expect(order.sorted() == Array(0..<1_000))
        #expect(order == SampleOrder.ofEpoch(3, count: 1_000, seed: 7))
        #expect(order != SampleOrder.ofEpoch(4, count: 1_000, seed: 7))
        #expect(order != SampleOrder.ofEpoch(3, count: 1_000, seed: 8))
        #expect(order != Array(0..<1_000))
    }
}
