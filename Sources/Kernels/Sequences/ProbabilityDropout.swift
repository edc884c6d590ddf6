import CKernels

/// Dropout on the probabilities of attention: each becomes 0 with probability `rate`, the others
/// `p / (1 − rate)`. Whether one is kept depends on the stream, the sample's index in the global batch, the
/// head, and the positions of the query and of the key; so it is drawn again in the backward pass, and no
/// mask is kept.
package struct ProbabilityDropout: Sendable {
    private let stream: RandomStream
    private let heads: Int
    private let threshold: UInt32
    private let scale: Float

    /// - Parameters:
    ///   - rate: from 0 up to, but not including, 1.
    ///   - stream: of the purpose `attentionDropout`, for one step and one layer.
    package init(rate: Double, stream: RandomStream, heads: Int) {
        (self.stream, self.heads) = (stream, heads)
        threshold = UInt32(min(rate * 0x1p32, 0x1p32 - 1))
        scale = Float(1 / (1 - rate))
    }

    /// The numbers from which one head of one sample draws.
    func draws(sample: Int, head: Int) -> ckernels_dropout {
        let words = stream.block(UInt64(sample) * UInt64(heads) + UInt64(head))
        return ckernels_dropout(
            key: (words[0], words[1]), counter: (words[2], words[3]), threshold: threshold, scale: scale)
    }
}
