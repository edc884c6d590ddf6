/// How an epoch is cut into global mini-batches, and each of these into V microbatches. It is a function of
/// the job alone, whatever computes it:
///
///     let geometry = BatchGeometry(sampleCount: 1_437, batchSize: 64, microbatches: 2)
///     geometry.stepsPerEpoch                                      // 23
///     geometry.microbatches                                       // V = 2
///     let batch = geometry.samples(ofStep: 22)                    // 1408..<1437, the ragged last batch
///     geometry.samples(ofMicrobatch: 0, inBatchOf: batch.count)   // 0..<14
///
/// Microbatch i of a batch of B samples holds its samples ⌊iB/V⌋ … ⌊(i+1)B/V⌋ − 1. The last batch of an epoch
/// may be smaller (ragged). A batch that is smaller than V has empty microbatches, which take no part.
package struct BatchGeometry: Equatable, Sendable {
    /// Samples of an epoch.
    package let sampleCount: Int
    /// Samples of a full batch, at most `sampleCount`.
    package let batchSize: Int
    /// V, the number of microbatches of every batch.
    package let microbatches: Int

    /// - Parameter microbatches: V.
    package init(sampleCount: Int, batchSize: Int, microbatches: Int) {
        precondition(
            sampleCount > 0 && batchSize > 0 && microbatches > 0,
            "Samples, batches and microbatches are positive numbers")
        self.sampleCount = sampleCount
        self.batchSize = min(batchSize, sampleCount)
        self.microbatches = microbatches
    }

    /// The largest power of two from 1 to 8 that leaves so many samples for each microbatch.
    package static func defaultMicrobatches(batchSize: Int, leastSamples: Int) -> Int {
        var count = 8
        while count > 1, batchSize / count < leastSamples { count /= 2 }
        return count
    }

    /// The largest power of two from 1 to 8 that leaves a sequence and 16 positions for each microbatch.
    package static func defaultMicrobatches(ofSequences batchSize: Int, positions: Int) -> Int {
        var count = 8
        while count > 1, batchSize < count || batchSize / count * positions < 16 { count /= 2 }
        return count
    }

    /// The default of V in version 0.2, and now of models whose batch norms normalise each microbatch by
    /// itself: 32 samples or more in each.
    package static func microbatchesOfVersion02(batchSize: Int) -> Int {
        defaultMicrobatches(batchSize: batchSize, leastSamples: 32)
    }

    /// Batches of an epoch, the ragged one included.
    package var stepsPerEpoch: Int { (sampleCount + batchSize - 1) / batchSize }

    /// The positions in the epoch's sample order that make the batch of `step` (counted from 0 in the epoch).
    package func samples(ofStep step: Int) -> Range<Int> {
        precondition(step >= 0 && step < stepsPerEpoch, "An epoch's steps are counted from 0")
        return step * batchSize..<min(sampleCount, (step + 1) * batchSize)
    }

    /// The samples that microbatch `index` holds in a batch of `count` samples; empty where it gets none.
    package func samples(ofMicrobatch index: Int, inBatchOf count: Int) -> Range<Int> {
        precondition(index >= 0 && index < microbatches, "A microbatch's index is below V")
        return index * count / microbatches..<(index + 1) * count / microbatches
    }
}
