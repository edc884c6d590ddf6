import Kernels

// The owner's side, on the communication thread: finish the tree, update, send the parameters.

extension Collective {
    func reduceIfReady(_ index: Int) {
        guard partition.pieces[index].owner == rank, arriving.isReady(index, plan(for: arriving.step)) else {
            return
        }
        if let pieceArrived {
            let (piece, plan) = (partition.pieces[index], plan(for: arriving.step))
            pieceArrived(arriving.step, index) {
                reduction.vector(of: $0, index, piece, plan: plan, gradients: gradients)
            }
        }
        reduction.enqueue(index)
    }

    /// Reduces the pieces that waited for nothing but an idle member's message.
    func reduceReadyPieces() {
        for index in partition.pieces.indices { reduceIfReady(index) }
    }

    /// Reduces one cache-sized slice; true if more work is waiting.
    func reduceSlice() -> Bool {
        guard let slice = reduction.nextSlice(partition) else { return false }
        let begin = Timeline.now
        if slice.isUpdate { updateSlice(slice) } else { finishSlice(slice) }
        updateTime.add(begin, Timeline.now)
        return reduction.hasWork
    }

    private func finishSlice(_ slice: Reduction.Slice) {
        let piece = partition.pieces[slice.piece]
        let step = arriving.step
        reduction.finishTree(
            slice.piece, piece, slice: slice.range, plan: plan(for: step), gradients: gradients
        ) {
            range, compact, sum in
            if measure(range, compact: compact, sum) { return }
            updater.update(range, compact: compact, gradient: sum, step: step)
        }
        if slice.isLast {
            if measured?.delaysUpdates != true { sendParameters(slice.piece) }
            pieceMeasured()
        }
    }

    func sendParameters(_ index: Int) {
        let piece = partition.pieces[index]
        let payload = UnsafeRawBufferPointer(
            start: parameters + piece.range.lowerBound, count: piece.range.count * MemoryLayout<Float>.stride)
        for member in 0..<members where member != rank {
            link?.send(Envelope(.parameters, step: arriving.step, index: index), payload, to: member)
        }
        arriving.ownedPieceDone()
        decideIfReady()
    }

    /// Finishes the report and decides how the run goes on, at rank 0, once its own pieces are sent and every
    /// report has arrived.
    func decideIfReady() {
        guard rank == 0, arriving.control == nil, arriving.hasReported, arriving.ownedPieces == 0,
            arriving.arrivedReports == members - 1, isMeasurementComplete
        else { return }
        let sum = exchanges.finish(reportExchange, plan(for: arriving.step))
        let report = Array(UnsafeBufferPointer(start: sum, count: exchanges.width(reportExchange)))
        let control = decide(arriving.step, report)
        arriving.setControl(control, report: report)
        writeControl(control, report)
        for member in 1..<max(1, members) {
            link?.send(
                Envelope(.control, step: arriving.step), UnsafeRawBufferPointer(arrivingControl), to: member)
        }
    }

    /// The control frame's payload: the control word and the batch's report.
    var arrivingControl: UnsafeMutableRawBufferPointer { reduction.controlFrame }

    private func writeControl(_ control: ControlWord, _ report: [Double]) {
        arrivingControl.storeBytes(of: UInt64(control.rawValue).littleEndian, as: UInt64.self)
        for (i, value) in report.enumerated() {
            arrivingControl.storeBytes(
                of: value.bitPattern.littleEndian, toByteOffset: 8 * (i + 1), as: UInt64.self)
        }
    }

    func readControl() -> (ControlWord, [Double]) {
        let words = (0..<(arrivingControl.count / 8)).map {
            UInt64(littleEndian: arrivingControl.load(fromByteOffset: 8 * $0, as: UInt64.self))
        }
        return (
            ControlWord(rawValue: UInt32(truncatingIfNeeded: words[0])),
            words.dropFirst().map(Double.init(bitPattern:))
        )
    }
}
