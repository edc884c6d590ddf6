import Collectives
import Kernels
import NeuralNetwork
import Training

/// A member's share of a snapshot: all parameters and its own part. A generation that begins there need not
/// be sent them again.
package final class KeptState: Sendable {
    private let parameters: FloatBuffer
    private let part: FloatBuffer
    private let partition: Partition
    private let rank: Int

    /// - Parameters:
    ///   - state: the state at a step's boundary. On the compute thread.
    ///   - occupiedSpace: floats of the parameters that a model uses.
    ///   - part: the member's part of the snapshot, as `MemberState.snapshotPart` makes it.
    package init(of state: MemberState, occupiedSpace: Int, part: FloatBuffer) {
        self.part = part
        partition = state.partition
        rank = state.rank
        parameters = FloatBuffer(count: occupiedSpace)
        parameters.pointer.update(from: state.parameters.pointer, count: occupiedSpace)
    }

    /// Writes the share into the state of a member of a new generation.
    ///
    /// - Returns: the runs of the new member's moments that the share lacks.
    package func restore(to state: MemberState) -> [Range<Int>] {
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
