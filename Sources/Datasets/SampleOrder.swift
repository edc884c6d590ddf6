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
}
