import Training
import Transport

/// A worker's sign of life, several times in each `--peer-timeout`. It is the only message that a worker
/// sends on its connection for heartbeats.
package struct Heartbeat: Equatable, Sendable {
    /// The compute thread's phase.
    package var phase: TrainingPhase
    /// The compute thread's step.
    package var step: Int
    /// Seconds of the worker's clock.
    package var clock: Double
    /// Bytes of the worker's connection for messages, sent to the coordinator and received from it. The
    /// coordinator compares them with its own counts, and so notices a connection that looks sound but
    /// delivers nothing.
    package var sent: UInt64
    package var received: UInt64
    /// Bytes that the worker has received from the other members of its generation.
    package var receivedFromMembers: UInt64
    /// Bytes of memory that the worker's process occupies.
    package var memory: UInt64

    package init(
        phase: TrainingPhase, step: Int, clock: Double, sent: UInt64, received: UInt64,
        receivedFromMembers: UInt64, memory: UInt64
    ) {
        self.phase = phase
        self.step = step
        self.clock = clock
        self.sent = sent
        self.received = received
        self.receivedFromMembers = receivedFromMembers
        self.memory = memory
    }
}

/// The coordinator's answer to a heartbeat.
package struct HeartbeatAnswer: Equatable, Sendable {
    /// The clock of the heartbeat, in seconds.
    package var asked: Double
    /// Seconds of the coordinator's clock when it answered.
    package var answered: Double

    package init(asked: Double, answered: Double) {
        self.asked = asked
        self.answered = answered
    }
}

extension TrainingPhase: MessageValue {}

extension Heartbeat: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(phase)
        writer.write(step)
        writer.write(clock)
        writer.write(sent)
        writer.write(received)
        writer.write(receivedFromMembers)
        writer.write(memory)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        phase = try reader.read()
        step = try reader.readStep()
        clock = try reader.read()
        sent = try reader.read()
        received = try reader.read()
        receivedFromMembers = try reader.read()
        memory = try reader.read()
    }
}

extension HeartbeatAnswer: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(asked)
        writer.write(answered)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        asked = try reader.read()
        answered = try reader.read()
    }
}

// MARK: - Frames

private enum HeartbeatKind: UInt8 {
    case heartbeat = 40
    case heartbeatAnswer = 41
}

extension Heartbeat: FramedMessage {
    package var frame: MessageFrame { MessageFrame(HeartbeatKind.heartbeat, self) }

    package init(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(MalformedMessage) {
        self = try header.value(payload, only: .heartbeat)
    }
}

extension HeartbeatAnswer: FramedMessage {
    package var frame: MessageFrame { MessageFrame(HeartbeatKind.heartbeatAnswer, self) }

    package init(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(MalformedMessage) {
        self = try header.value(payload, only: .heartbeatAnswer)
    }
}

extension FrameHeader {
    fileprivate func value<Value: MessageValue>(
        _ payload: UnsafeRawBufferPointer, only expected: HeartbeatKind
    ) throws(MalformedMessage) -> Value {
        guard kind == expected.rawValue else {
            throw MalformedMessage("a message of kind \(kind) came instead of a \(expected)")
        }
        return try value(payload, expected)
    }
}
