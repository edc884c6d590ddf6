import Datasets

// Steps counted from the job's beginning, over all epochs.
extension BatchGeometry {
    /// Samples in the last batch of an epoch, if it is smaller than the others.
    private var raggedSize: Int? {
        let rest = sampleCount % batchSize
        return rest == 0 ? nil : rest
    }

    /// A full batch, then the ragged last one, if there is one.
    package var distinctBatchSizes: [Int] { [batchSize] + (raggedSize.map { [$0] } ?? []) }

    /// Positions in its epoch's order that make the batch of a step.
    package func positions(ofStep step: Int) -> Range<Int> { samples(ofStep: step % stepsPerEpoch) }

    package func batchSize(ofStep step: Int) -> Int { positions(ofStep: step).count }

    /// Samples in each of the V microbatches.
    package func microbatchSizes(batchSize: Int) -> [Int] {
        (0..<microbatches).map { samples(ofMicrobatch: $0, inBatchOf: batchSize).count }
    }
}
