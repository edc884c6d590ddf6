import Collectives
import Kernels
import NeuralNetwork
import System

/// A member's results for another one's work in a step, which it has done once more.
package struct AuditResult: Equatable, Sendable {
    package var step: Int
    /// The rank whose microbatches they are.
    package var member: Int
    /// The digests of the right gradient sums, by piece: see `GradientDigest`.
    package var gradients: [UInt64]
    /// The digests of the other's batch statistics, as it has sent them and as they should be.
    package var received: UInt64
    package var recomputed: UInt64

    package init(step: Int, member: Int, gradients: [UInt64], received: UInt64, recomputed: UInt64) {
        self.step = step
        self.member = member
        self.gradients = gradients
        (self.received, self.recomputed) = (received, recomputed)
    }
}

/// The first 64 bits of a SHA-256: equal digests, equal bits.
package struct GradientDigest {
    private let hash = SHA256()

    init() {}

    /// The digest of some floats of a member's nodes, one after the other.
    package init(of nodes: [UnsafePointer<Float>], count: Int) {
        for node in nodes { add(UnsafeRawBufferPointer(start: node, count: 4 * count)) }
    }

    func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    package var value: UInt64 { hash.digest().prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}

/// Computes another member's microbatches once more in the steps that are audited: see `AuditSchedule`.
///
/// It does so between its own backward pass and the step's end, from the parameters and running statistics
/// that the step began with, and from the whole batch's statistics of its own pass.
final class GradientAudit {
    private let schedule: AuditSchedule
    private let context: StepContext
    private let computation: MicrobatchComputation
    private let gradients: GradientVectors
    private let parameters: FloatBuffer
    private let statistics: FloatBuffer
    /// By rank; this member's own is never used.
    private let stores: [StatisticsStore]

    init(_ schedule: AuditSchedule, _ context: StepContext) {
        let (state, collective) = (context.state, context.collective)
        (self.schedule, self.context) = (schedule, context)
        computation = MicrobatchComputation(
            context, members: (0..<collective.members).filter { $0 != collective.rank })
        let layout = context.plan.network.layout
        gradients = GradientVectors(
            count: layout.flatCount, sparse: layout.sparse, programs: computation.folds)
        parameters = FloatBuffer(count: state.parameters.count)
        statistics = FloatBuffer(count: state.statistics.count)
        stores = (0..<collective.members).map { collective.statisticsStore(of: $0) }
    }

    /// Before a step: keeps what it begins with, if this member is to audit another one in it.
    func begin(_ step: Int) -> AuditedStatistics? {
        let collective = context.collective
        guard let member = schedule.audited(by: collective.rank, step: step, members: collective.members),
            !collective.plan(for: step).isIdle(member)
        else { return nil }
        parameters.pointer.update(from: context.state.parameters.pointer, count: parameters.count)
        statistics.pointer.update(from: context.state.statistics.pointer, count: statistics.count)
        return AuditedStatistics(of: member, stores[member], collective.plan(for: step))
    }

    /// After its own backward pass.
    func run(_ step: Int, _ audited: AuditedStatistics) throws {
        context.entered(.audit, step)
        let part = computation.part(of: audited.member, step: step)
        let batch = computation.load(part, step: step)
        let pass = computation.makePass(
            part, batch, step: step, parameters: parameters, statistics: statistics, audited)
        try computation.network.forward(pass)
        try computation.network.evaluateLoss(computation.feeder.targets, pass) {
            audited.reportLeaf(localMicrobatch: $0)
        }
        try computation.backward(part, batch, step: step, pass, audited, into: gradients) { _ in }
        let digests = context.collective.partition.pieces.map { piece in
            let nodes = part.fold.results.indices.map {
                UnsafePointer(gradients.result($0) + piece.range.lowerBound)
            }
            return GradientDigest(of: nodes, count: piece.range.count).value
        }
        context.audited(
            AuditResult(
                step: step, member: audited.member, gradients: digests, received: audited.received.value,
                recomputed: audited.recomputed.value))
    }
}

/// The exchanges of statistics of a step, as an audit needs them: it remembers their results in the member's
/// own pass, and gives the same in the audit's.
final class AuditedStatistics: StatisticsSynchronizer {
    let member: Int
    let received = GradientDigest()
    let recomputed = GradientDigest()
    private let store: StatisticsStore
    private let plan: StepPlan
    private var results: [Int: UnsafePointer<Double>] = [:]

    init(of member: Int, _ store: StatisticsStore, _ plan: StepPlan) {
        self.member = member
        self.store = store
        self.plan = plan
    }

    /// This member's own pass was given the statistics of the whole batch.
    func combined(_ exchange: Int, _ result: UnsafePointer<Double>, _ collective: Collective, step: Int) {
        results[exchange] = result
        received.add(collective.statisticsNodes(exchange, of: member, step: step))
    }

    func reportLeaf(localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        store.leaf(store.count - 1, localMicrobatch)
    }

    func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        store.leaf(exchange, localMicrobatch)
    }

    func combine(_ exchange: Int) throws -> UnsafePointer<Double> {
        guard let result = results[exchange] else { preconditionFailure("both passes exchange the same") }
        store.foldLocal(exchange, plan)
        recomputed.add(UnsafeRawBufferPointer(store.nodes(exchange, plan.nodesOf[member])))
        return result
    }
}
