import Collectives
import Kernels
import NeuralNetwork
import Training
import Transport

/// What a member keeps of a snapshot that it took part in: all parameters and its own part, so that a generation that begins there need not be sent them again.
final class KeptState: Sendable {
    let generation: FrameGeneration
    let step: Int
    private let parameters: FloatBuffer
    private let part: FloatBuffer
    private let partition: Partition
    private let rank: Int

    /// - Parameters:
    ///   - state: at a step's boundary, by the compute thread.
    ///   - part: its part of the snapshot.
    init(
        _ generation: FrameGeneration, step: Int, of state: MemberState, occupiedSpace: Int, part: FloatBuffer
    ) {
        (self.generation, self.step, self.part) = (generation, step, part)
        (partition, rank) = (state.partition, state.rank)
        parameters = FloatBuffer(count: occupiedSpace)
        parameters.pointer.update(from: state.parameters.pointer, count: occupiedSpace)
    }

    /// Writes what it has of the state that a member of a new generation begins with.
    ///
    /// - Returns: the runs of the new member's moments that it has not.
    func restore(to state: MemberState) -> [Range<Int>] {
        state.parameters.pointer.update(from: parameters.pointer, count: parameters.count)
        let (kept, missing) = state.partition.owned(by: state.rank, since: partition, oldRank: rank)
        // Behind the owned parameters come the owned values of each moment.
        let owned = partition.ownedCounts[rank]
        for (i, moment) in state.moments.enumerated() {
            for (new, old) in kept {
                (moment.pointer + new.compact).update(
                    from: part.pointer + (i + 1) * owned + old.compact, count: new.range.count)
            }
        }
        return missing.map { $0.compact..<($0.compact + $0.range.count) }
    }
}

/// The snapshots that a worker has something of. On the communication thread.
struct KeptStates {
    /// The newest complete one and those that are still being put together. A coordinator that is further behind is not waited for: if it begins with one that is forgotten here, this
    /// worker joins again.
    private static let most = 4

    private var states: [KeptState] = []

    mutating func add(_ state: KeptState) { states = states.suffix(Self.most - 1) + [state] }

    /// The coordinator has all of a snapshot: what is older will not be asked for.
    mutating func completed(_ generation: FrameGeneration, step: Int) {
        guard let first = states.firstIndex(where: { $0.generation == generation && $0.step == step }) else {
            return
        }
        states.removeFirst(first)
    }

    /// A generation begins at a snapshot: no other one will be asked for. What there is of it, if anything.
    mutating func begin(since generation: FrameGeneration?, step: Int) -> KeptState? {
        states.removeAll { $0.generation != generation || $0.step != step }
        return states.first
    }
}
