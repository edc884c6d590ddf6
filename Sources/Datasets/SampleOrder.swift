import Kernels

/// In which order an epoch visits the samples.
package enum SampleOrder {
    /// A permutation of `0..<count` that depends on the seed and the epoch alone.
    package static func ofEpoch(_ epoch: Int, count: Int, seed: UInt64) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: .sampleOrder, major: epoch)
        return stream.permutation(count)
    }
}
