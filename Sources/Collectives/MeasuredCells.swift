import Kernels

/// The measurement of the current step. Owned by the communication thread; all memory is allocated at the
/// start.
struct MeasuredCells {
    let measurement: GradientMeasurement
    /// The values by owner, each owner's cells ascending: a member sends one contiguous run.
    private let values: DoubleBuffer
    /// The index of each cell in `values`.
    private let positions: [Int]
    /// The values in the order of the cells.
    private let ordered: DoubleBuffer
    /// The run of `values` that each member measures, in cells.
    private let runs: [Range<Int>]
    /// The gradient sums of the owned pieces, kept until the norm is known; nil if updates need not wait.
    let sums: FloatBuffer?
    private let rank: Int

    // The current step's state.
    private(set) var isMeasured = false
    /// The members whose cells are missing.
    private var missing = 0
    /// The owned pieces whose sums are not finished.
    private(set) var unfinishedPieces = 0

    init(_ measurement: GradientMeasurement, partition: Partition, rank: Int) {
        self.measurement = measurement
        self.rank = rank
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
        self.runs = runs
        self.positions = positions
        values = DoubleBuffer(count: measurement.cells.count * measurement.width)
        ordered = DoubleBuffer(count: measurement.cells.count * measurement.width)
        sums = measurement.delaysUpdates ? FloatBuffer(count: partition.ownedCounts[rank]) : nil
    }

    /// Returns the cells that lie in a run of the flat vector, which no cell crosses.
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

    /// True if the updates of this step wait for the norm.
    var delaysUpdates: Bool { isMeasured && measurement.delaysUpdates }
    /// True once all cells have arrived, or if the step is not measured.
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

    /// Records that the sum of an owned piece is finished; true if it was the last one.
    mutating func pieceFinished() -> Bool {
        unfinishedPieces -= 1
        return unfinishedPieces == 0
    }

    /// Returns the memory of a member's cells.
    func cells(of member: Int) -> UnsafeMutableRawBufferPointer {
        let run = runs[member]
        return UnsafeMutableRawBufferPointer(
            start: values.pointer + run.lowerBound * measurement.width,
            count: run.count * measurement.width * MemoryLayout<Double>.stride)
    }

    mutating func cellsArrived() { missing -= 1 }

    /// Returns all values in the order of the cells.
    func inOrder() -> UnsafePointer<Double> {
        let width = measurement.width
        for (cell, position) in positions.enumerated() {
            (ordered.pointer + cell * width).update(from: values.pointer + position * width, count: width)
        }
        return UnsafePointer(ordered.pointer)
    }
}
