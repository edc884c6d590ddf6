import Kernels

/// The order in which an epoch visits the samples.
///
///     let order = SampleOrder.ofEpoch(3, count: train.count, seed: 42)
///     let batch = order[geometry.samples(ofStep: 0)]      // the samples of the epoch's first mini-batch
package enum SampleOrder {
    /// A permutation of `0..<count`, a pure function of the seed and the epoch (counted from 0).
    package static func ofEpoch(_ epoch: Int, count: Int, seed: UInt64) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: .sampleOrder, major: epoch)
        return stream.permutation(count)
    }

    /// The same for sequences of unequal lengths: those of a batch are about equally long, so that its
    /// microbatches are about equally much work. Runs of some batches of the permutation are sorted by length
    /// and cut into batches, which come in a random order; a last smaller batch stays the last.
    package static func ofEpoch(
        _ epoch: Int, count: Int, seed: UInt64, batchSize: Int, length: (_ sample: Int) -> Int
    ) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: .sampleOrder, major: epoch)
        var order = stream.permutation(count)
        let run = batchesSortedTogether * batchSize
        for start in stride(from: 0, to: count, by: run) {
            let end = min(count, start + run)
            // The place in the permutation decides between equal lengths.
            let sorted = (start..<end).sorted {
                let (one, other) = (length(order[$0]), length(order[$1]))
                return one == other ? $0 < $1 : one < other
            }
            order.replaceSubrange(start..<end, with: sorted.map { order[$0] })
        }
        let full = count / batchSize
        let batches = stream.permutation(full).flatMap { batch in
            order[(batch * batchSize)..<((batch + 1) * batchSize)]
        }
        return batches + order[(full * batchSize)...]
    }

    /// Enough for batches of equal lengths, and few enough for new neighbours in every epoch.
    private static let batchesSortedTogether = 32
}
