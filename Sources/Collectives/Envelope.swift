/// What a message between members is about; its payload travels beside it.
package struct Envelope: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// Bulk. One node's gradient sum of one piece, to the piece's owner; index: piece, part: node.
        case partial = 1
        /// Bulk. New parameters of one piece, from its owner to everyone; index: piece.
        case parameters = 2
        /// Urgent. The sender's nodes of one statistics exchange, to everyone; index: exchange.
        case statistics = 3
        /// Urgent. The sender's nodes of the step's report (loss, metrics), to rank 0; sent by members without samples too.
        case report = 4
        /// Bulk. "I have no samples in this step and am done with it", to everyone.
        case idle = 5
        /// Bulk. Rank 0's word on what follows the step, to everyone.
        case control = 6
        /// Urgent. The sender's cells of a measured step's gradient, to everyone: see `GradientMeasurement`.
        case norms = 7

        package var isUrgent: Bool { self == .statistics || self == .report || self == .norms }
        /// Whether a member that is one step ahead may have sent it: what everybody needs to complete a step may not.
        var mayBeEarly: Bool { self != .parameters && self != .control && self != .norms }
    }

    package var kind: Kind
    package var step: Int
    package var index: Int
    package var part: Int

    package init(_ kind: Kind, step: Int, index: Int = 0, part: Int = 0) {
        (self.kind, self.step, self.index, self.part) = (kind, step, index, part)
    }
}

/// A message that no correct peer of this generation sends.
package struct ProtocolViolation: Error, Equatable, CustomStringConvertible {
    package let description: String
}
