import Kernels
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A group of members in one process: the same `Collective`s as in a run, with memory copies instead of
/// sockets. A worker measures and evaluates with it, and tests use it.
///
/// Each member has a communication thread that takes messages from its queue in order. Messages of one sender
/// arrive in order, urgent or bulk: as over sockets, nothing may depend on more.
package final class LocalGroup: @unchecked Sendable {  // members' queues are guarded by their own mutexes
    private let members: [LocalMember]

    package init(_ collectives: [Collective]) {
        members = collectives.map(LocalMember.init)
        for member in members {
            member.peers = members
            member.collective.link = member
        }
        for member in members { member.start() }
    }

    /// Ends the threads; messages in flight are dropped.
    package func close() {
        for member in members { member.stop() }
    }
}

private final class LocalMember: GroupLink, @unchecked Sendable {
    struct Message {
        let envelope: Envelope
        let payload: UnsafeRawBufferPointer
        let sender: Int
    }

    private struct Queue {
        var messages: [Message] = []
        var isWoken = false
        var isStopped = false
    }

    let collective: Collective
    /// Set before any thread starts.
    var peers: [LocalMember] = []
    private let queue = Bell(Queue())
    private var thread: pthread_t?

    init(_ collective: Collective) { self.collective = collective }

    func send(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, to member: Int) {
        let message = Message(envelope: envelope, payload: payload, sender: collective.rank)
        peers[member].queue.change { $0.messages.append(message) }
    }

    func wake() { queue.change { $0.isWoken = true } }

    func start() {
        let argument = Unmanaged.passRetained(self)
        #if canImport(Darwin)
            var created: pthread_t?
        #else
            var created = pthread_t()
        #endif
        let status = pthread_create(&created, nil, localMemberMain, argument.toOpaque())
        precondition(status == 0, "a test's communication thread cannot be started")
        thread = created
    }

    func stop() {
        queue.change { $0.isStopped = true }
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }

    func run() {
        establishFloatingPointMode()
        var more = false
        while true {
            let next: [Message]? = queue.wait { queue in
                if queue.isStopped { return .some(nil) }
                guard more || queue.isWoken || !queue.messages.isEmpty else { return nil }
                defer { (queue.messages, queue.isWoken) = ([], false) }
                return queue.messages
            }
            guard let next else { return }
            for message in next { deliver(message) }
            more = collective.turn()
        }
    }

    private func deliver(_ message: Message) {
        do {
            let memory = try collective.destination(
                message.envelope, bytes: message.payload.count, from: message.sender)
            memory.copyMemory(from: message.payload)
            try collective.received(message.envelope, bytes: message.payload.count, from: message.sender)
        } catch {
            collective.end(GenerationEnded(reason: "\(error)"))
        }
    }
}

#if canImport(Darwin)
    private func localMemberMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<LocalMember>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func localMemberMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { Unmanaged<LocalMember>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }
#endif
