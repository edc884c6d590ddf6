/// The bytes of a connection that have arrived and are not delivered yet.
struct Inbound {
    /// A frame whose header has arrived.
    struct Frame {
        var header: FrameHeader
        var payload: UnsafeMutableRawBufferPointer
        var filled = 0
        var checksum: UInt32
        var expectedChecksum: UInt32
        var remaining: Int { payload.count - filled }
    }

    var frame: Frame?
    var staging = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var stagedStart = 0
    var stagedEnd = 0
    var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    var stagedCount: Int { stagedEnd - stagedStart }
    var staged: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(staging)[stagedStart..<stagedEnd])
    }
    var isBetweenFrames: Bool { frame == nil && stagedCount == 0 }

    /// Returns the free space at the end of the staging buffer: at least a header's size.
    mutating func freeStaging() -> UnsafeMutableRawBufferPointer {
        if staging.count == 0 { staging = .allocate(byteCount: Connection.stagingSize, alignment: 64) }
        if stagedCount == 0 {
            stagedStart = 0
            stagedEnd = 0
        } else if stagedEnd == staging.count || stagedStart > staging.count / 2 {
            staging.baseAddress?.copyMemory(
                from: staged.baseAddress.unsafelyUnwrapped, byteCount: stagedCount)
            stagedEnd = stagedCount
            stagedStart = 0
        }
        return UnsafeMutableRawBufferPointer(rebasing: staging[stagedEnd...])
    }

    /// Returns `count` bytes of the connection's own memory for a payload. The memory is reused for the next
    /// one.
    mutating func scratch(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if scratch.count < count {
            scratch.deallocate()
            scratch = .allocate(byteCount: max(count, 4096), alignment: 64)
        }
        return UnsafeMutableRawBufferPointer(rebasing: scratch[..<count])
    }

    func deallocate() {
        staging.deallocate()
        scratch.deallocate()
    }
}

extension Connection {
    /// Reads available bytes, up to the turn's share, and delivers the frames that are complete.
    func readTurn() {
        do {
            try deliverStaged()
            var budget = Connection.bytesPerTurn
            while isOpen, wantsInput, budget > 0 {
                let (count, wasFull) = try readOnce(budget)
                guard isOpen, count > 0 else { return }
                budget -= count
                if !wasFull && !stream.hasBufferedInput { return }
            }
            if isOpen, wantsInput, stream.hasBufferedInput { resumeInNextTurn() }
        } catch let error as TransportError {
            fail(error)
        } catch let failure as StreamFailure {
            fail(TransportError(failure, of: peer))
        } catch {
            fail(.rejected(peer: peer, reason: "\(error)"))
        }
    }

    private func readOnce(_ budget: Int) throws -> (count: Int, wasFull: Bool) {
        if isFinishing { return try discardOnce() }
        let remaining = inbound.frame?.remaining ?? 0
        if inbound.stagedCount == 0, remaining >= Connection.directRead, let frame = inbound.frame {
            return try readPayload(frame, budget)
        }
        let buffer = inbound.freeStaging()
        let count = try arrived(stream.read(into: buffer))
        inbound.stagedEnd += count
        if count > 0 { try deliverStaged() }
        return (count, count == buffer.count)
    }

    /// Reads a payload straight into its destination and, with its last bytes, the header behind it: in bulk,
    /// nothing is copied.
    private func readPayload(_ frame: Inbound.Frame, _ budget: Int) throws -> (count: Int, wasFull: Bool) {
        let wanted = min(frame.remaining, budget)
        let buffer = UnsafeMutableRawBufferPointer(
            rebasing: frame.payload[frame.filled..<frame.filled + wanted])
        let isRest = wanted == frame.remaining
        let next = UnsafeMutableRawBufferPointer(
            rebasing: inbound.freeStaging()[..<(isRest ? FrameHeader.byteCount : 0)])
        let count = try arrived(isRest ? stream.read(into: buffer, then: next) : stream.read(into: buffer))
        guard count > 0 else { return (0, false) }
        inbound.stagedEnd += max(0, count - wanted)
        try advance(min(count, wanted))
        try deliverStaged()
        return (count, count == wanted + next.count)
    }

    /// Counts the bytes of a read; 0 if there are none now, or the stream has ended.
    private func arrived(_ outcome: StreamOutcome) throws -> Int {
        switch outcome {
        case .wouldBlock: return 0
        case .endOfStream:
            fail(try endOfStream())
            return 0
        case .bytes(let count):
            bytesReceived += UInt64(count)
            return count
        }
    }

    private func endOfStream() throws -> TransportError? {
        if inbound.isBetweenFrames { return nil }
        return bytesReceived < UInt64(FrameHeader.byteCount) && !isAuthenticated
            ? .closedDuringHandshake(peer: peer) : .truncated(peer: peer)
    }

    private func discardOnce() throws -> (count: Int, wasFull: Bool) {
        switch try stream.read(into: inbound.scratch(4096)) {
        case .wouldBlock: return (0, false)
        case .bytes(let count): return (count, true)
        case .endOfStream:
            isInputEnded = true
            if isDrained { close() }
            return (0, false)
        }
    }

    /// Delivers frames from the staging buffer, for as long as there are whole headers or bytes of a payload,
    /// and a receiver.
    private func deliverStaged() throws {
        while isOpen, !isFinishing, received != nil {
            if inbound.frame == nil {
                guard try beginFrame() else { return }
            }
            guard isOpen, let frame = inbound.frame else { return }
            let count = min(frame.remaining, inbound.stagedCount)
            if count > 0 {
                frame.payload.baseAddress?.advanced(by: frame.filled)
                    .copyMemory(from: inbound.staged.baseAddress.unsafelyUnwrapped, byteCount: count)
                inbound.stagedStart += count
            } else if frame.remaining > 0 {
                return
            }
            try advance(count)
        }
    }

    /// Validates a header before anything is allocated for it. Returns false if it has not arrived
    /// completely.
    private func beginFrame() throws -> Bool {
        let staged = inbound.staged
        // After the handshake the peer's version is known. Another version means damage, unless the header's
        // checksum is right.
        switch FrameHeader.judge(staged, anyVersion: acceptsAnyVersion || isAuthenticated) {
        case .incomplete: return false
        case .notOurs where bytesReceived <= UInt64(inbound.stagedEnd) && !isAuthenticated:
            throw foreignProtocol(staged)
        case .notOurs: throw TransportError.corruptFrame(peer: peer)
        case .otherVersion(let version): throw otherVersion(version)
        case .complete: break
        }
        let version: UInt16 = staged.loadLittle(at: 4)
        let isOurs = version == FrameHeader.protocolVersion
        guard let (header, checksum, expected) = FrameHeader.decode(staged) else {
            throw isOurs || isAuthenticated ? .corruptFrame(peer: peer) : otherVersion(version)
        }
        guard isOurs || acceptsAnyVersion else { throw otherVersion(version) }
        guard header.payloadLength <= maximumPayload else {
            throw TransportError.frameTooLong(
                peer: peer, bytes: header.payloadLength, limit: maximumPayload, authenticated: isAuthenticated
            )
        }
        guard isKnownKind(header.kind) else {
            throw TransportError.unknownKind(peer: peer, kind: header.kind)
        }
        inbound.stagedStart += FrameHeader.byteCount
        let named = header.payloadLength > 0 ? try destination?(header) : nil
        guard isOpen else { return false }
        let payload = named ?? inbound.scratch(header.payloadLength)
        guard payload.count == header.payloadLength else {
            throw TransportError.unexpectedLength(
                peer: peer, kind: header.kind, bytes: header.payloadLength, expected: payload.count)
        }
        inbound.frame = Inbound.Frame(
            header: header, payload: payload, checksum: checksum, expectedChecksum: expected)
        return true
    }

    /// Returns the error for a peer whose first bytes are not a frame.
    private func foreignProtocol(_ bytes: UnsafeRawBufferPointer) -> TransportError {
        switch ProtocolSniff(bytes) {
        case .tls where stream is PlainStream: .protectionDiffers(peer: peer, ours: .plaintext)
        case .http: .spokeHTTP(peer: peer)
        default: .notOurProtocol(peer: peer)
        }
    }

    private func otherVersion(_ version: UInt16) -> TransportError {
        .otherVersion(
            peer: peer, theirs: version, theirProgram: nil, ours: FrameHeader.protocolVersion, ourProgram: nil
        )
    }

    /// Records that `count` more bytes of the payload have arrived; a complete frame is checked and
    /// delivered.
    private func advance(_ count: Int) throws {
        guard var frame = inbound.frame else { return }
        let new = UnsafeRawBufferPointer(frame.payload)[frame.filled..<frame.filled + count]
        if stream.needsChecksums {
            frame.checksum = CRC32C.extend(frame.checksum, UnsafeRawBufferPointer(rebasing: new))
        }
        frame.filled += count
        inbound.frame = frame
        guard frame.remaining == 0 else { return }
        inbound.frame = nil
        guard frame.checksum == frame.expectedChecksum else { throw TransportError.corruptFrame(peer: peer) }
        try received?(frame.header, UnsafeRawBufferPointer(frame.payload))
    }
}
