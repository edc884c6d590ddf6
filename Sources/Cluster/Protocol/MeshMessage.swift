import Collectives
import Transport

/// A message between two members of a generation. Its payload travels in the frame, or stays in the sender's
/// memory if the receiver has mapped that.
package struct MeshMessage {
    /// Shared payloads begin at multiples of so many bytes.
    package static let memoryUnit = 64
    private static let inMemoryFlag: UInt8 = 1

    package var envelope: Envelope
    /// Bytes from the beginning of the sender's shared memory to the payload; nil: the payload is in the
    /// frame.
    package private(set) var memoryOffset: Int?

    /// A message with its payload in the frame.
    package init(_ envelope: Envelope) { self.envelope = envelope }

    /// A message with its payload in the sender's memory. Nil: the frame cannot name this offset.
    package init?(_ envelope: Envelope, memoryOffset: Int) {
        guard memoryOffset % Self.memoryUnit == 0,
            UInt32(exactly: memoryOffset / Self.memoryUnit) != nil
        else { return nil }
        self.envelope = envelope
        self.memoryOffset = memoryOffset
    }

    package static func isKnown(kind: UInt8) -> Bool { Envelope.Kind(rawValue: kind) != nil }

    /// Nil: the header is of no message between members.
    package init?(_ header: FrameHeader) {
        guard let kind = Envelope.Kind(rawValue: header.kind), header.step < 1 << 48,
            header.flags <= Self.inMemoryFlag
        else { return nil }
        envelope = Envelope(
            kind, step: Int(header.step), index: Int(header.index),
            part: Int(UInt32(truncatingIfNeeded: header.detail)))
        if header.flags == Self.inMemoryFlag { memoryOffset = Self.memoryUnit * Int(header.detail >> 32) }
    }

    /// The detail holds the part in its lower half and the offset in memory, in units, in its upper half.
    package func header(of generation: FrameGeneration) -> FrameHeader {
        let units = UInt64((memoryOffset ?? 0) / Self.memoryUnit)
        return FrameHeader(
            kind: envelope.kind.rawValue, flags: memoryOffset == nil ? 0 : Self.inMemoryFlag,
            generation: generation, step: UInt64(envelope.step), index: UInt32(envelope.index),
            detail: units << 32 | UInt64(UInt32(envelope.part)))
    }
}
