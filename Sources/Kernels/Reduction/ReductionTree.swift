/// The fixed binary tree in whose order every sum over parts is taken, on every worker. A node is the range
/// of leaves that it sums. The node over n leaves adds the node over its first `split(n)` leaves, the largest
/// power of two below n, to the node over the others; so a sum's bits depend on n alone, not on how the
/// leaves are spread over workers.
package struct ReductionTree: Sendable, Equatable {
    package let leaves: Int

    package init(leaves: Int) {
        precondition(leaves > 0, "a reduction needs at least one leaf")
        self.leaves = leaves
    }

    /// The number of leaves under the left child: the largest power of two strictly below `count`, which is
    /// at least 2.
    package static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    /// The children of a node; nil for a leaf.
    package static func children(of node: Range<Int>) -> (left: Range<Int>, right: Range<Int>)? {
        guard node.count > 1 else { return nil }
        let middle = node.lowerBound + split(node.count)
        return (node.lowerBound..<middle, middle..<node.upperBound)
    }

    /// The fewest nodes that cover exactly these leaves, in order: the sums that a worker with these leaves
    /// can compute alone.
    package func maximalSubtrees(in range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        func visit(_ node: Range<Int>) {
            if !node.overlaps(range) { return }
            if node.lowerBound >= range.lowerBound && node.upperBound <= range.upperBound {
                found.append(node)
            } else if let (left, right) = Self.children(of: node) {
                visit(left)
                visit(right)
            }
        }
        visit(0..<leaves)
        return found
    }

    /// The root's value from those of nodes that cover 0..<leaves exactly; `value` is asked in the order of
    /// the leaves.
    ///
    /// For small values such as statistics; vectors are better served by a `FinishProgram`.
    package func combine<T>(over nodes: [Range<Int>], value: (_ index: Int) -> T, merge: (T, T) -> T) -> T {
        var next = 0
        func evaluate(_ node: Range<Int>) -> T {
            if nodes[next] == node {
                next += 1
                return value(next - 1)
            }
            guard let (left, right) = Self.children(of: node) else {
                preconditionFailure("the nodes do not cover the tree exactly")
            }
            let first = evaluate(left)
            return merge(first, evaluate(right))
        }
        return evaluate(0..<leaves)
    }

    /// The root's value from those of all leaves.
    package func combine<T>(leaf: (_ index: Int) -> T, merge: (T, T) -> T) -> T {
        combine(over: (0..<leaves).map { $0..<$0 + 1 }, value: leaf, merge: merge)
    }
}
