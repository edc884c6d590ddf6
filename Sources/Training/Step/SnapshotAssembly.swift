import Checkpoints
import Collectives
import Kernels
import NeuralNetwork

/// The snapshot of one step, put together from the members' parts: complete once every part is there.
///
/// A member's part is one run of floats: its owned pieces of the parameters, then of each moment, and from
/// rank 0 the running statistics. A member that owns nothing sends an empty run: its reports of earlier steps
/// have come before.
package struct SnapshotAssembly {
    package let step: Int
    private let partition: Partition
    private var parts: [[Float]]
    /// Floats of each part; nil: nothing was heard of that member.
    private var received: [Int?]
    private let moments: Int
    private let isAveraged: Bool
    private let statisticsCount: Int

    package init(step: Int, plan: TrainingPlan, partition: Partition) {
        (self.step, self.partition) = (step, partition)
        moments = plan.job.momentNames.count
        isAveraged = plan.job.isAveraged
        statisticsCount = plan.network.layout.statisticsCount
        parts = []
        received = Array(repeating: nil, count: partition.members)
        parts = (0..<partition.members).map { Array(repeating: 0, count: partCount($0)) }
    }

    /// Floats in a member's part.
    package static func partCount(_ rank: Int, partition: Partition, moments: Int, statisticsCount: Int)
        -> Int
    {
        (1 + moments) * partition.ownedCounts[rank] + (rank == 0 ? statisticsCount : 0)
    }

    private func partCount(_ rank: Int) -> Int {
        Self.partCount(rank, partition: partition, moments: moments, statisticsCount: statisticsCount)
    }

    /// Takes a run of a member's part, in order; false if it does not continue what is there.
    package mutating func add(_ values: UnsafeBufferPointer<Float>, rank: Int, offset: Int) -> Bool {
        guard parts.indices.contains(rank), offset == received[rank] ?? 0,
            offset + values.count <= parts[rank].count
        else { return false }
        parts[rank].replaceSubrange(offset..<(offset + values.count), with: values)
        received[rank] = offset + values.count
        return true
    }

    package var isComplete: Bool { zip(received, parts).allSatisfy { $0 == $1.count } }

    package var isFinite: Bool {
        parts.allSatisfy { part in
            part.withUnsafeBufferPointer {
                $0.isEmpty || Elementwise.allFinite($0.baseAddress!, count: $0.count)
            }
        }
    }

    /// The whole snapshot; complete ones alone.
    ///
    /// - Parameter frozen: the parameters after the flat vector, which nobody sends because nothing changes
    ///   them.
    package func snapshot(epochTotals: Totals, frozen: ArraySlice<Float> = []) -> Snapshot {
        precondition(isComplete, "a snapshot exists when every part has arrived")
        var flats = Array(repeating: [Float](repeating: 0, count: partition.flatCount), count: 1 + moments)
        for piece in partition.pieces {
            let owned = partition.ownedCounts[piece.owner]
            for vector in 0...moments {
                let from = vector * owned + piece.compact
                flats[vector].replaceSubrange(
                    piece.range, with: parts[piece.owner][from..<(from + piece.range.count)])
            }
        }
        let statistics = Array(parts[0].suffix(statisticsCount))
        return Snapshot(
            step: step, parameters: flats[0] + frozen, moments: Array(flats.dropFirst()),
            isAveraged: isAveraged, statistics: statistics, epochTotals: epochTotals.sums)
    }
}

extension MemberState {
    /// This member's part of a snapshot.
    package func snapshotPart() -> FloatBuffer {
        let owned = partition.ownedCounts[rank]
        let count = SnapshotAssembly.partCount(
            rank, partition: partition, moments: moments.count, statisticsCount: statistics.count)
        let part = FloatBuffer(count: count)
        for piece in partition.pieces where piece.owner == rank {
            (part.pointer + piece.compact).update(
                from: parameters.pointer + piece.range.lowerBound, count: piece.range.count)
        }
        for (i, moment) in moments.enumerated() {
            (part.pointer + (i + 1) * owned).update(from: moment.pointer, count: owned)
        }
        if rank == 0 {
            (part.pointer + (1 + moments.count) * owned).update(
                from: statistics.pointer, count: statistics.count)
        }
        return part
    }

    /// Takes over the state that a generation begins with.
    package func load(_ snapshot: Snapshot) {
        precondition(snapshot.parameters.count == parameters.count, "the snapshot belongs to another network")
        _ = parameters.elements.update(from: snapshot.parameters)
        _ = statistics.elements.update(from: snapshot.statistics)
        for (moment, flat) in zip(moments, snapshot.moments) {
            for piece in partition.pieces where piece.owner == rank {
                flat.withUnsafeBufferPointer {
                    (moment.pointer + piece.compact).update(
                        from: $0.baseAddress! + piece.range.lowerBound, count: piece.range.count)
                }
            }
        }
    }
}
