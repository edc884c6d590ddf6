import Cluster
import Collectives
import TestSupport
import Testing

/// The state that a coordinator sends is the state that the member awaits, whatever both partitions are.
@Suite struct StateShipmentTests {
    private static let usedCount = 300_000
    private static let parameters = 300_032

    private func partition(_ members: Int, _ random: inout SplitMix) -> Partition {
        let owners = (0..<64).map { _ in Int.random(in: 0..<members, using: &random) }
        return Partition(usedCount: Self.usedCount, owners: owners, members: members)
    }

    @Test func newcomers() {
        var random = SplitMix(state: 1)
        let partition = partition(3, &random)
        let shipment = StateShipment(
            partition, rank: 1, kept: nil, parameters: Self.parameters, moments: 2, statistics: 7)
        let owned = partition.ownedCounts[1]
        #expect(
            shipment.parts == [
                .init(section: 0, offset: 0, count: Self.parameters, source: .parameters),
                .init(section: 1, offset: 0, count: owned, source: .ownedMoment(0)),
                .init(section: 2, offset: 0, count: owned, source: .ownedMoment(1)),
                .init(section: 3, offset: 0, count: 7, source: .statistics),
            ])
        #expect(shipment.keptCount == 0 && shipment.count == Self.parameters + 2 * owned + 7)
    }

    /// Nothing but statistics travels to a member that owns what it owned before, and those only if there are
    /// any.
    @Test func nothingHasChanged() {
        var random = SplitMix(state: 2)
        let partition = partition(4, &random)
        let shipment = StateShipment(
            partition, rank: 2, kept: (partition, 2), parameters: Self.parameters, moments: 2, statistics: 0)
        #expect(shipment.parts.isEmpty)
        #expect(shipment.keptCount == Self.parameters + 2 * partition.ownedCounts[2])
    }

    @Test(arguments: 0..<40) func membersGetWhatTheyAwait(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let (oldMembers, members) = (1 + Int(seed % 4), 1 + Int(seed / 4 % 5))
        let (before, after) = (partition(oldMembers, &random), partition(members, &random))
        let (oldRank, rank) = (Int(seed) % oldMembers, Int(seed) % members)
        let shipment = StateShipment(
            after, rank: rank, kept: (before, oldRank), parameters: Self.parameters, moments: 2, statistics: 5
        )
        let lacking = after.owned(by: rank, since: before, oldRank: oldRank).missing
        var missing = MissingState(
            parameters: 0, moments: lacking.map { $0.compact..<($0.compact + $0.range.count) },
            momentCount: 2, statistics: 5)
        for part in shipment.parts {
            // In runs of any length.
            var start = 0
            while start < part.count {
                let count = min(part.count - start, 1 + Int.random(in: 0..<100_000, using: &random))
                let run = StateRun(section: part.section, offset: part.offset + start)
                try missing.require(run, bytes: 4 * count)
                try missing.arrived(run, count: count)
                start += count
            }
        }
        #expect(missing.isEmpty)
        // Each element comes from where the owner's piece lies in the flat vector.
        let pieces = after.pieces.filter { $0.owner == rank }
        for part in shipment.parts {
            guard case .moment(_, let range) = part.source else { continue }
            let piece = try #require(pieces.first { $0.range.contains(range.lowerBound) })
            #expect(range.upperBound <= piece.range.upperBound && range.count == part.count)
            #expect(part.offset - piece.compact == range.lowerBound - piece.range.lowerBound)
        }
        let owned = after.ownedCounts[rank]
        #expect(shipment.count + shipment.keptCount == Self.parameters + 2 * owned + 5)
    }
}
