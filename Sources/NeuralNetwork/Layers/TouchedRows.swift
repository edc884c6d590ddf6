import Kernels

/// The rows of a table that the local microbatches of a step look up, each with its positions in order: those
/// of the first local microbatch, then those of the second, …. All memory is allocated at the start.
final class TouchedRows {
    private let entries: Int
    /// Positions of a local microbatch, at most: local microbatch i has the numbers from i times so many on.
    private let mostRows: Int
    /// For each row of the table the number of its first position, or −1.
    private let heads: AlignedBuffer<Int32>
    /// For each position the number of the next one of its row, or −1.
    private let next: AlignedBuffer<Int32>
    private let rows: AlignedBuffer<Int32>
    /// The number of rows, which `find` finds.
    private(set) var count = 0
    /// For each row the vectors in which it has a sum (`GradientVectors.sumSparsely`).
    var written: UnsafeMutablePointer<UInt64> { writtenMemory.pointer }
    private let writtenMemory: AlignedBuffer<UInt64>

    init(entries: Int, _ capacity: NetworkCapacity) {
        self.entries = entries
        mostRows = capacity.rows
        let positions = capacity.microbatches * capacity.rows
        precondition(max(entries, positions) <= Int32.max, "positions have numbers of 32 bits")
        heads = AlignedBuffer(count: entries)
        heads.elements.update(repeating: -1)
        next = AlignedBuffer(count: positions)
        rows = AlignedBuffer(count: min(entries, positions))
        writtenMemory = AlignedBuffer(count: min(entries, positions))
    }

    static func bytes(entries: Int, _ capacity: NetworkCapacity) -> Int {
        let positions = capacity.microbatches * capacity.rows
        return 4 * (entries + positions) + 12 * min(entries, positions)
    }

    /// Finds the rows that the positions of a step look up.
    func find(_ input: MicrobatchMatrix, _ positions: MicrobatchRows) {
        for (localMicrobatch, rows) in positions.rows.enumerated().reversed() {
            EmbeddingKernels.chain(
                input.row(localMicrobatch), rows: rows, first: localMicrobatch * mostRows, entries: entries,
                heads: heads.pointer, next: next.pointer, touched: self.rows.pointer, count: &count)
        }
    }

    /// Forgets the rows of the step.
    func forget() {
        for index in 0..<count { heads.pointer[row(index)] = -1 }
        count = 0
    }

    /// Returns the row of the table that was found as the `index`-th.
    func row(_ index: Int) -> Int { Int(rows.pointer[index]) }

    func positions(_ index: Int) -> Positions {
        Positions(number: heads.pointer[row(index)], next: next.pointer, mostRows: mostRows)
    }

    /// The positions that look up a row, from the first on.
    struct Positions {
        fileprivate var number: Int32
        fileprivate let next: UnsafePointer<Int32>
        fileprivate let mostRows: Int

        /// Returns the next position's row in a local microbatch, and goes on; nil if no more of its
        /// positions look the row up. Local microbatches go in order.
        mutating func next(in localMicrobatch: Int) -> Int? {
            let row = Int(number) - localMicrobatch * mostRows
            guard number >= 0, row < mostRows else { return nil }
            number = next[Int(number)]
            return row
        }
    }
}
