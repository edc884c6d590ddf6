import System

/// A source of samples without targets, read in blocks, so that a long input needs little memory.
package protocol SampleBlocks: AnyObject {
    /// Reads the next samples, at most `limit` of them; nil at the end.
    /// - Throws: `DatasetError` or `SystemError` if they cannot be read.
    func next(limit: Int) throws -> SampleBlock?
}

/// Some samples of a data set.
package struct SampleBlock {
    package let dataset: Dataset
    /// The indices of the block's samples in `dataset`.
    package let samples: Range<Int>
    /// The cells that tell the samples apart, a row for each: the image's file, or columns of the table. Nil
    /// where there are none.
    package let names: [[String]]?

    package init(dataset: Dataset, samples: Range<Int>, names: [[String]]? = nil) {
        self.dataset = dataset
        self.samples = samples
        self.names = names
    }
}

/// The samples of a data set that is in memory.
package final class WholeDataset: SampleBlocks {
    package let dataset: Dataset
    private var done = 0

    package init(_ dataset: Dataset) { self.dataset = dataset }

    package func next(limit: Int) -> SampleBlock? {
        guard done < dataset.count else { return nil }
        defer { done = min(dataset.count, done + limit) }
        return SampleBlock(dataset: dataset, samples: done..<min(dataset.count, done + limit))
    }
}
