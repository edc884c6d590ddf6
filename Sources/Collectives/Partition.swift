import Kernels

/// How a flat vector is cut for travelling, the same on every member: who owns which shard, and which runs go together.
///
/// A *bucket* is a run of parameters whose gradients leave together; a *piece* is the part of a bucket that lies in one shard: it has one owner and is the unit
/// of a frame. Pieces are numbered from the vector's end, the order in which backward completes them. Bits do not depend on any of this.
package struct Partition: Equatable, Sendable {
    package struct Piece: Equatable, Sendable {
        package let range: Range<Int>
        package let owner: Int
        /// Where the piece begins in its owner's compact vectors (moments, partial sums), which hold owned pieces alone.
        package let compact: Int
    }

    package let pieces: [Piece]
    package let flatCount: Int
    package let members: Int
    /// Owner of every shard.
    package let owners: [Int]
    /// Floats that each member owns.
    package let ownedCounts: [Int]

    /// Floats of a bucket: an eighth of the vector, but 4 KB at least and 2 MB at most.
    package static func bucketSize(usedCount: Int) -> Int {
        let blocks = (usedCount / 8 + FlatVector.blockSize - 1) / FlatVector.blockSize
        return max(1, min(512, blocks)) * FlatVector.blockSize
    }

    /// Neighbouring shards have different owners, so that every bucket is spread over the members.
    package static func alternatingOwners(members: Int) -> [Int] {
        (0..<FlatVector.shardCount).map { $0 % members }
    }

    /// - Parameters:
    ///   - usedCount: floats from the vector's start that hold parameters; what lies behind is zero and never travels.
    ///   - owners: a member for each of the 64 shards.
    package init(usedCount: Int, owners: [Int], members: Int) {
        precondition(owners.count == FlatVector.shardCount, "every shard has an owner")
        let shardSize = FlatVector.shardSize(for: usedCount)
        let bucketSize = Self.bucketSize(usedCount: usedCount)
        let end = (usedCount + FlatVector.blockSize - 1) / FlatVector.blockSize * FlatVector.blockSize
        var (pieces, counts) = ([Piece](), [Int](repeating: 0, count: members))
        var upper = end
        while upper > 0 {
            let lower = max((upper - 1) / shardSize * shardSize, (upper - 1) / bucketSize * bucketSize)
            let owner = owners[lower / shardSize]
            pieces.append(Piece(range: lower..<upper, owner: owner, compact: counts[owner]))
            counts[owner] += upper - lower
            upper = lower
        }
        self.pieces = pieces
        flatCount = shardSize * FlatVector.shardCount
        self.members = members
        self.owners = owners
        ownedCounts = counts
    }
}

extension Partition {
    /// A member's owned pieces of a flat vector, as its compact vectors hold them.
    package func compact(_ flat: [Float], of member: Int) -> [Float] {
        var compact = [Float](repeating: 0, count: ownedCounts[member])
        for piece in pieces where piece.owner == member {
            compact.replaceSubrange(piece.compact..<(piece.compact + piece.range.count), with: flat[piece.range])
        }
        return compact
    }
}
