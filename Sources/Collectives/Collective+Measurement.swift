import Kernels

// A measured step, on the communication thread: the owners send their cells to everyone, and if the gradient
// is clipped by its norm, all updates wait for the cells.

extension Collective {
    /// Measures a finished block of a piece's sum. Returns true if it kept the sum because the update has to
    /// wait.
    func measure(_ range: Range<Int>, compact: Int, _ sum: UnsafePointer<Float>) -> Bool {
        guard let measured, measured.isMeasured else { return false }
        measured.measure(range, sum)
        guard measured.delaysUpdates, let sums = measured.sums else { return false }
        (sums.pointer + compact).update(from: sum, count: range.count)
        return true
    }

    /// Records that the sum of an owned piece is finished. After the last one, it sends this member's cells.
    func pieceMeasured() {
        guard measured?.isMeasured == true, measured?.pieceFinished() == true,
            let cells = measured?.cells(of: rank), cells.count > 0
        else { return }
        for member in 0..<members where member != rank {
            link?.send(Envelope(.norms, step: arriving.step), UnsafeRawBufferPointer(cells), to: member)
        }
        cellsArrived()
    }

    /// Records that a member's cells have arrived. After the last ones it tells the updater, and the updates
    /// that waited begin.
    func cellsArrived() {
        measured?.cellsArrived()
        guard let measured, measured.isComplete else { return }
        updater.gradientMeasured(measured.inOrder(), width: measured.measurement.width, step: arriving.step)
        if measured.delaysUpdates {
            for index in partition.pieces.indices where partition.pieces[index].owner == rank {
                reduction.enqueueUpdate(index)
            }
        }
        decideIfReady()
    }

    /// Updates a slice of a piece from its kept sum. After the last slice it sends the parameters.
    func updateSlice(_ slice: Reduction.Slice) {
        guard let sums = measured?.sums else { return }
        let piece = partition.pieces[slice.piece]
        let compact = piece.compact + slice.range.lowerBound - piece.range.lowerBound
        updater.update(slice.range, compact: compact, gradient: sums.pointer + compact, step: arriving.step)
        if slice.isLast { sendParameters(slice.piece) }
    }
}
