import Datasets
import NeuralNetwork

/// The sequences and the targets of a step's batch, as far as they follow from the samples that are in it.
struct LoadedBatch {
    /// The sequences of the local microbatches; nil if all have the most positions, or there are none.
    let sequences: SequenceRows?
    /// For every local microbatch the index of its first position among those of the global batch; empty
    /// without sequences.
    let firstPositions: [Int]
    /// Positions of the global batch; 0 without sequences.
    let positions: Int
    /// Targets of the global batch that count: samples, or positions with a token. Their number divides the
    /// summed gradient.
    let counted: Int

    /// - Parameters:
    ///   - batch: the samples of the global batch.
    ///   - parts: those of the local microbatches.
    ///   - sequenceLength: the most positions of the network's sequences; nil if it has none.
    init(
        _ batch: ArraySlice<Int>, _ parts: [ArraySlice<Int>], of dataset: Dataset, sequenceLength: Int?
    ) {
        guard let sequenceLength else {
            (sequences, firstPositions, positions, counted) = (nil, [], 0, batch.count)
            return
        }
        guard dataset.isRagged else {
            sequences = nil
            firstPositions = parts.map { ($0.startIndex - batch.startIndex) * sequenceLength }
            positions = batch.count * sequenceLength
            counted = batch.reduce(0) { $0 + dataset.countedTargets(ofSample: $1) }
            return
        }
        sequences = SequenceRows(lengths: parts.map { $0.map(dataset.length) })
        var (before, total, counted) = ([Int](), 0, 0)
        before.reserveCapacity(batch.count)
        for sample in batch {
            before.append(total)
            total += dataset.length(ofSample: sample)
            counted += dataset.countedTargets(ofSample: sample)
        }
        firstPositions = parts.map { part in
            let index = part.startIndex - batch.startIndex
            return index < before.count ? before[index] : total
        }
        (positions, self.counted) = (total, counted)
    }
}
