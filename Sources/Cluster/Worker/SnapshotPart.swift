import Kernels
import Threads
import Training
import Transport

/// A member's part of a snapshot on its way to the coordinator.
final class SnapshotPart: Sendable {
    /// Floats of a run (1 MB), so that other messages pass in between.
    private static let runLength = 1 << 18

    let generation: FrameGeneration
    let step: Int
    let kept: KeptState
    private let rank: Int
    private let values: FloatBuffer
    private let slots: SnapshotSlots

    init(
        generation: FrameGeneration, step: Int, of state: MemberState, occupiedSpace: Int,
        slots: SnapshotSlots
    ) {
        self.generation = generation
        self.step = step
        self.slots = slots
        rank = state.rank
        values = state.snapshotPart()
        kept = KeptState(of: state, occupiedSpace: occupiedSpace, part: values)
    }

    /// The part has been sent, or its connection has ended.
    deinit { slots.giveBack() }

    /// The messages of the part. An empty part is one empty run.
    var messages: [ToCoordinator] {
        stride(from: 0, to: max(1, values.count), by: Self.runLength).map { offset in
            .snapshot(
                SnapshotRun(step: step, rank: rank, offset: offset),
                UnsafeBufferPointer(
                    start: values.pointer + offset, count: min(Self.runLength, values.count - offset)))
        }
    }
}

/// Limits the parts that are under way at once: with a slow network the training waits, and does not fill the
/// memory with copies of itself.
final class SnapshotSlots: Sendable {
    private static let count = 2
    private let free = Mailbox<Void>()

    init() { for _ in 0..<Self.count { free.put(()) } }

    /// Waits until a part may be made.
    func take() { free.take() }
    fileprivate func giveBack() { free.put(()) }
}
