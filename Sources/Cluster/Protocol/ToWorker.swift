import Collectives
import Training
import Transport

/// The messages from the coordinator to a worker. A message that belongs to a generation travels with its
/// number.
///
/// A new message is a case here and a case of `Kind`; the compiler asks for the rest.
package enum ToWorker {
    /// The worker is let in: the job, the hashes of its data, and the platform that is asked for.
    case welcome(Welcome)
    /// The worker ends with exit status 1.
    case refused(Sentence)
    /// The run has failed: the worker ends with exit status 1, unless it stays for the next job.
    case runFailed(Sentence)
    /// A chunk of data.
    case chunk(DataChunk, UnsafeRawBufferPointer)
    /// The worker is a member of a new generation.
    case form(Formation)
    /// A run of the state that the generation begins with, where the worker has not kept it.
    case state(StateRun, UnsafeBufferPointer<Float>)
    /// All of the state was sent.
    case stateComplete
    /// The worker is to dial this rank, which could not reach it.
    case dial(rank: Int)
    /// The worker is ready, and there is nothing for it to do.
    case spare(Sentence)
    /// The generation begins to train.
    case start
    /// Rank 0: these flags go into the next control word.
    case request(ControlWord)
    /// The generation has ended.
    case endGeneration(Sentence)
    /// The worker's job is over: it ends with exit status 0.
    case finish(Sentence)
    /// The decision after an evaluation.
    case decision(Decision)
    /// The worker is to join again: another job follows, or the others went on without it.
    case joinAgain(Sentence)
    /// Every part of this generation's snapshot after so many steps has arrived.
    case snapshotComplete(step: Int)

    package enum Kind: UInt8, CaseIterable {
        case welcome = 16
        case refused = 18
        case chunk = 20
        case form = 21
        case state = 22
        case stateComplete = 23
        case dial = 26
        case start = 27
        case request = 29
        case endGeneration = 34
        case finish = 35
        case decision = 38
        case joinAgain = 39
        case snapshotComplete = 43
        case runFailed = 46
        case spare = 47
    }

    /// A bulk message whose payload has not arrived: its receiver says where that goes.
    package enum BulkHeader {
        case chunk(DataChunk)
        case state(StateRun)

        /// Nil for the other messages, which are short.
        package init?(_ header: FrameHeader) throws(MalformedMessage) {
            switch Kind(rawValue: header.kind) {
            case .chunk: self = .chunk(try DataChunk(header))
            case .state: self = .state(try StateRun(header))
            default: return nil
            }
        }
    }
}

extension ToWorker: FramedMessage {
    package var frame: MessageFrame {
        switch self {
        case .welcome(let welcome): MessageFrame(Kind.welcome, welcome)
        case .refused(let reason): MessageFrame(Kind.refused, reason)
        case .runFailed(let reason): MessageFrame(Kind.runFailed, reason)
        case .chunk(let chunk, let bytes): MessageFrame(Kind.chunk, borrowing: bytes, fields: chunk.write)
        case .form(let formation): MessageFrame(Kind.form, formation)
        case .state(let run, let floats):
            MessageFrame(Kind.state, borrowing: UnsafeRawBufferPointer(floats), fields: run.write)
        case .stateComplete: MessageFrame(Kind.stateComplete)
        case .dial(let rank): MessageFrame(Kind.dial, rank)
        case .spare(let reason): MessageFrame(Kind.spare, reason)
        case .start: MessageFrame(Kind.start)
        case .request(let flags): MessageFrame(Kind.request, flags)
        case .endGeneration(let reason): MessageFrame(Kind.endGeneration, reason)
        case .finish(let reason): MessageFrame(Kind.finish, reason)
        case .decision(let decision): MessageFrame(Kind.decision, decision)
        case .joinAgain(let reason): MessageFrame(Kind.joinAgain, reason)
        case .snapshotComplete(let step): MessageFrame(Kind.snapshotComplete, step)
        }
    }

    package init(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(MalformedMessage) {
        guard let kind = Kind(rawValue: header.kind) else {
            throw MalformedMessage("a message of kind \(header.kind) is not for a worker")
        }
        switch kind {
        case .welcome: self = .welcome(try header.value(payload, kind))
        case .refused: self = .refused(try header.value(payload, kind))
        case .runFailed: self = .runFailed(try header.value(payload, kind))
        case .chunk: self = .chunk(try DataChunk(header), payload)
        case .form: self = .form(try header.value(payload, kind))
        case .state: self = .state(try StateRun(header), try payload.floats(kind))
        case .stateComplete:
            try header.nothing(payload, kind)
            self = .stateComplete
        case .dial: self = .dial(rank: try header.value(payload, kind))
        case .spare: self = .spare(try header.value(payload, kind))
        case .start:
            try header.nothing(payload, kind)
            self = .start
        case .request: self = .request(try header.value(payload, kind))
        case .endGeneration: self = .endGeneration(try header.value(payload, kind))
        case .finish: self = .finish(try header.value(payload, kind))
        case .decision: self = .decision(try header.value(payload, kind))
        case .joinAgain: self = .joinAgain(try header.value(payload, kind))
        case .snapshotComplete: self = .snapshotComplete(step: try header.value(payload, kind))
        }
    }
}

extension ControlWord: MessageValue {}

extension Decision: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(step)
        writer.write(factor)
        writer.write(stops)
    }

    /// Which model is the best concerns the coordinator alone, and does not travel.
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        let step = try reader.readStep()
        let factor = try reader.read(Double.self)
        guard factor.isFinite, factor >= 0 else {
            throw MalformedMessage("a decision multiplies the learning rate by \(factor)")
        }
        self.init(step: step, factor: factor, stops: try reader.read())
    }
}

extension UnsafeRawBufferPointer {
    /// A bulk payload of floats.
    func floats(_ kind: some RawRepresentable<UInt8>) throws(MalformedMessage) -> UnsafeBufferPointer<Float> {
        guard count % MemoryLayout<Float>.size == 0 else {
            throw MalformedMessage("a message `\(kind)` of \(count) bytes does not hold floats")
        }
        return assumingMemoryBound(to: Float.self)
    }
}
