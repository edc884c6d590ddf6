import Synchronization
import Training
import Transport

/// What the communication thread tells a worker's main thread.
enum WorkerInstruction: Sendable {
    case welcomed(Welcome)
    /// All chunks of the data set that was asked for are there.
    case fetched
    /// Connected to all members, state loaded: make the trainer, then say `connected`.
    case formed(MemberGeneration)
    case start(FrameGeneration)
    /// The coordinator ended the generation.
    case ended(String)
    case finish(String)
    /// This worker is to join again: the coordinator wants it to, or cannot send it what it lacks otherwise.
    case again(String)
    case refused(String)
    /// The connection to the coordinator is gone, or, if it was never let in, did not come about.
    case lost(TransportError?, wasLetIn: Bool)
    case terminate
}

/// What the compute thread is doing, for heartbeats.
final class Pulse: Sendable {
    private let phase = Atomic<UInt8>(0)
    private let step = Atomic<Int>(0)

    func set(_ phase: TrainingPhase, step: Int) {
        self.phase.store(phase.rawValue, ordering: .relaxed)
        self.step.store(step, ordering: .relaxed)
    }

    var current: (phase: TrainingPhase, step: Int) {
        (TrainingPhase(rawValue: phase.load(ordering: .relaxed)) ?? .idle, step.load(ordering: .relaxed))
    }
}
