import Collectives
import Kernels
import Training

/// Collects the digests of an owner's pieces of a step as they arrive. On the communication thread.
final class ContributionRecord {
    private let members: Int
    /// The number among the owned pieces, by piece.
    private let ownedNumbers: [Int: Int]
    private var digests: [UInt64]
    private var missing: Int

    init(_ partition: Partition, rank: Int) {
        let owned = partition.pieces.indices.filter { partition.pieces[$0].owner == rank }
        members = partition.members
        ownedNumbers = Dictionary(uniqueKeysWithValues: owned.enumerated().map { ($1, $0) })
        digests = Array(repeating: 0, count: owned.count * members)
        missing = owned.count
    }

    /// Adds a piece, and returns all digests of the step once its last piece is here.
    ///
    /// - Parameter vector: the gradient sums of a node of the reduction tree, for this piece.
    func add(
        _ piece: Partition.Piece, index: Int, _ plan: StepPlan, vector: (Int) -> UnsafePointer<Float>
    ) -> [UInt64]? {
        guard let number = ownedNumbers[index] else { return nil }
        for member in 0..<members {
            digests[number * members + member] =
                plan.isIdle(member)
                ? 0 : GradientDigest(of: plan.nodesOf[member].map(vector), count: piece.range.count).value
        }
        missing -= 1
        guard missing == 0 else { return nil }
        missing = ownedNumbers.count
        return digests
    }
}
