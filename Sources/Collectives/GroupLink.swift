/// How a member reaches the others of its generation: in one process (`LocalGroup`) or over sockets.
///
/// All of it happens on the member's one communication thread, which calls `Collective.turn` between messages.
package protocol GroupLink: AnyObject {
    /// Queues a message. The payload stays unchanged until it is delivered: the protocol of a step sees to that.
    func send(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, to member: Int)
    /// Makes the communication thread call `Collective.turn` soon. From any thread.
    func wake()
}
