import Kernels

/// How a flat vector is cut for travelling, the same on every member: who owns which shard, and which runs go together.
///
/// A *bucket* is a run of parameters whose gradients leave together; a *piece* is the part of a bucket that lies in one shard, or in neighbouring ones of
/// the same owner: the unit of a frame. Pieces are numbered from the vector's end, the order in which backward completes them. Bits do not depend on any of this.
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

    /// Floats of a bucket: an eighth of the vector, but 32 KB at least and 256 KB at most, which a core's second cache holds: what arrives is summed, updated, and
    /// sent on while it is warm.
    package static func bucketSize(usedCount: Int) -> Int {
        let blocks = (usedCount / 8 + FlatVector.blockSize - 1) / FlatVector.blockSize
        return max(smallPiece, min(64, blocks) * FlatVector.blockSize)
    }

    /// Chooses an owner for each shard. Neighbouring shards have different owners, so that every bucket is spread over the
    /// members; but those of small vectors go together, up to half a bucket, for fewer and longer frames.
    ///
    /// - Parameters:
    ///   - speeds: of the members, as many, in proportion to which they own parameters, and with them the work of updates; nil: all the same.
    ///   - before: of each shard the member that has owned it and should go on, if it is still there. As few change hands as the shares allow.
    package static func spreadOwners(
        usedCount: Int, members: Int, speeds: [Double]? = nil,
        keeping before: [Int?] = Array(repeating: nil, count: FlatVector.shardCount)
    ) -> [Int] {
        let shardSize = FlatVector.shardSize(for: usedCount)
        let shards = (usedCount + shardSize - 1) / shardSize
        // Half a bucket, so that a bucket is still shared out where that is worth a frame; everyone gets a run.
        let wanted = max(1, max(smallPiece, bucketSize(usedCount: usedCount) / 2) / shardSize)
        let run = max(1, min(wanted, (shards + members - 1) / members))
        let even = apportion(
            (FlatVector.shardCount + run - 1) / run, among: speeds ?? Array(repeating: 1, count: members))
        let runs = keep(even.indices.map { before[$0 * run] }, apportioned: even, members: members)
        return (0..<FlatVector.shardCount).map { runs[$0 / run] }
    }

    /// Everyone gets as many runs as `even` says: of those that it had as many as it may keep, spread over the vector, and else what is left.
    private static func keep(_ before: [Int?], apportioned even: [Int], members: Int) -> [Int] {
        var shares = [Int](repeating: 0, count: members)
        for member in even { shares[member] += 1 }
        var (left, had, seen) = (
            shares, [Int](repeating: 0, count: members), [Int](repeating: 0, count: members)
        )
        for case let member? in before { had[member] += 1 }
        let kept = before.map { member -> Int? in
            guard let member else { return nil }
            let (share, count, number) = (min(shares[member], had[member]), had[member], seen[member])
            seen[member] += 1
            guard (number + 1) * share / count > number * share / count else { return nil }
            left[member] -= 1
            return member
        }
        guard kept.contains(where: { $0 != nil }) else { return even }
        return kept.map { member in
            if let member { return member }
            let next = left.indices.max { (left[$0], -$0) < (left[$1], -$1) } ?? 0
            left[next] -= 1
            return next
        }
    }

    /// Floats below which a frame costs as much as a longer one.
    private static let smallPiece = 8 * FlatVector.blockSize

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
            let owner = owners[(upper - 1) / shardSize]
            var shard = (upper - 1) / shardSize
            while members > 1, shard > 0, owners[shard - 1] == owner { shard -= 1 }
            let lower = max(shard * shardSize, (upper - 1) / bucketSize * bucketSize)
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
            compact.replaceSubrange(
                piece.compact..<(piece.compact + piece.range.count), with: flat[piece.range])
        }
        return compact
    }
}

extension Partition {
    /// A run of a member's compact vectors.
    package struct Run: Equatable, Sendable {
        /// Where it lies in the flat vectors.
        package let range: Range<Int>
        /// Where it begins in the compact ones.
        package let compact: Int
    }

    /// What a member owns, by whether it has owned it before, in the order of the pieces.
    ///
    /// - Parameters:
    ///   - old: another partition of the same vectors, in which the member had the rank `oldRank`.
    package func owned(by rank: Int, since old: Partition, oldRank: Int) -> (
        kept: [(new: Run, old: Run)], missing: [Run]
    ) {
        let shardSize = flatCount / FlatVector.shardCount
        var (kept, missing) = ([(new: Run, old: Run)](), [Run]())
        let before = old.pieces.filter { $0.owner == oldRank }
        for piece in pieces where piece.owner == rank {
            var lower = piece.range.lowerBound
            while lower < piece.range.upperBound {
                let upper = min(piece.range.upperBound, (lower / shardSize + 1) * shardSize)
                let compact = piece.compact + lower - piece.range.lowerBound
                // The pieces of both end where a shard or a bucket does, and buckets are the same.
                if let was = before.first(where: { $0.range.contains(lower) }), was.range.upperBound >= upper
                {
                    let run = Run(range: lower..<upper, compact: was.compact + lower - was.range.lowerBound)
                    kept.append((Run(range: lower..<upper, compact: compact), run))
                } else {
                    missing.append(Run(range: lower..<upper, compact: compact))
                }
                lower = upper
            }
        }
        return (kept, missing)
    }
}
