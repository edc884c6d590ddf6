import Datasets
import Kernels

/// Reads runs of neighbouring samples and normalises them. Any lane may use it.
struct SampleReader {
    private let dataset: Dataset
    private let normalization: Normalization
    private let indices: [Int]

    init(_ dataset: Dataset, _ normalization: Normalization) {
        self.dataset = dataset
        self.normalization = normalization
        indices = Array(0..<dataset.count)
    }

    var count: Int { indices.count }
    var features: Int { dataset.sampleSize }
    /// The class indices; empty where there are no classes.
    var labels: DatasetElements<Int32> { dataset.labels }

    /// Writes the normalised samples as rows `[samples.count, features]`.
    func read(_ samples: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
        dataset.gather(indices[samples], normalization: normalization, into: rows)
    }
}

/// The leaves of the tree that this member computes, as runs of the whole training set in its own order. Leaf
/// i of L has the samples ⌊iN/L⌋ … ⌊(i+1)N/L⌋ − 1 of N.
struct LeafSamples {
    /// The number of all leaves.
    let leaves: Int
    /// The index of the first local leaf.
    let first: Int
    /// The samples of each local microbatch.
    let samples: [Range<Int>]

    init(leaves: Int, local: Range<Int>, count: Int) {
        self.leaves = leaves
        first = local.lowerBound
        samples = local.map { ($0 * count / leaves)..<(($0 + 1) * count / leaves) }
    }

    /// The local microbatch of a leaf; nil if it is not local.
    func localMicrobatch(ofLeaf leaf: Int) -> Int? {
        samples.indices.contains(leaf - first) ? leaf - first : nil
    }
}
