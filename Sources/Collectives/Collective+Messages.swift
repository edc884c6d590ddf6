import Kernels

// The communication thread's side: messages in and out.

extension Collective {
    /// Returns the memory for a payload. It is asked before a byte of the payload is read.
    ///
    /// - Throws: `ProtocolViolation` if no correct peer sends this message now, or this many bytes of it.
    package func destination(_ envelope: Envelope, bytes: Int, from member: Int) throws
        -> UnsafeMutableRawBufferPointer
    {
        let memory = try payloadMemory(envelope, from: member)
        if envelope.kind == .partial, bytes != memory.count,
            let packed = sparsePieces.memory(envelope.index, bytes: bytes, from: member)
        {
            return packed
        }
        guard memory.count == bytes else {
            throw ProtocolViolation(
                description:
                    "rank \(member) sent \(bytes) bytes of \(envelope.kind), expected \(memory.count)"
                    + " (step \(envelope.step), index \(envelope.index))")
        }
        return memory
    }

    private func payloadMemory(_ envelope: Envelope, from member: Int) throws -> UnsafeMutableRawBufferPointer
    {
        let isEarly = envelope.step == arriving.step + 1
        guard envelope.step == arriving.step || (isEarly && envelope.kind.mayBeEarly) else {
            throw ProtocolViolation(
                description:
                    "rank \(member) sent \(envelope.kind) of step \(envelope.step)"
                    + " during step \(arriving.step)")
        }
        let plan = plan(for: envelope.step)
        switch envelope.kind {
        case .partial: return try partialMemory(envelope, from: member, plan)
        case .parameters: return try pieceMemory(of: parameters, envelope, from: member)
        case .statistics:
            guard (0..<reportExchange).contains(envelope.index) else {
                throw unexpectedMessage(envelope, member)
            }
            return exchanges.nodes(envelope.index, plan.nodesOf[member])
        case .report:
            guard rank == 0 else { throw unexpectedMessage(envelope, member) }
            return exchanges.nodes(reportExchange, plan.nodesOf[member])
        case .idle:
            guard plan.isIdle(member) else { throw unexpectedMessage(envelope, member) }
            return UnsafeMutableRawBufferPointer(start: nil, count: 0)
        case .control:
            guard member == 0 else { throw unexpectedMessage(envelope, member) }
            return arrivingControl
        case .gathered:
            guard let gathering else { throw unexpectedMessage(envelope, member) }
            return try pieceMemory(of: gathering.whole, envelope, from: member)
        case .norms:
            guard let measured, measured.isMeasured, member != rank, measured.cells(of: member).count > 0
            else {
                throw unexpectedMessage(envelope, member)
            }
            return measured.cells(of: member)
        }
    }

    /// The owner's piece of a vector that every member holds whole.
    private func pieceMemory(
        of vector: UnsafeMutablePointer<Float>, _ envelope: Envelope, from owner: Int
    ) throws -> UnsafeMutableRawBufferPointer {
        guard partition.pieces.indices.contains(envelope.index), owner != rank,
            partition.pieces[envelope.index].owner == owner
        else { throw unexpectedMessage(envelope, owner) }
        let range = partition.pieces[envelope.index].range
        return UnsafeMutableRawBufferPointer(
            start: vector + range.lowerBound, count: range.count * MemoryLayout<Float>.stride)
    }

    private func partialMemory(
        _ envelope: Envelope, from member: Int, _ plan: StepPlan
    ) throws -> UnsafeMutableRawBufferPointer {
        guard partition.pieces.indices.contains(envelope.index) else {
            throw unexpectedMessage(envelope, member)
        }
        let piece = partition.pieces[envelope.index]
        guard piece.owner == rank, member != rank, plan.nodesOf[member].contains(envelope.part) else {
            throw unexpectedMessage(envelope, member)
        }
        return reduction.inbox(node: envelope.part, envelope.index, piece, plan: plan)
    }

    /// Puts a packed piece where the whole one would have arrived.
    private func placePartial(_ envelope: Envelope, bytes: Int, from member: Int) throws {
        let piece = partition.pieces[envelope.index]
        let packed =
            bytes == 4 * piece.range.count
            ? nil : sparsePieces.memory(envelope.index, bytes: bytes, from: member)
        guard
            reduction.placed(
                node: envelope.part, piece, plan: plan(for: envelope.step),
                packed: packed.map { UnsafeRawBufferPointer($0) })
        else {
            throw ProtocolViolation(
                description:
                    "rank \(member) sent \(bytes) bytes of \(envelope.kind), which are not the floats that "
                    + "they count (step \(envelope.step), index \(envelope.index))")
        }
    }

    private func unexpectedMessage(_ envelope: Envelope, _ member: Int) -> ProtocolViolation {
        ProtocolViolation(
            description:
                "rank \(member) sent \(envelope.kind) with index \(envelope.index) and part \(envelope.part),"
                + " which is not its to send")
    }

    /// Accepts a message whose payload of `bytes` bytes lies where `destination` wanted it. Nobody may have
    /// asked for the destination of an empty one, so it is checked here.
    ///
    /// - Throws: `ProtocolViolation` if no correct peer sends this message now, or if it came before.
    package func received(_ envelope: Envelope, bytes: Int, from member: Int) throws {
        if bytes == 0 { _ = try destination(envelope, bytes: 0, from: member) }
        if envelope.kind == .partial { try placePartial(envelope, bytes: bytes, from: member) }
        try arrived(envelope, from: member)
    }

    /// Accepts a message whose payload lies in the sender's own memory, `offset` bytes into `peer`. It stays
    /// unchanged there for as long as the protocol of a step requires: see `GroupLink.send`.
    ///
    /// - Throws: `ProtocolViolation` if no correct peer sends this message now.
    package func received(_ envelope: Envelope, in peer: SharedVectors, offset: Int, from member: Int)
        throws
    {
        let memory = try payloadMemory(envelope, from: member)
        guard let mapped = peer.bytes(offset, memory.count) else {
            throw ProtocolViolation(
                description:
                    "rank \(member) named bytes outside its memory"
                    + " (step \(envelope.step), index \(envelope.index))")
        }
        peerMemory[member] = peer
        if envelope.kind == .partial {
            reduction.referencePeerMemory(
                node: envelope.part, envelope.index, plan: plan(for: envelope.step),
                from: mapped.assumingMemoryBound(to: Float.self))
        } else if memory.count > 0 {
            memory.copyMemory(from: UnsafeRawBufferPointer(start: mapped, count: memory.count))
        }
        try arrived(envelope, from: member)
    }

    private func arrived(_ envelope: Envelope, from member: Int) throws {
        guard arriving.arrivals.add(envelope, from: member) else { throw duplicate(envelope, member) }
        switch envelope.kind {
        case .partial:
            arriving.addNodes(1, piece: envelope.index, step: envelope.step)
            if envelope.step == arriving.step { reduceIfReady(envelope.index) }
        case .idle:
            arriving.addIdle(step: envelope.step)
            if envelope.step == arriving.step { reduceReadyPieces() }
        case .parameters:
            guard arriving.remotePieceArrived(envelope.index) else { throw duplicate(envelope, member) }
        case .statistics:
            monitor.change { $0.statistics[envelope.step & 1][envelope.index] += 1 }
        case .report:
            arriving.addReport(step: envelope.step)
            decideIfReady()
        case .control:
            let (control, report) = readControl()
            arriving.setControl(control, report: report)
        case .norms: cellsArrived()
        case .gathered: monitor.change { $0.gathered[envelope.step & 1] += 1 }
        }
        completeStepIfDone()
    }

    private func duplicate(_ envelope: Envelope, _ member: Int) -> ProtocolViolation {
        ProtocolViolation(
            description:
                "rank \(member) sent \(envelope.kind) with index \(envelope.index) and part \(envelope.part)"
                + " twice in step \(envelope.step)")
    }

    /// Serves the compute thread's commands and some slices of the reductions; true if more work is waiting.
    package func turn() -> Bool {
        commands.withLock { swap(&$0, &serving) }
        for command in serving { serve(command) }
        serving.removeAll(keepingCapacity: true)
        // A turn reduces as much as a connection reads in one, so that what has arrived is reduced while it
        // is in the cache.
        var (more, slices) = (true, 0)
        while more, slices < Reduction.slicesPerTurn {
            more = reduceSlice()
            slices += 1
        }
        completeStepIfDone()
        return more
    }

    private func serve(_ command: Command) {
        switch command {
        case .statistics(let exchange): sendNodes(exchange, .statistics, to: 0..<members)
        case .contribute(let offset): contributePieces(downTo: offset)
        case .gather: sendGatheredPieces()
        case .report:
            arriving.hasReported = true
            sendNodes(reportExchange, .report, to: 0..<1)
            decideIfReady()
        }
    }

    private func sendNodes(_ exchange: Int, _ kind: Envelope.Kind, to receivers: Range<Int>) {
        let mine = plan(for: arriving.step).nodesOf[rank]
        if mine.isEmpty && kind == .statistics { return }
        let payload = UnsafeRawBufferPointer(exchanges.nodes(exchange, mine))
        for receiver in receivers where receiver != rank {
            link?.send(
                Envelope(kind, step: arriving.step, index: kind == .report ? 0 : exchange), payload,
                to: receiver)
        }
    }

    private func sendGatheredPieces() {
        guard let gathering else { return }
        for (index, piece) in partition.pieces.enumerated() where piece.owner == rank {
            let payload = UnsafeRawBufferPointer(
                start: gathering.compact + piece.compact,
                count: piece.range.count * MemoryLayout<Float>.stride)
            for member in 0..<members where member != rank {
                link?.send(Envelope(.gathered, step: arriving.step, index: index), payload, to: member)
            }
        }
    }

    private func contributePieces(downTo offset: Int) {
        let plan = plan(for: arriving.step)
        let mine = plan.nodesOf[rank]
        while arriving.nextPiece < partition.pieces.count,
            partition.pieces[arriving.nextPiece].range.lowerBound >= offset
        {
            let index = arriving.nextPiece
            arriving.nextPiece += 1
            let piece = partition.pieces[index]
            if piece.owner == rank {
                arriving.addNodes(mine.count, piece: index, step: arriving.step)
                reduceIfReady(index)
                continue
            }
            for (k, node) in mine.enumerated() {
                let vector = gradients.nodeVector(k)
                let payload =
                    sparsePieces.packed(index, node: k, vector, gradients.occupancy(k))
                    ?? UnsafeRawBufferPointer(
                        start: vector + piece.range.lowerBound,
                        count: piece.range.count * MemoryLayout<Float>.stride)
                link?.send(
                    Envelope(.partial, step: arriving.step, index: index, part: node), payload,
                    to: piece.owner)
            }
        }
        if offset == 0 && mine.isEmpty { sendIdle() }
    }

    private func sendIdle() {
        arriving.addIdle(step: arriving.step)
        for member in 0..<members where member != rank {
            link?.send(
                Envelope(.idle, step: arriving.step), UnsafeRawBufferPointer(start: nil, count: 0), to: member
            )
        }
        reduceReadyPieces()
    }
}
