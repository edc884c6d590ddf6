import Kernels
import Threads
import Training
import Transport

/// A member's part of a snapshot on its way to the coordinator.
final class SnapshotPart: Sendable {
    let generation: FrameGeneration
    let step: Int
    let rank: Int
    let values: FloatBuffer
    let kept: KeptState
    private let places: SnapshotPlaces

    init(
        generation: FrameGeneration, step: Int, of state: MemberState, occupiedSpace: Int,
        places: SnapshotPlaces
    ) {
        (self.generation, self.step, rank, values, self.places) = (
            generation, step, state.rank, state.snapshotPart(), places
        )
        kept = KeptState(generation, step: step, of: state, occupiedSpace: occupiedSpace, part: values)
    }

    /// Sent, or given up with its connection.
    deinit { places.giveBack() }
}

/// How many parts may be under way at once: with a slow network the training waits rather than filling the memory with copies of itself.
final class SnapshotPlaces: Sendable {
    private static let count = 2
    private let free = Mailbox<Void>()

    init() { for _ in 0..<Self.count { free.put(()) } }

    /// Waits until a part may be made.
    func take() { free.take() }
    fileprivate func giveBack() { free.put(()) }
}
