/// The connection of a member to the others of its generation: in one process (`LocalGroup`) or over sockets.
///
/// Everything happens on the member's communication thread, which calls `Collective.turn` between messages.
package protocol GroupLink: AnyObject {
    /// Queues a message. The payload stays unchanged until it is delivered; the protocol of a step ensures
    /// that.
    func send(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, to member: Int)
    /// Makes the communication thread call `Collective.turn` soon. May be called from any thread.
    func wake()
}
