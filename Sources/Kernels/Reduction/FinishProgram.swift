/// The program by which a shard's owner finishes a sum: the workers' partial sums become the root's, depth
/// first in tree order. Inputs are the partial nodes in order (`input` indexes them); scratch vectors are
/// few, as the tree is evaluated like an expression on a stack. The sum is in scratch 0 at the end.
package struct FinishProgram: Sendable, Equatable {
    package enum Instruction: Sendable, Equatable {
        /// scratch = input
        case copy(input: Int, scratch: Int)
        /// scratch = inputs left + right, in one pass
        case sum(left: Int, right: Int, scratch: Int)
        /// scratch += input
        case add(input: Int, scratch: Int)
        /// destination += source
        case addScratch(source: Int, destination: Int)
    }

    package let instructions: [Instruction]
    /// The number of scratch vectors.
    package let scratches: Int

    /// - Parameter partialNodes: of all workers, in order, covering 0..<leaves exactly.
    package init(_ tree: ReductionTree, partialNodes: [Range<Int>]) {
        var compiler = Compiler(nodes: partialNodes)
        compiler.emit(0..<tree.leaves, into: 0)
        precondition(compiler.next == partialNodes.count, "the partial nodes reach beyond the tree")
        instructions = compiler.instructions
        scratches = compiler.scratches
    }

    private struct Compiler {
        let nodes: [Range<Int>]
        var next = 0
        var instructions: [Instruction] = []
        var scratches = 1

        mutating func emit(_ node: Range<Int>, into scratch: Int) {
            scratches = max(scratches, scratch + 1)
            if let input = take(node) {
                instructions.append(.copy(input: input, scratch: scratch))
                return
            }
            guard let (left, right) = ReductionTree.children(of: node) else {
                preconditionFailure("the partial nodes do not cover the tree exactly")
            }
            emit(left, into: scratch)
            if let input = take(right) {
                addInput(input, to: scratch)
            } else {
                emit(right, into: scratch + 1)
                instructions.append(.addScratch(source: scratch + 1, destination: scratch))
            }
        }

        /// The input that holds the node's sum, if one does.
        private mutating func take(_ node: Range<Int>) -> Int? {
            guard next < nodes.count, nodes[next] == node else { return nil }
            next += 1
            return next - 1
        }

        private mutating func addInput(_ input: Int, to scratch: Int) {
            if case .copy(let left, scratch) = instructions.last {
                instructions[instructions.count - 1] = .sum(left: left, right: input, scratch: scratch)
            } else {
                instructions.append(.add(input: input, scratch: scratch))
            }
        }
    }
}
