/// What a worker says of itself several times in each `--peer-timeout`, beside its step and phase.
package struct Heartbeat: Equatable {
    /// Seconds of its clock.
    package var clock: Double
    /// Bytes of its connection for messages: sent to the coordinator, and received. What does not arrive on a connection that looks sound is noticed by them.
    package var sent: UInt64
    package var received: UInt64
    /// Bytes that it has received from the other members of its generation.
    package var receivedFromMembers: UInt64

    package init(clock: Double, sent: UInt64, received: UInt64, receivedFromMembers: UInt64) {
        (self.clock, self.sent, self.received, self.receivedFromMembers) = (
            clock, sent, received, receivedFromMembers
        )
    }
}

extension Heartbeat: Message {
    package static let name = "heartbeat"

    package func write(to writer: inout MessageWriter) {
        writer.write(clock)
        for count in [sent, received, receivedFromMembers] { writer.write(count) }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            clock: try reader.readDouble(), sent: try reader.read(), received: try reader.read(),
            receivedFromMembers: try reader.read())
    }
}
