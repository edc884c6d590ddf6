import Datasets
import Kernels

/// Reads runs of neighbouring samples, normalised, from any lane.
struct SampleReader {
    private let dataset: Dataset
    private let normalization: Normalization
    private let indices: [Int]

    init(_ dataset: Dataset, _ normalization: Normalization) {
        (self.dataset, self.normalization) = (dataset, normalization)
        indices = Array(0..<dataset.count)
    }

    var count: Int { indices.count }
    var features: Int { dataset.sampleSize }
    /// Empty where there are no classes.
    var labels: DatasetElements<Int32> { dataset.labels }

    func read(_ samples: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
        dataset.gather(indices[samples], normalization: normalization, into: rows)
    }
}

/// The leaves of the tree that this member computes, as runs of the whole training set in its own order: leaf i of L has the samples ⌊iN/L⌋ … ⌊(i+1)N/L⌋ − 1.
struct LeafSamples {
    let leaves: Int
    /// The first local leaf.
    let first: Int
    /// By slot.
    let samples: [Range<Int>]

    init(leaves: Int, local: Range<Int>, count: Int) {
        (self.leaves, first) = (leaves, local.lowerBound)
        samples = local.map { ($0 * count / leaves)..<(($0 + 1) * count / leaves) }
    }

    /// The slot of a leaf, if it is a local one.
    func slot(ofLeaf leaf: Int) -> Int? { samples.indices.contains(leaf - first) ? leaf - first : nil }
}
