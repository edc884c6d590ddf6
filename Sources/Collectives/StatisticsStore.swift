import Kernels

/// The small vectors of all exchanges of a step: local leaves, everyone's nodes, results. All memory is
/// allocated at the start.
///
/// Leaves belong to the compute thread. The communication thread writes the nodes of other members before it
/// tells the compute thread.
package final class StatisticsStore {
    private struct Exchange {
        let operation: StatisticsOperation
        let leaves: DoubleBuffer
        let nodes: DoubleBuffer
        let work: DoubleBuffer
    }

    private let rank: Int
    private let exchanges: [Exchange]
    package var count: Int { exchanges.count }

    init(rank: Int, plans: [StepPlan], operations: [StatisticsOperation]) {
        self.rank = rank
        let microbatches = plans.map { $0.microbatchesOf[rank].count }.max() ?? 0
        let nodes = plans.map(\.nodes.count).max() ?? 0
        exchanges = operations.map {
            Exchange(
                operation: $0, leaves: DoubleBuffer(count: microbatches * $0.width),
                nodes: DoubleBuffer(count: nodes * $0.width), work: DoubleBuffer(count: nodes * $0.width))
        }
    }

    var operations: [StatisticsOperation] { exchanges.map(\.operation) }

    func width(_ exchange: Int) -> Int { exchanges[exchange].operation.width }

    package func leaf(_ exchange: Int, _ localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        exchanges[exchange].leaves.pointer + localMicrobatch * width(exchange)
    }

    /// Returns the memory of a run of neighbouring nodes.
    package func nodes(_ exchange: Int, _ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        let width = width(exchange)
        return UnsafeMutableRawBufferPointer(
            start: exchanges[exchange].nodes.pointer + range.lowerBound * width,
            count: range.count * width * MemoryLayout<Double>.stride)
    }

    /// Sums this member's leaves into its nodes.
    package func foldLocal(_ index: Int, _ plan: StepPlan) {
        let exchange = exchanges[index]
        let (width, first) = (exchange.operation.width, plan.leaves(of: rank).lowerBound)
        for node in plan.nodesOf[rank] {
            let leaves = plan.nodes[node].leaves
            let sum = combine(leaves, exchange.operation) { leaf in
                leaf.count == 1 ? exchange.leaves.pointer + (leaf.lowerBound - first) * width : nil
            }
            (exchange.nodes.pointer + node * width).update(from: sum, count: width)
        }
    }

    /// Finishes the tree over the nodes of all members.
    func finish(_ index: Int, _ plan: StepPlan) -> UnsafePointer<Double> {
        let exchange = exchanges[index]
        let width = exchange.operation.width
        exchange.work.pointer.update(from: exchange.nodes.pointer, count: plan.nodes.count * width)
        let root = combine(0..<plan.tree.leaves, exchange.operation) { leaves in
            plan.nodes.firstIndex { $0.leaves == leaves }.map { exchange.work.pointer + $0 * width }
        }
        return UnsafePointer(root)
    }

    /// Combines depth first and in place, from the vectors that `existing` returns.
    private func combine(
        _ leaves: Range<Int>, _ operation: StatisticsOperation,
        _ existing: (Range<Int>) -> UnsafeMutablePointer<Double>?
    ) -> UnsafeMutablePointer<Double> {
        if let vector = existing(leaves) { return vector }
        let middle = leaves.lowerBound + ReductionTree.split(leaves.count)
        let left = combine(leaves.lowerBound..<middle, operation, existing)
        operation.combine(left, combine(middle..<leaves.upperBound, operation, existing))
        return left
    }
}
