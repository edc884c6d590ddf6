import Kernels

/// What the owners measure of a step's gradient, the same on every member: the sums of `VectorNorms` over fixed cells.
///
/// Each owner measures the cells of its pieces, once their sums are finished, and sends them to everyone. So every member has the same values and adds them
/// up in the same order, whoever owns what.
package struct GradientMeasurement: Sendable {
    /// Runs of the flat vector, ascending, none of which crosses a multiple of 1,024.
    package let cells: [Range<Int>]
    /// Doubles that describe a cell: see `VectorNorms.measure`.
    package let width: Int
    /// True if no update may begin before everybody's cells are there.
    package let delaysUpdates: Bool
    /// Whether a step is measured.
    package let isMeasured: @Sendable (Int) -> Bool

    package init(
        cells: [Range<Int>], width: Int, delaysUpdates: Bool, isMeasured: @escaping @Sendable (Int) -> Bool
    ) {
        (self.cells, self.width, self.delaysUpdates, self.isMeasured) = (
            cells, width, delaysUpdates, isMeasured
        )
    }
}

/// The measurement of the step at hand. Owned by the communication thread; all memory is allocated at the start.
struct MeasuredCells {
    let measurement: GradientMeasurement
    /// By owner, each owner's cells ascending: what a member sends is one run.
    private let values: DoubleBuffer
    /// Index of each cell in `values`.
    private let positions: [Int]
    /// The values in the order of the cells.
    private let ordered: DoubleBuffer
    /// For each member, its run of `values`, in cells.
    private let runs: [Range<Int>]
    /// Gradient sums of the owned pieces, kept until the norm is known.
    let sums: FloatBuffer?
    private let rank: Int

    // Of the step at hand
    private(set) var isMeasured = false
    /// Members whose cells are missing.
    private var missing = 0
    /// Owned pieces whose sums are not finished.
    private(set) var unfinishedPieces = 0

    init(_ measurement: GradientMeasurement, partition: Partition, rank: Int) {
        (self.measurement, self.rank) = (measurement, rank)
        var cellsOf = Array(repeating: [Int](), count: partition.members)
        for piece in partition.pieces.reversed() {  // pieces are numbered from the vector's end
            cellsOf[piece.owner] += Self.indices(measurement.cells, in: piece.range)
        }
        var (runs, positions) = ([Range<Int>](), Array(repeating: 0, count: measurement.cells.count))
        for cells in cellsOf {
            let first = runs.last?.upperBound ?? 0
            for (k, cell) in cells.enumerated() { positions[cell] = first + k }
            runs.append(first..<(first + cells.count))
        }
        precondition(runs.last?.upperBound == measurement.cells.count, "every cell lies in one piece")
        (self.runs, self.positions) = (runs, positions)
        values = DoubleBuffer(count: measurement.cells.count * measurement.width)
        ordered = DoubleBuffer(count: measurement.cells.count * measurement.width)
        sums = measurement.delaysUpdates ? FloatBuffer(count: partition.ownedCounts[rank]) : nil
    }

    /// The cells that lie in a run of the flat vector, which no cell crosses.
    private static func indices(_ cells: [Range<Int>], in range: Range<Int>) -> Range<Int> {
        func first(from offset: Int) -> Int {
            var (low, high) = (0, cells.count)
            while low < high {
                let middle = (low + high) / 2
                if cells[middle].lowerBound < offset { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return first(from: range.lowerBound)..<first(from: range.upperBound)
    }

    mutating func beginStep(_ step: Int, ownedPieces: Int) {
        isMeasured = measurement.isMeasured(step)
        unfinishedPieces = ownedPieces
        missing = runs.count { !$0.isEmpty }
    }

    /// True while updates of this step wait for the norm.
    var delaysUpdates: Bool { isMeasured && measurement.delaysUpdates }
    /// True once all cells are there, or nobody asked for them.
    var isComplete: Bool { !isMeasured || missing == 0 }

    /// Measures the cells within a finished run of the gradient's sum.
    func measure(_ range: Range<Int>, _ gradient: UnsafePointer<Float>) {
        for cell in Self.indices(measurement.cells, in: range) {
            let run = measurement.cells[cell]
            VectorNorms.measure(
                gradient + (run.lowerBound - range.lowerBound), count: run.count, width: measurement.width,
                into: values.pointer + positions[cell] * measurement.width)
        }
    }

    /// True if that was the last of the owned pieces.
    mutating func pieceFinished() -> Bool {
        unfinishedPieces -= 1
        return unfinishedPieces == 0
    }

    /// The memory of a member's cells.
    func cells(of member: Int) -> UnsafeMutableRawBufferPointer {
        let run = runs[member]
        return UnsafeMutableRawBufferPointer(
            start: values.pointer + run.lowerBound * measurement.width,
            count: run.count * measurement.width * MemoryLayout<Double>.stride)
    }

    mutating func cellsArrived() { missing -= 1 }

    /// All values in the order of the cells.
    func inOrder() -> UnsafePointer<Double> {
        let width = measurement.width
        for (cell, position) in positions.enumerated() {
            (ordered.pointer + cell * width).update(from: values.pointer + position * width, count: width)
        }
        return UnsafePointer(ordered.pointer)
    }
}
