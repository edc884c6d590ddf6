/// The description of a message between members; its payload travels beside it.
package struct Envelope: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// Bulk. One node's gradient sum of one piece, to the piece's owner; index: piece, part: node. The
        /// sum of a sparse piece may be packed: see `SparsePieces`.
        case partial = 1
        /// Bulk. New parameters of one piece, from its owner to everyone; index: piece.
        case parameters = 2
        /// Urgent. The sender's nodes of one statistics exchange, to everyone; index: exchange.
        case statistics = 3
        /// Urgent. The sender's nodes of the step's report (loss, metrics), to rank 0. Members without
        /// samples send it too.
        case report = 4
        /// Bulk. "I have no samples in this step and am done with it", to everyone.
        case idle = 5
        /// Bulk. Rank 0's word on what follows the step, to everyone.
        case control = 6
        /// Urgent. The sender's cells of a measured step's gradient, to everyone: see `GradientMeasurement`.
        case norms = 7
        /// Bulk. A kept vector of one piece, from its owner to everyone, between steps; index: piece, step:
        /// the one that follows. See `Collective.gather`.
        case gathered = 8

        package var isUrgent: Bool { self == .statistics || self == .report || self == .norms }
        /// True if a member that is one step ahead may have sent it. Messages that everybody needs to
        /// complete a step cannot be early.
        var mayBeEarly: Bool { self != .parameters && self != .control && self != .norms }
    }

    package var kind: Kind
    package var step: Int
    package var index: Int
    package var part: Int

    package init(_ kind: Kind, step: Int, index: Int = 0, part: Int = 0) {
        self.kind = kind
        self.step = step
        self.index = index
        self.part = part
    }
}

/// Thrown for a message that no correct peer of this generation sends.
package struct ProtocolViolation: Error, Equatable, CustomStringConvertible {
    package let description: String
}
