/// A member that another member cannot connect to, or has lost.
package struct PeerFailure: Equatable, Sendable {
    package var rank: Int
    package var reason: Sentence

    package init(rank: Int, reason: Sentence) {
        self.rank = rank
        self.reason = reason
    }
}

extension PeerFailure: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(rank)
        writer.write(reason)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        rank = try reader.read(in: 0...)
        reason = try reader.read()
    }
}

/// The reason why a worker cannot go on.
package struct WorkerFailure: Equatable, Sendable {
    package var reason: Sentence
    /// The step whose results are not finite: the job, and not the worker, is to blame. Nil for any other
    /// failure.
    package var divergedStep: Int?

    package init(reason: Sentence, divergedStep: Int? = nil) {
        self.reason = reason
        self.divergedStep = divergedStep
    }
}

extension WorkerFailure: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(reason)
        writer.write(divergedStep)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        reason = try reader.read()
        divergedStep = try reader.read()
        guard divergedStep ?? 0 >= 0 else { throw reader.malformed }
    }
}
