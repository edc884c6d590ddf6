import CKernels

/// Scaled dot-product attention over the positions of a sample, by kernels of our own:
/// `output[i] = Σ_j softmax_j(q_i · k_j / √D) · v_j`, for causal attention over j ≤ i.
///
/// A row of the input is `[heads · D | kvHeads · D | kvHeads · D]`: queries, keys and values. Head h reads
/// the keys and values of number `h / (heads / kvHeads)`. No memory is quadratic in the length. The softmax
/// of a query runs over tiles of 64 keys that begin at multiples of 64. An output's bits depend on its
/// query and on the keys that it sees, never on the queries, heads or samples beside it: with a cache of
/// keys and values, the last query alone gives the same bits. The gradients of keys and values are sums
/// over the heads that read them, and in each head over the queries in the order of their positions.
package struct AttentionKernels: Sendable {
    package let heads: Int
    package let kvHeads: Int
    package let headWidth: Int
    private let isCausal: Bool

    /// - Parameter kvHeads: divides `heads`.
    package init(heads: Int, kvHeads: Int, headWidth: Int, isCausal: Bool) {
        precondition(kvHeads > 0 && heads % kvHeads == 0, "every key's head serves as many queries' heads")
        self.heads = heads
        self.kvHeads = kvHeads
        self.headWidth = headWidth
        self.isCausal = isCausal
    }

    /// Values in a row of the input and of the output.
    package var inputWidth: Int { (heads + 2 * kvHeads) * headWidth }
    package var outputWidth: Int { heads * headWidth }
    /// Floats that a head's forward pass keeps of each row for the backward pass: the largest score and the
    /// inverse of the sum of exponentials.
    package static let statistics = 2
    /// Floats of scratch memory for each function.
    package var forwardScratchCount: Int { ckernels_attention_forward_scratch(headWidth) }
    package var backwardScratchCount: Int { ckernels_attention_backward_scratch(headWidth) }

    private func shape(_ dropout: SampleDropout?, _ head: Int) -> ckernels_attention {
        ckernels_attention(
            head_width: headWidth, query_stride: inputWidth, key_stride: inputWidth,
            output_stride: outputWidth, scale: Float(1 / ScalarMath.sqrt(Double(headWidth))),
            is_causal: isCausal,
            dropout: dropout.map { $0.dropout.draws(sample: $0.sample, head: head) } ?? ckernels_dropout())
    }

    /// The dropout of one sample's probabilities; `sample` is its index in the global batch.
    package struct SampleDropout {
        let dropout: ProbabilityDropout
        let sample: Int

        package init(_ dropout: ProbabilityDropout, sample: Int) {
            (self.dropout, self.sample) = (dropout, sample)
        }
    }

    /// Some queries of a sample.
    package struct Queries {
        /// The first query's position and the number of queries.
        package let range: Range<Int>
        /// Positions of the sample's keys and values.
        package let length: Int

        package init(_ range: Range<Int>, length: Int) {
            self.range = range
            self.length = length
        }
    }

    /// Writes one head's outputs for some queries of a sample.
    ///
    /// - Parameters:
    ///   - x: the sample's first row; of rows before `queries` only keys and values are read.
    ///   - output: the row of the first query.
    ///   - statistics: nil, or `statistics` floats for each query, from the first on.
    ///   - dropout: nil if no probability is dropped.
    package func forward(
        _ x: UnsafePointer<Float>, head: Int, _ queries: Queries, into output: UnsafeMutablePointer<Float>,
        statistics: UnsafeMutablePointer<Float>?, dropout: SampleDropout? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var shape = shape(dropout, head)
        let first = queries.range.lowerBound
        ckernels_attention_forward(
            &shape, x + first * inputWidth + head * headWidth, first, queries.range.count, x + key(head),
            x + value(head), queries.length, output + head * headWidth, statistics, scratch)
    }

    /// A sample's rows in the backward pass.
    package struct Sample {
        let x: UnsafePointer<Float>
        let output: UnsafePointer<Float>
        let outputGradient: UnsafePointer<Float>
        let length: Int
        let dropout: SampleDropout?

        package init(
            x: UnsafePointer<Float>, output: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
            length: Int, dropout: SampleDropout? = nil
        ) {
            (self.x, self.output, self.outputGradient) = (x, output, outputGradient)
            (self.length, self.dropout) = (length, dropout)
        }
    }

    /// Writes the gradient of the input for the keys and values of one number and for the heads that read
    /// them.
    ///
    /// - Parameter statistics: those that `forward` has written for a head, from the sample's first row on.
    package func backward(
        _ sample: Sample, kvHead: Int, statistics: (_ head: Int) -> UnsafePointer<Float>,
        into dx: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let group = heads / kvHeads
        for head in (kvHead * group)..<((kvHead + 1) * group) {
            let query = head * headWidth
            var shape = shape(sample.dropout, head)
            ckernels_attention_backward(
                &shape, sample.x + query, sample.x + key(head), sample.x + value(head), sample.length,
                sample.output + query, sample.outputGradient + query, statistics(head), dx + query,
                dx + key(head), dx + value(head), head > kvHead * group, scratch)
        }
    }

    /// The first column of the keys, and of the values, that a head reads.
    private func key(_ head: Int) -> Int { (heads + head / (heads / kvHeads)) * headWidth }
    private func value(_ head: Int) -> Int { key(head) + kvHeads * headWidth }
}
