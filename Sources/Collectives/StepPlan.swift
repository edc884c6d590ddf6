import Kernels

/// Everything about a step that follows from its batch size and the assignment: who contributes which nodes of the reduction tree.
///
/// The tree's leaves are the non-empty microbatches in order. A member adds up the maximal subtrees of its own leaves (its *nodes*) and sends those; whoever
/// has all nodes finishes the tree.
package final class StepPlan: Sendable {
    package struct Node: Equatable, Sendable {
        package let member: Int
        /// The leaves it covers.
        package let leaves: Range<Int>
    }

    package let tree: ReductionTree
    /// The nodes of all members, in the order of their leaves.
    package let nodes: [Node]
    /// For each member, its nodes as a range of `nodes`.
    package let nodesOf: [Range<Int>]
    /// For each member, the microbatches that it computes and that have samples.
    package let microbatchesOf: [[Int]]
    /// Members without samples in this step.
    package let idleMembers: Int
    package let finish: FinishProgram

    /// - Parameter sizes: samples in each microbatch.
    package init(sizes: [Int], assignment: Assignment) {
        precondition(sizes.count == assignment.microbatches, "the assignment covers every microbatch")
        tree = ReductionTree(leaves: sizes.count { $0 > 0 })
        var (nodes, nodesOf, microbatchesOf, leaf) = ([Node](), [Range<Int>](), [[Int]](), 0)
        for member in 0..<assignment.members {
            let filled = assignment.range(of: member).filter { sizes[$0] > 0 }
            let subtrees = tree.maximalSubtrees(in: leaf..<(leaf + filled.count))
            nodesOf.append(nodes.count..<(nodes.count + subtrees.count))
            nodes += subtrees.map { Node(member: member, leaves: $0) }
            microbatchesOf.append(filled)
            leaf += filled.count
        }
        (self.nodes, self.nodesOf, self.microbatchesOf) = (nodes, nodesOf, microbatchesOf)
        idleMembers = microbatchesOf.count { $0.isEmpty }
        finish = FinishProgram(tree, partialNodes: nodes.map(\.leaves))
    }

    /// The leaves that a member computes.
    package func leaves(of member: Int) -> Range<Int> {
        let nodes = nodes[nodesOf[member]]
        guard let first = nodes.first, let last = nodes.last else { return 0..<0 }
        return first.leaves.lowerBound..<last.leaves.upperBound
    }

    package func isIdle(_ member: Int) -> Bool { nodesOf[member].isEmpty }
}
