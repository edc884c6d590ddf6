// The agreement of two processes of one machine on memory that they share.

/// The memory that the two ends of a connection share.
package struct SharedMemories {
    /// The peer's own memory, mapped.
    package var theirs: SharedMemory?
    /// True if the peer has mapped the memory that this side offered.
    package var isOwnTaken = false

    package init(theirs: SharedMemory? = nil, isOwnTaken: Bool = false) {
        self.theirs = theirs
        self.isOwnTaken = isOwnTaken
    }
}

extension Connection {
    private enum MemoryKind {
        static let offer = HandshakeKind.refusal + 1
        static let answer = offer + 1
        static let confirmation = answer + 1
    }

    /// True if the connection's bytes go through memory, not through a socket.
    package var isInMemory: Bool { stream is SharedMemoryStream }

    /// True if both ends are on one machine, in one view of its network.
    private var isLocal: Bool { localAddress.bytes == remoteAddress.bytes }

    /// Moves the connection into shared memory, if both processes are on one machine and can share memory;
    /// otherwise nothing changes. Both ends call it directly after the handshake, before anything is sent or
    /// received. The completion is not called if the connection ends; `closed` reports that.
    ///
    /// - Parameters:
    ///   - offers: true at exactly one of the two ends.
    ///   - own: memory that the peer is to map besides.
    package func shareMemoryIfLocal(
        offers: Bool, own: SharedMemory? = nil, _ completion: @escaping (SharedMemories) -> Void
    ) {
        guard isLocal, !isInMemory else { return completion(SharedMemories()) }
        offers ? offerMemory(own, completion) : awaitMemory(own, completion)
    }

    private func offerMemory(_ own: SharedMemory?, _ completion: @escaping (SharedMemories) -> Void) {
        let rings = SharedMemoryStream.makeMemory()
        send(
            FrameHeader(kind: MemoryKind.offer),
            (rings?.offer() ?? []) + (rings == nil ? [] : own?.offer() ?? []))
        receiveOnce(MemoryKind.answer) { [unowned self] answer in
            var agreed = SharedMemories()
            if let rings, let taken = answer.first {
                guard adopt(rings, isMaker: true) else { return }
                agreed = SharedMemories(theirs: SharedMemory.take(answer.dropFirst()), isOwnTaken: taken == 1)
                send(FrameHeader(kind: MemoryKind.confirmation), [agreed.theirs == nil ? 0 : 1])
            }
            completion(agreed)
        }
    }

    private func awaitMemory(_ own: SharedMemory?, _ completion: @escaping (SharedMemories) -> Void) {
        receiveOnce(MemoryKind.offer) { [unowned self] offer in
            guard let rings = SharedMemory.take(offer.prefix(SharedMemory.offerSize)) else {
                send(FrameHeader(kind: MemoryKind.answer), [])
                drained = { [unowned self] in
                    drained = nil
                    completion(SharedMemories())
                }
                return
            }
            let theirs = SharedMemory.take(offer.dropFirst(SharedMemory.offerSize))
            send(FrameHeader(kind: MemoryKind.answer), [theirs == nil ? 0 : 1] + (own?.offer() ?? []))
            // The answer goes through the socket, and everything after it through the memory.
            drained = { [unowned self] in
                drained = nil
                guard adopt(rings, isMaker: false) else { return }
                receiveOnce(MemoryKind.confirmation) { confirmation in
                    completion(SharedMemories(theirs: theirs, isOwnTaken: confirmation.first == 1))
                }
            }
        }
    }

    /// Receives one frame, which must be of this kind, and pauses the input.
    private func receiveOnce(_ kind: UInt8, _ body: @escaping ([UInt8]) -> Void) {
        isKnownKind = { $0 == kind }
        received = { [unowned self] header, payload in
            received = nil
            isKnownKind = { $0 < FrameHeader.firstHandshakeKind }
            body(Array(payload))
        }
    }

    /// Replaces the stream by the shared memory; false if the connection has failed.
    private func adopt(_ rings: SharedMemory, isMaker: Bool) -> Bool {
        // Doorbells may already follow the answer.
        guard inbound.frame == nil, inbound.staged.allSatisfy({ $0 == SharedMemoryStream.doorbell }) else {
            fail(.rejected(peer: peer, reason: "it sent other bytes while it was agreeing on shared memory"))
            return false
        }
        inbound.stagedStart = inbound.stagedEnd
        rings.offerEnded()
        stream = SharedMemoryStream(stream, rings, isMaker: isMaker)
        updateInterest()
        return true
    }
}
