import Platform

/// The frames of a connection that wait to be sent, in order.
struct Outbound {
    /// The most pieces (`iovec`s) in one call of the system.
    static let piecesPerWrite = 64

    /// A frame to be sent. Its header, and a copied payload, lie in memory of its own; a borrowed payload
    /// stays with the caller.
    final class Frame {
        private var header: FrameHeader
        private let own: UnsafeMutableRawBufferPointer
        private var borrowed: UnsafeRawBufferPointer?
        private(set) var sent: (() -> Void)?
        var offset = 0
        private var isEncoded = false

        init(_ header: FrameHeader, copying payload: UnsafeRawBufferPointer) {
            self.header = header
            borrowed = nil
            sent = nil
            own = .allocate(byteCount: FrameHeader.byteCount + payload.count, alignment: 16)
            UnsafeMutableRawBufferPointer(rebasing: own[FrameHeader.byteCount...]).copyMemory(from: payload)
        }

        init(_ header: FrameHeader, borrowing payload: UnsafeRawBufferPointer, sent: (() -> Void)?) {
            self.header = header
            borrowed = payload
            self.sent = sent
            own = .allocate(byteCount: FrameHeader.byteCount, alignment: 16)
        }

        deinit { own.deallocate() }

        /// Makes a frame that has been sent carry another header and payload.
        func reuse(_ header: FrameHeader, borrowing payload: UnsafeRawBufferPointer, sent: (() -> Void)?) {
            self.header = header
            borrowed = payload
            self.sent = sent
            offset = 0
            isEncoded = false
        }

        /// Releases the borrowed payload and returns true if the frame can be reused.
        func retire() -> Bool {
            sent = nil
            return borrowed != nil
        }

        var count: Int { own.count + (borrowed?.count ?? 0) }
        var remaining: Int { count - offset }

        /// Encodes the header when the frame's turn comes: queuing stays cheap, and the payload is in the
        /// cache for the send.
        func encodeOnce(needsChecksum: Bool) {
            guard !isEncoded else { return }
            isEncoded = true
            let payload =
                borrowed
                ?? UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(own)[FrameHeader.byteCount...])
            let space = UnsafeMutableRawBufferPointer(rebasing: own[..<FrameHeader.byteCount])
            header.encode(into: space, payload: payload, needsChecksum: needsChecksum)
        }

        /// Calls `body` with the unsent bytes, in one or two pieces.
        func pieces(needsChecksum: Bool, _ body: (UnsafeRawBufferPointer) -> Void) {
            encodeOnce(needsChecksum: needsChecksum)
            if offset < own.count {
                body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(own)[offset...]))
            }
            if let borrowed, borrowed.count > 0 {
                body(UnsafeRawBufferPointer(rebasing: borrowed[max(0, offset - own.count)...]))
            }
        }
    }

    private var frames: [Frame] = []
    private var head = 0
    /// Frames that have been sent, for reuse by frames that borrow.
    private var spare: [Frame] = []
    private static let mostSpare = 256
    let vector = UnsafeMutableBufferPointer<iovec>.allocate(capacity: piecesPerWrite)
    var isFlushScheduled = false

    func deallocate() { vector.deallocate() }

    var isEmpty: Bool { head == frames.count }
    var first: Frame { frames[head] }
    var last: Frame? { isEmpty ? nil : frames.last }

    mutating func append(_ frame: Frame) { frames.append(frame) }

    mutating func borrowing(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer, sent: (() -> Void)?)
        -> Frame
    {
        guard let frame = spare.popLast() else { return Frame(header, borrowing: payload, sent: sent) }
        frame.reuse(header, borrowing: payload, sent: sent)
        return frame
    }

    mutating func removeFirst() {
        let frame = frames[head]
        head += 1
        if frame.retire(), spare.count < Self.mostSpare { spare.append(frame) }
        if head == frames.count || head >= 256 {
            frames.removeFirst(head)
            head = 0
        }
    }

    mutating func removeAll() { (frames, head, spare) = ([], 0, []) }

    /// Fills the vector with the next pieces, at most `limit` bytes.
    func gather(_ limit: Int, needsChecksum: Bool) -> (pieces: UnsafeMutableBufferPointer<iovec>, bytes: Int)
    {
        var (count, bytes, index) = (0, 0, head)
        while index < frames.count, count + 2 <= Outbound.piecesPerWrite, bytes < limit {
            frames[index].pieces(needsChecksum: needsChecksum) { piece in
                let length = min(piece.count, limit - bytes)
                guard length > 0 else { return }
                vector[count] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: length)
                count += 1
                bytes += length
            }
            index += 1
        }
        return (UnsafeMutableBufferPointer(rebasing: vector[..<count]), bytes)
    }
}

extension Connection {
    /// Queues a frame with a copy of its payload. It leaves at the end of the loop's turn, together with
    /// other queued frames.
    package func send(_ header: FrameHeader, _ payload: [UInt8] = []) {
        payload.withUnsafeBytes { send(header, copying: $0) }
    }

    /// Queues a frame with a copy of its payload.
    package func send(_ header: FrameHeader, copying payload: UnsafeRawBufferPointer) {
        enqueue(Outbound.Frame(header.carrying(payload.count), copying: payload))
    }

    /// Queues a frame without a copy of its payload, which must stay alive and unchanged until `sent` is
    /// called or the connection is closed.
    package func send(
        _ header: FrameHeader, borrowing payload: UnsafeRawBufferPointer, sent: (() -> Void)? = nil
    ) {
        guard isOpen, !isFinishing else { return reactor.assertOwned() }
        enqueue(outbound.borrowing(header.carrying(payload.count), payload, sent: sent))
    }

    private func enqueue(_ frame: Outbound.Frame) {
        reactor.assertOwned()
        guard isOpen, !isFinishing else { return }
        outbound.append(frame)
        pendingBytes += frame.count
        guard !outbound.isFlushScheduled else { return }
        outbound.isFlushScheduled = true
        reactor.flushAtEndOfTurn(self)
    }

    /// Writes queued bytes until the system takes no more, or the turn's share is used up.
    func flush() {
        outbound.isFlushScheduled = false
        guard isOpen, !outbound.isEmpty || stream.wantsWrite else { return }
        var budget = Connection.bytesPerTurn
        var isFull = false
        do {
            if outbound.isEmpty { try stream.flush() }
            while isOpen, !outbound.isEmpty, budget > 0 {
                let (offered, sent) = try write(atMost: min(budget, Connection.bytesPerWrite))
                budget -= sent
                isFull = sent < offered
                if isFull { break }
            }
        } catch {
            // A refusal that the peer sent before it closed explains more than "broken pipe".
            if wantsInput { readTurn() }
            fail(TransportError(error, of: peer))
        }
        if isOpen, !isFull, !outbound.isEmpty, !stream.announcesRoom { resumeInNextTurn() }
        if isOpen { endOfFlush() }
    }

    /// Offers the stream the next queued bytes, at most `limit`, and returns how many it was offered and how
    /// many it took.
    func write(atMost limit: Int) throws(StreamFailure) -> (offered: Int, sent: Int) {
        let (pieces, offered) = outbound.gather(limit, needsChecksum: stream.needsChecksums)
        guard case .bytes(let sent) = try stream.write(gather: pieces) else { return (offered, 0) }
        didSend(sent)
        return (offered, sent)
    }

    private func didSend(_ count: Int) {
        bytesSent += UInt64(count)
        pendingBytes -= count
        var left = count
        while isOpen, left > 0 {
            let frame = outbound.first
            let taken = min(left, frame.remaining)
            frame.offset += taken
            left -= taken
            if frame.remaining == 0 {
                let sent = frame.sent
                outbound.removeFirst()
                sent?()
            }
        }
    }

    private func endOfFlush() {
        if isDrained, isFinishing {
            stream.endWriting()
            if isInputEnded { return close() }
        }
        updateInterest()
        if isDrained { drained?() }
    }
}

extension FrameHeader {
    fileprivate func carrying(_ count: Int) -> FrameHeader {
        precondition(count <= Int(UInt32.max), "a frame's payload is at most 4 GB")
        var header = self
        header.payloadLength = count
        return header
    }
}
