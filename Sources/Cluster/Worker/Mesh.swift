import Collectives
import Jobs
import Transport

/// A member's connections to all others of its generation. There are two to each, so that 100 urgent bytes
/// never wait behind megabytes.
///
/// Owned by the communication thread. In each pair the higher rank dials; if it cannot, the lower one does,
/// when the coordinator says so.
final class Mesh: GroupLink {
    /// The events that the mesh tells its owner of.
    struct Handlers {
        /// All members are connected.
        var connected: () -> Void
        /// A member cannot be reached.
        var unreachable: (PeerFailure) -> Void
        /// A member's connection has ended.
        var suspected: (PeerFailure) -> Void
    }

    private struct Peer {
        var bulk: Connection?
        var urgent: Connection?
        var isUnreachable = false
        /// The peer's vectors, if this process has mapped them.
        var memory: SharedVectors?
        /// The peer has mapped this member's vectors.
        var hasOwn = false
        /// The peer receives frames: on the bulk connection, and on the urgent one.
        var isReady = [false, false]
        var isConnected: Bool { bulk != nil && urgent != nil }
    }

    private let reactor: Reactor
    private let formation: Formation
    private let job: String
    private let credentials: Credentials
    private let collective: Collective
    private let handlers: Handlers
    private let memory: LocalMemory?
    /// A hook for tests: called for every message that was queued, with the socket over which its payload
    /// leaves, if any.
    var sent: ((_ envelope: Envelope, _ socket: Connection?) -> Void)?
    private var peers: [Peer]
    private var dials: [Dial] = []
    private var isClosed = false
    private var hasReported = false

    /// Seconds that one attempt to reach a member may take.
    static let dialTimeout = 5.0
    /// Bytes from which on a payload stays in its sender's memory: fewer are soon copied.
    private static let leastShared = 4096

    /// - Parameter memory: this member's vectors, for others on its machine.
    init(
        reactor: Reactor, formation: Formation, job: String, credentials: Credentials, collective: Collective,
        memory: LocalMemory? = nil,
        handlers: Handlers
    ) {
        self.reactor = reactor
        self.formation = formation
        self.job = job
        self.credentials = credentials
        self.collective = collective
        self.memory = memory
        self.handlers = handlers
        peers = Array(repeating: Peer(), count: formation.members.count)
    }

    /// Dials the members with lower ranks; those with higher ranks dial this one.
    func open() {
        for rank in 0..<formation.rank { dial(rank) }
        reportIfConnected()
    }

    func dial(_ rank: Int) {
        guard !isClosed, formation.members.indices.contains(rank), rank != formation.rank,
            !peers[rank].isConnected
        else { return }
        for isUrgent in [false, true] {
            let greeting = MeshGreeting(
                job: job, generation: formation.generation, from: formation.rank, to: rank, isUrgent: isUrgent
            )
            let credentials = credentials
            let dial = reactor.dial(
                formation.members[rank].endpoints, priority: isUrgent ? 1 : 0, timeout: Self.dialTimeout,
                handshake: {
                    .dialler(
                        credentials, program: Version.program,
                        context: ConnectionPurpose.mesh(greeting).encoded)
                }
            ) { [weak self] result in
                switch result {
                case .success(let (connection, _)):
                    self?.add(connection, rank: rank, isUrgent: isUrgent, dialled: true) ?? connection.close()
                case .failure(let error): self?.failed(rank, "\(error)")
                }
            }
            dials.append(dial)
        }
    }

    private func failed(_ rank: Int, _ reason: String) {
        guard !isClosed, !peers[rank].isUnreachable, !peers[rank].isConnected else { return }
        peers[rank].isUnreachable = true
        handlers.unreachable(PeerFailure(rank: rank, reason: Sentence(reason)))
    }

    /// Takes over a connection that a member dialled.
    func accept(_ connection: Connection, _ greeting: MeshGreeting) {
        guard !isClosed, greeting.to == formation.rank, peers.indices.contains(greeting.from),
            greeting.from != formation.rank
        else {
            connection.close()
            return
        }
        add(connection, rank: greeting.from, isUrgent: greeting.isUrgent, dialled: false)
    }

    private func add(_ connection: Connection, rank: Int, isUrgent: Bool, dialled: Bool) {
        let isTaken = isUrgent ? peers[rank].urgent != nil : peers[rank].bulk != nil
        guard !isClosed, !isTaken else {
            connection.close()
            return
        }
        if isUrgent { peers[rank].urgent = connection } else { peers[rank].bulk = connection }
        connection.peer = formation.members[rank].name
        connection.closed = { [weak self] reason in
            let reason = reason.map { "\($0)" } ?? "it closed its connection"
            self?.handlers.suspected(PeerFailure(rank: rank, reason: Sentence(reason)))
        }
        let begin = { [weak self, unowned connection] (agreed: SharedMemories) in
            guard let self else { return }
            if let theirs = agreed.theirs { peers[rank].memory = SharedVectors(theirs.bytes, of: theirs) }
            if agreed.isOwnTaken { peers[rank].hasOwn = true }
            serve(connection, rank)
            peers[rank].isReady[isUrgent ? 1 : 0] = true
            reportIfConnected()
        }
        // The bulk between members of one machine stays in its memory.
        isUrgent
            ? begin(SharedMemories())
            : connection.shareMemoryIfLocal(offers: dialled, own: memory?.shared, begin)
    }

    private func reportIfConnected() {
        let others = peers.indices.filter { $0 != formation.rank }
        guard !hasReported, others.allSatisfy({ peers[$0].isReady == [true, true] }) else { return }
        hasReported = true
        memory?.shared.offerEnded()
        handlers.connected()
    }

    private func serve(_ connection: Connection, _ rank: Int) {
        let (collective, generation) = (collective, formation.generation)
        func message(_ header: FrameHeader) throws -> MeshMessage {
            guard header.generation == generation, let message = MeshMessage(header) else {
                throw MalformedMessage("rank \(rank) sent a frame that is not of this generation")
            }
            return message
        }
        connection.isKnownKind = MeshMessage.isKnown
        connection.destination = { header in
            try collective.destination(message(header).envelope, bytes: header.payloadLength, from: rank)
        }
        connection.received = { [unowned self] header, payload in
            let message = try message(header)
            guard let offset = message.memoryOffset else {
                return try collective.received(message.envelope, bytes: payload.count, from: rank)
            }
            guard let memory = peers[rank].memory, payload.isEmpty else {
                throw MalformedMessage("rank \(rank) named an address in memory that is not shared")
            }
            try collective.received(message.envelope, in: memory, offset: offset, from: rank)
        }
    }

    func send(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, to member: Int) {
        if let message = inMemory(envelope, payload, for: member) {
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            peers[member].bulk?.send(message.header(of: formation.generation), borrowing: nothing)
            sent?(envelope, nil)
        } else {
            let connection = envelope.kind.isUrgent ? peers[member].urgent : peers[member].bulk
            connection?.send(
                MeshMessage(envelope).header(of: formation.generation), borrowing: payload)
            sent?(envelope, connection?.isInMemory == false ? connection : nil)
        }
    }

    /// A message whose payload stays in memory that the member has mapped; nil if it has to travel.
    private func inMemory(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, for member: Int)
        -> MeshMessage?
    {
        guard payload.count >= Self.leastShared, peers[member].hasOwn,
            let offset = memory?.vectors.offset(of: payload)
        else { return nil }
        return MeshMessage(envelope, memoryOffset: offset)
    }

    func wake() { reactor.wake() }

    /// Bytes from all members, on the connections that are open.
    var bytesReceived: UInt64 {
        peers.reduce(0) { $0 + ($1.bulk?.bytesReceived ?? 0) + ($1.urgent?.bytesReceived ?? 0) }
    }

    /// After this no frame is sent or received, and no buffer of the generation is touched.
    func close() {
        isClosed = true
        for dial in dials { dial.cancel() }
        for peer in peers {
            peer.bulk?.close()
            peer.urgent?.close()
        }
        (dials, peers) = ([], Array(repeating: Peer(), count: peers.count))
    }
}

/// A member's vectors in memory that others on its machine may map.
struct LocalMemory {
    let shared: SharedMemory
    let vectors: SharedVectors

    /// Makes room for vectors of so many floats. Nil: the system has no memory to share.
    init?(for counts: [Int]) {
        guard let shared = SharedMemory.make(count: SharedVectors.bytes(for: counts)) else { return nil }
        (self.shared, vectors) = (shared, SharedVectors(shared.bytes, of: shared))
    }
}
