import Training
import Transport

/// The messages from a worker to its coordinator. A message that belongs to a generation travels with its
/// number.
///
/// A new message is a case here and a case of `Kind`; the compiler asks for the rest.
package enum ToCoordinator: @unchecked Sendable {  // the floats of a bulk message are only read
    /// The job is compiled and the data is here.
    case prepared(Prepared)
    /// Asks for a chunk of data.
    case fetch(DataChunk)
    /// The connections to all members stand, and the state is loaded.
    case connected
    /// The worker cannot connect to a member.
    case unreachable(PeerFailure)
    /// A member has closed its connection or sent a malformed message.
    case suspected(PeerFailure)
    /// Rank 0: a step is done.
    case stepReport(StepReport)
    /// A run of the worker's part of a snapshot. An owner of nothing sends one empty run.
    case snapshot(SnapshotRun, UnsafeBufferPointer<Float>)
    /// Some chunks of an evaluation.
    case evaluation(EvaluationReport)
    /// The control word has ended the generation here, and all results of the worker were sent before.
    case generationEnded
    /// The worker cannot go on.
    case failed(WorkerFailure)
    /// The worker was asked to stop, and leaves at the next boundary.
    case leaving
    /// Spans of the worker's timeline.
    case timing(TimingMessage)
    /// The owner of some pieces, in a step that is audited: digests of what it was sent.
    case contributions(ContributionDigests)
    /// Another member's work in a step, computed once more.
    case audit(AuditResult)

    package enum Kind: UInt8, CaseIterable {
        case prepared = 17
        case fetch = 19
        case connected = 24
        case unreachable = 25
        case suspected = 28
        case stepReport = 30
        case snapshot = 31
        case evaluation = 32
        case generationEnded = 33
        case failed = 36
        case leaving = 37
        case timing = 42
        case contributions = 44
        case audit = 45
    }
}

extension ToCoordinator: FramedMessage {
    package var frame: MessageFrame {
        switch self {
        case .prepared(let prepared): MessageFrame(Kind.prepared, prepared)
        case .fetch(let chunk): MessageFrame(Kind.fetch, chunk)
        case .connected: MessageFrame(Kind.connected)
        case .unreachable(let failure): MessageFrame(Kind.unreachable, failure)
        case .suspected(let failure): MessageFrame(Kind.suspected, failure)
        case .stepReport(let report): MessageFrame(Kind.stepReport, report)
        case .snapshot(let run, let floats):
            MessageFrame(Kind.snapshot, borrowing: UnsafeRawBufferPointer(floats), fields: run.write)
        case .evaluation(let report): MessageFrame(Kind.evaluation, report)
        case .generationEnded: MessageFrame(Kind.generationEnded)
        case .failed(let failure): MessageFrame(Kind.failed, failure)
        case .leaving: MessageFrame(Kind.leaving)
        case .timing(let timing): MessageFrame(Kind.timing, timing)
        case .contributions(let digests): MessageFrame(Kind.contributions, digests)
        case .audit(let result): MessageFrame(Kind.audit, result)
        }
    }

    package init(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(MalformedMessage) {
        guard let kind = Kind(rawValue: header.kind) else {
            throw MalformedMessage("a message of kind \(header.kind) is not for a coordinator")
        }
        switch kind {
        case .prepared: self = .prepared(try header.value(payload, kind))
        case .fetch: self = .fetch(try header.value(payload, kind))
        case .connected:
            try header.nothing(payload, kind)
            self = .connected
        case .unreachable: self = .unreachable(try header.value(payload, kind))
        case .suspected: self = .suspected(try header.value(payload, kind))
        case .stepReport: self = .stepReport(try header.value(payload, kind))
        case .snapshot: self = .snapshot(try SnapshotRun(header), try payload.floats(kind))
        case .evaluation: self = .evaluation(try header.value(payload, kind))
        case .generationEnded:
            try header.nothing(payload, kind)
            self = .generationEnded
        case .failed: self = .failed(try header.value(payload, kind))
        case .leaving:
            try header.nothing(payload, kind)
            self = .leaving
        case .timing: self = .timing(try header.value(payload, kind))
        case .contributions: self = .contributions(try header.value(payload, kind))
        case .audit: self = .audit(try header.value(payload, kind))
        }
    }
}
