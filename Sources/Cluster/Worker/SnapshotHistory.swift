import Transport

/// The newest snapshots that a worker took part in, each with its own share. On the communication thread.
package struct SnapshotHistory<Share> {
    /// The newest complete snapshot, and those that are not complete yet. If the coordinator rolls back
    /// further, the worker joins again.
    package static var most: Int { 4 }

    private var entries: [(generation: FrameGeneration, step: Int, share: Share)] = []

    package init() {}

    package mutating func add(_ share: Share, of generation: FrameGeneration, step: Int) {
        entries = entries.suffix(Self.most - 1) + [(generation, step, share)]
    }

    /// The coordinator has all of a snapshot: it will not ask for an older one.
    package mutating func completed(_ generation: FrameGeneration, step: Int) {
        guard let first = entries.firstIndex(where: { $0.generation == generation && $0.step == step }) else {
            return
        }
        entries.removeFirst(first)
    }

    /// A generation begins at a snapshot: forgets all others, and returns the worker's share of this one.
    package mutating func begin(since generation: FrameGeneration?, step: Int) -> Share? {
        entries.removeAll { $0.generation != generation || $0.step != step }
        return entries.first?.share
    }
}
