import Kernels

/// The division of a flat vector for travelling, the same on every member: the owner of each shard, and the
/// pieces that travel together.
///
/// For example, the pieces of the second of three members:
///
///     let owners = Partition.spreadOwners(usedCount: 1_000_000, members: 3)
///     let partition = Partition(usedCount: 1_000_000, owners: owners, members: 3)
///     for piece in partition.pieces where piece.owner == 1 { print(piece.range, piece.compact) }
///
/// A *bucket* is a run of parameters whose gradients leave together. A *piece* is the part of a bucket that
/// lies in one shard, or in neighbouring shards of the same owner; it is the unit of a frame. Pieces are
/// numbered from the vector's end, the order in which backward completes them. The bits of a result do not
/// depend on any of this.
package struct Partition: Equatable, Sendable {
    package struct Piece: Equatable, Sendable {
        package let range: Range<Int>
        package let owner: Int
        /// The offset of the piece in its owner's compact vectors (moments, partial sums), which hold owned
        /// pieces alone.
        package let compact: Int
    }

    package let pieces: [Piece]
    package let flatCount: Int
    package let members: Int
    /// The owner of every shard.
    package let owners: [Int]
    /// The number of floats that each member owns.
    package let ownedCounts: [Int]

    /// Returns the floats of a bucket: an eighth of the vector, but at least 32 KB and at most 256 KB. So
    /// much fits a core's second-level cache: what arrives is summed, updated and sent on while it is there.
    package static func bucketSize(usedCount: Int) -> Int {
        let blocks = (usedCount / 8 + FlatVector.blockSize - 1) / FlatVector.blockSize
        return max(smallPiece, min(64, blocks) * FlatVector.blockSize)
    }

    /// Chooses an owner for each shard. Neighbouring shards have different owners, so that every bucket is
    /// spread over the members. Shards of small vectors form runs of half a bucket, for fewer and longer
    /// frames.
    ///
    /// - Parameters:
    ///   - usedCount: floats of the vector that hold parameters.
    ///   - speeds: speed of each member. Members own parameters, and so the work of updates, in proportion to
    ///     it; nil if all are equal.
    ///   - before: for each shard the member that has owned it and should go on, or nil. As few shards change
    ///     hands as the shares allow.
    package static func spreadOwners(
        usedCount: Int, members: Int, speeds: [Double]? = nil,
        keeping before: [Int?] = Array(repeating: nil, count: FlatVector.shardCount)
    ) -> [Int] {
        let shardSize = FlatVector.shardSize(for: usedCount)
        let shards = (usedCount + shardSize - 1) / shardSize
        // A run is half a bucket, so that a bucket is still divided where a frame is worth it; everyone gets
        // a run.
        let wanted = max(1, max(smallPiece, bucketSize(usedCount: usedCount) / 2) / shardSize)
        let run = max(1, min(wanted, (shards + members - 1) / members))
        let even = apportion(
            (FlatVector.shardCount + run - 1) / run, among: speeds ?? Array(repeating: 1, count: members))
        let runs = keep(even.indices.map { before[$0 * run] }, apportioned: even, members: members)
        return (0..<FlatVector.shardCount).map { runs[$0 / run] }
    }

    /// Gives each member as many runs as `even` does: first runs that it had before, spread over the vector,
    /// then runs that are left.
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

    /// The floats below which a frame costs as much as a longer one.
    private static let smallPiece = 8 * FlatVector.blockSize

    /// - Parameters:
    ///   - usedCount: floats from the vector's start that hold parameters. The rest is zero and never
    ///     travels.
    ///   - owners: the member that owns each of the 64 shards.
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
    /// Returns a member's owned pieces of a flat vector, in the order of its compact vectors.
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
        /// The run in the flat vectors.
        package let range: Range<Int>
        /// The offset of the run in the compact vectors.
        package let compact: Int
    }

    /// Divides what a member owns into runs that it has owned before and runs that it has not, in the order
    /// of the pieces.
    ///
    /// - Parameters:
    ///   - rank: the member.
    ///   - old: another partition of the same vectors.
    ///   - oldRank: the member's rank in `old`.
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
                // Pieces of both partitions end where a shard or a bucket does, and the buckets are the same.
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
