import Checkpoints
import Collectives
import Kernels
import NeuralNetwork
import Training
import Transport

/// The members that made a snapshot, by rank, and their partition: each has kept its pieces.
struct SnapshotOrigin {
    let generation: FrameGeneration
    let step: Int
    let members: [Membership.WorkerID]
    let partition: Partition

    /// For each shard, the rank that its owner has among these workers; nil if it is not one of them.
    func owners(among workers: [Membership.WorkerID]) -> [Int?] {
        let ranks = members.map { workers.firstIndex(of: $0) }
        return partition.owners.map { ranks[$0] }
    }
}

extension Coordinator {
    /// A snapshot of the current generation is complete: its members may forget older ones.
    func updateOrigin(of snapshot: Snapshot) {
        guard let partition = progress.partition else { return }
        origin = SnapshotOrigin(
            generation: generation, step: snapshot.step, members: membership.members, partition: partition)
        for id in membership.members {
            workers[id]?.send(.snapshotComplete(step: snapshot.step), of: generation)
        }
    }
}

/// Sends the members of a new generation the state that it begins with, in runs of 1 MB: the parameters, the
/// moments of each one's pieces and the running statistics, without the parts that a member has kept. A part
/// that goes to several members is copied once; frames that are under way borrow it.
final class StateSender {
    /// Bytes that were queued, and bytes that need not travel.
    private(set) var sent = 0
    private(set) var kept = 0
    private let snapshot: Snapshot
    private let partition: Partition
    private let generation: FrameGeneration
    private let occupiedSpace: Int
    /// The parameters' copy; nil until a member needs them.
    private var parameters: FloatBuffer?
    private let statistics: FloatBuffer

    init(_ snapshot: Snapshot, _ plan: TrainingPlan, _ partition: Partition, _ generation: FrameGeneration) {
        (self.snapshot, self.partition, self.generation) = (snapshot, partition, generation)
        occupiedSpace = plan.network.layout.occupiedSpace
        statistics = FloatBuffer(copying: snapshot.statistics[...])
    }

    /// - Parameter keeper: the snapshot's origin and the worker's rank there, if it took part.
    func send(to worker: WorkerConnection, _ rank: Int, _ keeper: (SnapshotOrigin, rank: Int)?) {
        let moments = snapshot.moments
        if let (origin, oldRank) = keeper {
            let (mine, missing) = partition.owned(by: rank, since: origin.partition, oldRank: oldRank)
            kept += 4 * (occupiedSpace + moments.count * mine.reduce(0) { $0 + $1.new.range.count })
            for (i, moment) in moments.enumerated() {
                for run in missing {
                    send(1 + i, FloatBuffer(copying: moment[run.range]), at: run.compact, to: worker)
                }
            }
        } else {
            let parameters = parameters ?? FloatBuffer(copying: snapshot.parameters.prefix(occupiedSpace))
            self.parameters = parameters
            send(0, parameters, to: worker)
            for (i, moment) in moments.enumerated() {
                send(1 + i, FloatBuffer(copying: partition.compact(moment, of: rank)[...]), to: worker)
            }
        }
        send(Formation.sections(moments: moments.count) - 1, statistics, to: worker)
        worker.send(.stateComplete, of: generation)
    }

    private func send(_ section: Int, _ values: FloatBuffer, at offset: Int = 0, to worker: WorkerConnection)
    {
        let run = 1 << 18
        sent += 4 * values.count
        for start in stride(from: 0, to: values.count, by: run) {
            let floats = UnsafeBufferPointer(
                start: values.pointer + start, count: min(run, values.count - start))
            worker.send(
                .state(StateRun(section: section, offset: offset + start), floats),
                of: generation, sent: { withExtendedLifetime(values) {} })
        }
    }
}

extension FloatBuffer {
    fileprivate convenience init(copying values: ArraySlice<Float>) {
        self.init(count: values.count)
        _ = elements.update(from: values)
    }
}
