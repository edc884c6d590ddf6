/// The sequences of every local microbatch in one pass.
///
/// The positions of a microbatch's samples lie one behind the other, as rows of a matrix `[positions,
/// channels]`: no padding is computed, and nothing must be masked. For example, samples of 3 and 2 positions
/// have the offsets 0, 3, 5.
///
/// A pass may continue sequences, position by position if need be: `past` says how many positions of each
/// sample the passes before have computed. Layers that look back keep what they need of those
/// (`NetworkCapacity.continuesSequences`), and compute the same bits as for the whole sequence.
package final class SequenceRows: @unchecked Sendable {  // nothing is written after `init`
    /// The positions of every local microbatch as rows, and their blocks.
    package let positions: MicrobatchRows
    /// Positions of the longest sample.
    package let longest: Int
    /// The offsets of all local microbatches, one behind the other.
    private let storage: UnsafeMutablePointer<Int>
    /// The index of each local microbatch's first offset.
    private let starts: [Int]

    /// True if `past` counts.
    package let continues: Bool
    /// The past positions of all local microbatches' samples, in the places of their offsets.
    private let pastStorage: UnsafeMutablePointer<Int>

    /// - Parameters:
    ///   - lengths: for each local microbatch the positions of its samples, each at least 1; 0 for a sample
    ///     that a pass leaves out which continues sequences.
    ///   - past: positions of each sample that were computed before; nil for whole sequences.
    package init(lengths: [[Int]], past: [[Int]]? = nil) {
        let count = lengths.reduce(0) { $0 + $1.count + 1 }
        storage = .allocate(capacity: max(1, count))
        pastStorage = .allocate(capacity: max(1, count))
        pastStorage.initialize(repeating: 0, count: max(1, count))
        continues = past != nil
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
        for (start, samples) in zip(starts, past ?? []) {
            for (sample, positions) in samples.enumerated() { pastStorage[start + sample] = positions }
        }
        (self.starts, self.longest) = (starts, longest)
        positions = MicrobatchRows(lengths.map { $0.reduce(0, +) })
    }

    /// Makes the sequences of samples that have the same number of positions.
    package convenience init(_ samples: MicrobatchRows, length: Int) {
        self.init(lengths: samples.rows.map { Array(repeating: length, count: $0) })
    }

    deinit {
        storage.deallocate()
        pastStorage.deallocate()
    }

    /// The first rows of the samples of a local microbatch, and behind them the number of its rows: sample s
    /// has the rows `offsets[s]` up to, but not including, `offsets[s + 1]`.
    package func offsets(_ localMicrobatch: Int) -> UnsafePointer<Int> {
        UnsafePointer(storage + starts[localMicrobatch])
    }

    /// The positions of each sample of a local microbatch that were computed before: its first row here is
    /// that position of the sample.
    package func past(_ localMicrobatch: Int) -> UnsafePointer<Int> {
        UnsafePointer(pastStorage + starts[localMicrobatch])
    }

    /// The sample of a local microbatch that has a row.
    func sample(ofRow row: Int, localMicrobatch: Int) -> Int {
        let offsets = offsets(localMicrobatch)
        var sample = 0
        while offsets[sample + 1] <= row { sample += 1 }
        return sample
    }
}
