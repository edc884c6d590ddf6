import Kernels
import Synchronization
import Threads

/// A group of members in one process: the same `Collective`s as in a run, with memory copies instead of
/// sockets. A worker measures and evaluates with it, and tests use it.
///
/// Each member has a communication thread that takes messages from its queue in order. Messages of one sender
/// arrive in order, urgent or bulk: as over sockets, nothing may depend on more.
package final class LocalGroup: @unchecked Sendable {  // members' queues are guarded by their own mutexes
    fileprivate let members: [LocalMember]

    /// - Throws: `ThreadError` if a communication thread cannot be started.
    package init(_ collectives: [Collective]) throws(ThreadError) {
        members = collectives.map(LocalMember.init)
        for member in members {
            member.group = self
            member.collective.link = member
        }
        do {
            for member in members { try member.start() }
        } catch {
            close()
            throw error
        }
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
    weak var group: LocalGroup?
    private let queue = Monitor(Queue())
    private var thread: Thread?

    init(_ collective: Collective) { self.collective = collective }

    func send(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, to member: Int) {
        let message = Message(envelope: envelope, payload: payload, sender: collective.rank)
        group?.members[member].queue.change { $0.messages.append(message) }
    }

    func wake() { queue.change { $0.isWoken = true } }

    func start() throws(ThreadError) {
        thread = try Thread(named: "communication") { self.run() }
    }

    func stop() {
        queue.change { $0.isStopped = true }
        thread?.join()
        thread = nil
    }

    func run() {
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
