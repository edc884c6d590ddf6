import Kernels

/// The plan of a step: everything that follows from its batch size and the assignment of microbatches, above
/// all who contributes which nodes of the reduction tree.
///
/// For example, three microbatches of 32 samples, the first one on member 0 and the others on member 1:
///
///     let plan = StepPlan(sizes: [32, 32, 32], assignment: Assignment(even: 3, members: 2))
///     plan.nodes.map(\.leaves)    // 0..<1 of member 0; 1..<2 and 2..<3 of member 1
///
/// The tree's leaves are the non-empty microbatches in order. A member sums the maximal subtrees of its own
/// leaves, its *nodes*, and sends those. Whoever has all nodes finishes the tree.
package final class StepPlan: Sendable {
    package struct Node: Equatable, Sendable {
        package let member: Int
        /// The leaves that the node covers.
        package let leaves: Range<Int>
    }

    package let tree: ReductionTree
    /// The nodes of all members, in the order of their leaves.
    package let nodes: [Node]
    /// The nodes of each member, as a range of `nodes`.
    package let nodesOf: [Range<Int>]
    /// The microbatches with samples that each member computes.
    package let microbatchesOf: [[Int]]
    /// The number of members without samples in this step.
    package let idleMembers: Int
    package let finish: FinishProgram

    /// - Parameters:
    ///   - sizes: the number of samples in each microbatch.
    ///   - assignment: the microbatches of each member.
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
        self.nodes = nodes
        self.nodesOf = nodesOf
        self.microbatchesOf = microbatchesOf
        idleMembers = microbatchesOf.count { $0.isEmpty }
        finish = FinishProgram(tree, partialNodes: nodes.map(\.leaves))
    }

    /// Returns the leaves that a member computes.
    package func leaves(of member: Int) -> Range<Int> {
        let nodes = nodes[nodesOf[member]]
        guard let first = nodes.first, let last = nodes.last else { return 0..<0 }
        return first.leaves.lowerBound..<last.leaves.upperBound
    }

    package func isIdle(_ member: Int) -> Bool { nodesOf[member].isEmpty }
}
