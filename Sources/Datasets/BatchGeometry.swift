/// How an epoch is cut into global mini-batches, and each of these into microbatches: a function of the job alone, whatever computes it.
///
/// Microbatch i of a batch of B samples holds its samples ⌊iB/V⌋ … ⌊(i+1)B/V⌋ - 1. An epoch's last batch may be smaller (ragged), and a batch
/// smaller than V has empty microbatches, which take no part.
package struct BatchGeometry: Equatable, Sendable {
    package let sampleCount: Int
    package let batchSize: Int
    /// V
    package let microbatches: Int

    /// - Parameter microbatches: nil takes `defaultMicrobatches`
    package init(sampleCount: Int, batchSize: Int, microbatches: Int? = nil) {
        precondition(
            sampleCount > 0 && batchSize > 0 && (microbatches ?? 1) > 0,
            "Samples, batches and microbatches are positive numbers")
        self.sampleCount = sampleCount
        self.batchSize = min(batchSize, sampleCount)
        self.microbatches = microbatches ?? Self.defaultMicrobatches(batchSize: self.batchSize)
    }

    /// The largest power of two ≤ 8 that leaves at least 32 samples for each, at least 1.
    package static func defaultMicrobatches(batchSize: Int) -> Int {
        var count = 8
        while count > 1, batchSize / count < 32 { count /= 2 }
        return count
    }

    package var stepsPerEpoch: Int { (sampleCount + batchSize - 1) / batchSize }

    /// Which positions of the epoch's order make the batch of its step (counted from 0).
    package func samples(ofStep step: Int) -> Range<Int> {
        precondition(step >= 0 && step < stepsPerEpoch, "An epoch's steps are counted from 0")
        return step * batchSize..<min(sampleCount, (step + 1) * batchSize)
    }

    /// Which samples of a batch of `count` microbatch `index` holds; empty where the batch has none for it.
    package func samples(ofMicrobatch index: Int, inBatchOf count: Int) -> Range<Int> {
        precondition(index >= 0 && index < microbatches, "A microbatch's index is below V")
        return index * count / microbatches..<(index + 1) * count / microbatches
    }

    /// The indices of the microbatches that hold samples, ascending: the leaves of the reduction tree.
    package func nonEmptyMicrobatches(inBatchOf count: Int) -> [Int] {
        (0..<microbatches).filter { !samples(ofMicrobatch: $0, inBatchOf: count).isEmpty }
    }

    /// The largest number of samples that a microbatch can hold (for buffers).
    package var largestMicrobatch: Int { (batchSize + microbatches - 1) / microbatches }
}
