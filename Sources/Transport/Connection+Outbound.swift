#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Frames that wait to be sent, in order.
struct Outbound {
    static let piecesPerWrite = 64

    /// One frame: its header (and a copied payload) in memory of its own, or the payload where the caller keeps it.
    final class Frame {
        private var header: FrameHeader
        private let own: UnsafeMutableRawBufferPointer
        private var borrowed: UnsafeRawBufferPointer?
        private(set) var sent: (() -> Void)?
        var offset = 0
        private var isEncoded = false

        init(_ header: FrameHeader, copying payload: UnsafeRawBufferPointer) {
            (self.header, borrowed, sent) = (header, nil, nil)
            own = .allocate(byteCount: FrameHeader.byteCount + payload.count, alignment: 16)
            UnsafeMutableRawBufferPointer(rebasing: own[FrameHeader.byteCount...]).copyMemory(from: payload)
        }

        init(_ header: FrameHeader, borrowing payload: UnsafeRawBufferPointer, sent: (() -> Void)?) {
            (self.header, borrowed, self.sent) = (header, payload, sent)
            own = .allocate(byteCount: FrameHeader.byteCount, alignment: 16)
        }

        deinit { own.deallocate() }

        /// A frame that has been sent becomes another one.
        func reuse(_ header: FrameHeader, borrowing payload: UnsafeRawBufferPointer, sent: (() -> Void)?) {
            (self.header, borrowed, self.sent, offset, isEncoded) = (header, payload, sent, 0, false)
        }

        /// Lets go of what it borrowed; whether it can be another one.
        func retire() -> Bool {
            sent = nil
            return borrowed != nil
        }

        var count: Int { own.count + (borrowed?.count ?? 0) }
        var remaining: Int { count - offset }

        /// The checksum is made when the frame's turn comes: queuing stays cheap, and the bytes are warm for the send.
        func encodeOnce(needsChecksum: Bool) {
            guard !isEncoded else { return }
            isEncoded = true
            let payload =
                borrowed
                ?? UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(own)[FrameHeader.byteCount...])
            let space = UnsafeMutableRawBufferPointer(rebasing: own[..<FrameHeader.byteCount])
            header.encode(into: space, payload: payload, needsChecksum: needsChecksum)
        }

        /// The unsent bytes, in one or two pieces.
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
    /// Sent ones, for the next frames that borrow.
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
    /// Queues a frame with a copy of its payload. It leaves at the end of the loop's turn, together with what else was queued.
    package func send(_ header: FrameHeader, _ payload: [UInt8] = []) {
        payload.withUnsafeBytes { send(header, copying: $0) }
    }

    package func send(_ header: FrameHeader, copying payload: UnsafeRawBufferPointer) {
        enqueue(Outbound.Frame(header.carrying(payload.count), copying: payload))
    }

    /// Queues a frame without copying: the payload stays alive and unchanged until `sent`, or until the connection is closed.
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

    /// Hands queued bytes to the system until it takes no more, or the turn's share is used up.
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
            // What the peer said before it closed is worth more than "broken pipe".
            if wantsInput { readTurn() }
            fail(TransportError(error, of: peer))
        }
        if isOpen, !isFull, !outbound.isEmpty, !stream.announcesRoom { resumeInNextTurn() }
        if isOpen { endOfFlush() }
    }

    /// Offers the stream the next queued bytes, at most `limit`, and sees how many it takes.
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
