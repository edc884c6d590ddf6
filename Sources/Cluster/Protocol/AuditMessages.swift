import Collectives
import Kernels
import Training
import Transport

/// Of a step that is audited: what the owner of some pieces has been sent.
package struct ContributionDigests: Equatable {
    package var step: Int
    /// For each of its pieces in order, a digest for each member; 0 for one without samples.
    package var digests: [UInt64]

    package init(step: Int, digests: [UInt64]) { (self.step, self.digests) = (step, digests) }
}

extension ContributionDigests: Message {
    package static let name = "contribution digests"

    package func write(to writer: inout MessageWriter) {
        writer.write(step)
        writer.write(digests) { $0.write($1) }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        step = try reader.readInt()
        digests = try reader.readList { reader throws(MalformedMessage) in try reader.read() }
    }
}

extension AuditResult: Message {
    package static let name = "audit result"

    package func write(to writer: inout MessageWriter) {
        writer.write(step)
        writer.write(member)
        writer.write(gradients) { $0.write($1) }
        writer.write(received)
        writer.write(recomputed)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            step: try reader.readInt(), member: try reader.readInt(),
            gradients: try reader.readList { reader throws(MalformedMessage) in try reader.read() },
            received: try reader.read(), recomputed: try reader.read())
    }
}

/// Puts together an owner's digests of the pieces of a step as they arrive. On the communication thread.
final class ContributionRecord {
    private let members: Int
    /// By piece: its number among the owned ones.
    private let places: [Int: Int]
    private var digests: [UInt64]
    private var missing: Int

    init(_ partition: Partition, rank: Int) {
        let owned = partition.pieces.indices.filter { partition.pieces[$0].owner == rank }
        members = partition.members
        places = Dictionary(uniqueKeysWithValues: owned.enumerated().map { ($1, $0) })
        digests = Array(repeating: 0, count: owned.count * members)
        missing = owned.count
    }

    /// All of a step, once its last piece is here.
    func add(
        _ index: Int, _ piece: Partition.Piece, _ plan: StepPlan, _ vector: (Int) -> UnsafePointer<Float>
    ) -> [UInt64]? {
        guard let place = places[index] else { return nil }
        for member in 0..<members {
            digests[place * members + member] =
                plan.isIdle(member)
                ? 0 : GradientDigest(of: plan.nodesOf[member].map(vector), count: piece.range.count).value
        }
        missing -= 1
        guard missing == 0 else { return nil }
        missing = places.count
        return digests
    }
}
