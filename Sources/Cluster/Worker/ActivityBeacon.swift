import Synchronization
import Training

/// The compute thread's phase and step, for heartbeats.
final class ActivityBeacon: Sendable {
    private let phase = Atomic<UInt8>(TrainingPhase.idle.rawValue)
    private let step = Atomic<Int>(0)

    func set(_ phase: TrainingPhase, step: Int) {
        self.phase.store(phase.rawValue, ordering: .relaxed)
        self.step.store(step, ordering: .relaxed)
    }

    var current: (phase: TrainingPhase, step: Int) {
        (TrainingPhase(rawValue: phase.load(ordering: .relaxed)) ?? .idle, step.load(ordering: .relaxed))
    }
}
