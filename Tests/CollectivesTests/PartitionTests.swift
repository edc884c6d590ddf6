import Collectives
import Kernels
import TestSupport
import Testing

@Suite struct PartitionTests {
    static let usedCounts = [
        16, 1_008, 1_024, 1_040, 3_000, 8_192, 65_536, 65_552, 100_000, 1_000_000, 5_000_016,
    ]

    @Test(arguments: usedCounts, [1, 2, 3, 5, 8, 64])
    func tilesTheUsedRange(usedCount: Int, members: Int) {
        let owners = OwnerPattern.alternating.owners(usedCount: usedCount, members: members)
        let partition = Partition(usedCount: usedCount, owners: owners, members: members)
        let shard = FlatVector.shardSize(for: usedCount)
        #expect(partition.flatCount == 64 * shard && partition.flatCount >= usedCount)
        // The pieces cover the vector from the end to 0 without a gap, and less than a block more than is
        // used.
        var upper = partition.pieces.first?.range.upperBound ?? -1
        #expect(upper >= usedCount && upper < usedCount + 1024)
        var compact = [Int](repeating: 0, count: members)
        let bucket = Partition.bucketSize(usedCount: usedCount)
        for piece in partition.pieces {
            let (first, last) = (piece.range.lowerBound, piece.range.upperBound - 1)
            #expect(piece.range.upperBound == upper && !piece.range.isEmpty)
            #expect(first % 1024 == 0 && piece.range.upperBound % 1024 == 0)
            #expect(
                first / shard == last / shard && first / bucket == last / bucket,
                "a piece lies in one shard and one bucket")
            #expect(piece.owner == owners[first / shard])
            // An owner's compact vectors are tiled in the order of the pieces.
            #expect(piece.compact == compact[piece.owner])
            compact[piece.owner] += piece.range.count
            upper = first
        }
        #expect(upper == 0)
        #expect(partition.ownedCounts == compact)
    }

    /// Small vectors have few frames: neighbouring shards go together, and all members still get equal
    /// shares, up to one run.
    @Test(arguments: usedCounts, [2, 3, 5, 8])
    func neighbouringShardsOfSmallVectorsGoTogether(usedCount: Int, members: Int) {
        let owners = Partition.spreadOwners(usedCount: usedCount, members: members)
        let partition = Partition(usedCount: usedCount, owners: owners, members: members)
        let (shard, bucket) = (
            FlatVector.shardSize(for: usedCount), Partition.bucketSize(usedCount: usedCount)
        )
        #expect(owners.count == 64 && owners.allSatisfy { (0..<members).contains($0) })
        var upper = partition.pieces[0].range.upperBound
        for piece in partition.pieces {
            #expect(piece.range.upperBound == upper && piece.range.lowerBound % 1024 == 0)
            #expect(piece.range.allSatisfy { owners[$0 / shard] == piece.owner })
            #expect(piece.range.lowerBound / bucket == (piece.range.upperBound - 1) / bucket)
            upper = piece.range.lowerBound
        }
        #expect(upper == 0)
        let run = owners.prefix { $0 == owners[0] }.count * shard
        #expect(
            (partition.ownedCounts.max() ?? 0) - (partition.ownedCounts.min() ?? 0) <= 2 * max(run, bucket))
        // A piece ends where a bucket does, or where an owner's run does.
        let (end, used) = (
            partition.pieces[0].range.upperBound, owners.prefix((usedCount + shard - 1) / shard)
        )
        let runs = 1 + zip(used, used.dropFirst()).count { $0 != $1 }
        #expect(partition.pieces.count < (end + bucket - 1) / bucket + runs)
        if usedCount == 65_536 { #expect(partition.pieces.count == 8) }
        // The shards of large vectors alternate.
        if usedCount > 5_000_000 {
            #expect(owners == OwnerPattern.alternating.owners(usedCount: usedCount, members: members))
        }
    }

    /// A member with a quarter of the speed owns about a quarter as much. Equal speeds are the same as none.
    @Test func ownersBySpeed() {
        for usedCount in [200_000, 5_000_000] {
            let owners = Partition.spreadOwners(usedCount: usedCount, members: 3, speeds: [4, 1, 4])
            let counts = Partition(usedCount: usedCount, owners: owners, members: 3).ownedCounts
            let total = Double(counts.reduce(0, +))
            for (count, share) in zip(counts, [4.0, 1, 4]) {
                #expect(abs(Double(count) / total - share / 9) < 0.1, "\(counts)")
            }
            for members in [2, 3, 5] {
                #expect(
                    Partition.spreadOwners(
                        usedCount: usedCount, members: members, speeds: Array(repeating: 3, count: members))
                        == Partition.spreadOwners(usedCount: usedCount, members: members))
            }
        }
    }

    @Test func bucketsHaveBounds() {
        for usedCount in stride(from: 1, through: 20_000_000, by: 77_777) {
            let size = Partition.bucketSize(usedCount: usedCount)
            #expect(size % 1024 == 0 && size >= 1024 && size <= 512 * 1024)
        }
        #expect(Partition.bucketSize(usedCount: 80_000) == 10 * 1024)
    }

    /// Owners need not alternate: any choice after a death is a partition too.
    @Test func anyOwners() {
        var random = RandomStream(seed: 1, purpose: .test)
        for _ in 0..<20 {
            let owners = (0..<64).map { _ in random.below(5) }
            let partition = Partition(usedCount: 300_000, owners: owners, members: 5)
            #expect(partition.ownedCounts.reduce(0, +) == partition.pieces[0].range.upperBound)
            for member in 0..<5 {
                let own = partition.pieces.filter { $0.owner == member }
                #expect(own.allSatisfy { $0.compact + $0.range.count <= partition.ownedCounts[member] })
            }
        }
    }

    /// When a member leaves or joins, only its shards move.
    @Test(arguments: [65_536, 1_000_000, 5_000_016], [2, 3, 4, 7])
    func fewShardsChangeHands(usedCount: Int, members: Int) {
        let before = Partition.spreadOwners(usedCount: usedCount, members: members)
        func counts(_ owners: [Int], _ members: Int) -> [Int] {
            (0..<members).map { member in owners.count { $0 == member } }
        }
        // Rank 1 dies; the others keep theirs.
        let ranks = (0..<members).map { $0 == 1 ? nil : $0 > 1 ? $0 - 1 : $0 }
        let fewer = Partition.spreadOwners(
            usedCount: usedCount, members: members - 1, keeping: before.map { ranks[$0] })
        #expect(zip(before, fewer).allSatisfy { ranks[$0] == nil || ranks[$0] == $1 })
        #expect(
            counts(fewer, members - 1).sorted()
                == counts(Partition.spreadOwners(usedCount: usedCount, members: members - 1), members - 1)
                .sorted())
        // It comes back as the last member: the others give up its shards.
        let more = Partition.spreadOwners(usedCount: usedCount, members: members, keeping: fewer)
        #expect(zip(fewer, more).allSatisfy { $0 == $1 || $1 == members - 1 })
        #expect(counts(more, members).sorted() == counts(before, members).sorted())
        // Its shards are spread over the vector: both halves have some.
        if members <= 4, usedCount > 1_000_000 {
            #expect(more[..<32].contains(members - 1) && more[32...].contains(members - 1))
        }
        // With the same members, nothing moves.
        #expect(Partition.spreadOwners(usedCount: usedCount, members: members, keeping: more) == more)
    }

    /// Every float that a member owns is either one that it had, where the old partition says, or missing.
    @Test(arguments: usedCounts.dropLast(), [(1, 2), (2, 1), (2, 3), (5, 4), (3, 3)])
    func keptAndMissingMakeTheWhole(usedCount: Int, members: (old: Int, new: Int)) {
        let old = OwnerPattern.spread.partition(usedCount: usedCount, members: members.old)
        for pattern in OwnerPattern.allCases {
            checkKeptAndMissing(old, pattern.partition(usedCount: usedCount, members: members.new))
        }
    }

    private func checkKeptAndMissing(_ old: Partition, _ new: Partition) {
        let flat = (0..<new.flatCount).map(Float.init)
        for (rank, oldRank) in (0..<new.members).flatMap({ rank in (0..<old.members).map { (rank, $0) } }) {
            let (kept, missing) = new.owned(by: rank, since: old, oldRank: oldRank)
            let had = old.compact(flat, of: oldRank)
            var restored = [Float](repeating: -1, count: new.ownedCounts[rank])
            for (to, from) in kept {
                #expect(to.range == from.range)
                restored.replaceSubrange(
                    to.compact..<(to.compact + to.range.count),
                    with: had[from.compact..<(from.compact + from.range.count)])
            }
            for run in missing {
                let ends = [run.range.lowerBound, run.range.upperBound - 1]
                #expect(
                    ends.allSatisfy { float in
                        !old.pieces.contains { $0.owner == oldRank && $0.range.contains(float) }
                    })
                #expect(restored[run.compact..<(run.compact + run.range.count)].allSatisfy { $0 == -1 })
                restored.replaceSubrange(run.compact..<(run.compact + run.range.count), with: flat[run.range])
            }
            #expect(restored == new.compact(flat, of: rank))
        }
    }
}
