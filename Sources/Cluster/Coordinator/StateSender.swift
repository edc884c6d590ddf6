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
        self.snapshot = snapshot
        self.partition = partition
        self.generation = generation
        occupiedSpace = plan.network.layout.occupiedSpace
        statistics = FloatBuffer(copying: snapshot.statistics[...])
    }

    /// - Parameter keeper: the snapshot's origin and the worker's rank there, if it took part.
    func send(to worker: WorkerConnection, _ rank: Int, _ keeper: (SnapshotOrigin, rank: Int)?) {
        let shipment = StateShipment(
            partition, rank: rank, kept: keeper.map { ($0.0.partition, $0.rank) },
            parameters: occupiedSpace, moments: snapshot.moments.count, statistics: statistics.count)
        sent += 4 * shipment.count
        kept += 4 * shipment.keptCount
        for part in shipment.parts { send(part, values(of: part.source, rank), to: worker) }
        worker.send(.stateComplete, of: generation)
    }

    private func values(of source: StateShipment.Source, _ rank: Int) -> FloatBuffer {
        switch source {
        case .parameters:
            let copy = parameters ?? FloatBuffer(copying: snapshot.parameters.prefix(occupiedSpace))
            parameters = copy
            return copy
        case .moment(let index, let range): return FloatBuffer(copying: snapshot.moments[index][range])
        case .ownedMoment(let index):
            return FloatBuffer(copying: partition.compact(snapshot.moments[index], of: rank)[...])
        case .statistics: return statistics
        }
    }

    /// Sends a part in runs of 1 MB, so that other messages pass in between.
    private func send(_ part: StateShipment.Part, _ values: FloatBuffer, to worker: WorkerConnection) {
        let length = 1 << 18
        for start in stride(from: 0, to: part.count, by: length) {
            let floats = UnsafeBufferPointer(
                start: values.pointer + start, count: min(length, part.count - start))
            worker.send(
                .state(StateRun(section: part.section, offset: part.offset + start), floats),
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
