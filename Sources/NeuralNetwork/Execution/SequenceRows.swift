/// The sequences of every local microbatch in one pass.
///
/// The positions of a microbatch's samples lie one behind the other, as rows of a matrix `[positions,
/// channels]`: no padding is computed, and nothing must be masked. For example, samples of 3 and 2 positions
/// have the offsets 0, 3, 5.
package final class SequenceRows: @unchecked Sendable {  // nothing is written after `init`
    /// The positions of every local microbatch as rows, and their blocks.
    package let positions: MicrobatchRows
    /// Positions of the longest sample.
    package let longest: Int
    /// The offsets of all local microbatches, one behind the other.
    private let storage: UnsafeMutablePointer<Int>
    /// The index of each local microbatch's first offset.
    private let starts: [Int]

    /// - Parameter lengths: for each local microbatch the positions of its samples, each at least 1.
    package init(lengths: [[Int]]) {
        let count = lengths.reduce(0) { $0 + $1.count + 1 }
        storage = .allocate(capacity: max(1, count))
        var (next, starts, longest) = (storage, [Int](), 0)
        for samples in lengths {
            starts.append(next - storage)
            var offset = 0
            for length in samples {
                next.initialize(to: offset)
                next += 1
                offset += length
                longest = max(longest, length)
            }
            next.initialize(to: offset)
            next += 1
        }
        (self.starts, self.longest) = (starts, longest)
        positions = MicrobatchRows(lengths.map { $0.reduce(0, +) })
    }

    /// Makes the sequences of samples that have the same number of positions.
    package convenience init(_ samples: MicrobatchRows, length: Int) {
        self.init(lengths: samples.rows.map { Array(repeating: length, count: $0) })
    }

    deinit { storage.deallocate() }

    /// The first rows of the samples of a local microbatch, and behind them the number of its rows: sample s
    /// has the rows `offsets[s]` up to, but not including, `offsets[s + 1]`.
    package func offsets(_ localMicrobatch: Int) -> UnsafePointer<Int> {
        UnsafePointer(storage + starts[localMicrobatch])
    }

    /// The sample of a local microbatch that has a row.
    func sample(ofRow row: Int, localMicrobatch: Int) -> Int {
        let offsets = offsets(localMicrobatch)
        var sample = 0
        while offsets[sample + 1] <= row { sample += 1 }
        return sample
    }
}
