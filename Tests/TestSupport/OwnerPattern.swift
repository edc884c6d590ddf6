import Collectives
import Kernels

/// Two ways to give the 64 shards of a vector to members.
package enum OwnerPattern: CaseIterable, Sendable {
    /// The pattern that runs use: neighbouring shards of small vectors have one owner.
    case spread
    /// Neighbouring shards have different owners, so that even small vectors have a piece for each shard.
    case alternating

    /// Returns the owner of each shard.
    package func owners(usedCount: Int, members: Int) -> [Int] {
        switch self {
        case .spread: Partition.spreadOwners(usedCount: usedCount, members: members)
        case .alternating: (0..<FlatVector.shardCount).map { $0 % members }
        }
    }

    package func partition(usedCount: Int, members: Int) -> Partition {
        Partition(
            usedCount: usedCount, owners: owners(usedCount: usedCount, members: members), members: members)
    }
}
