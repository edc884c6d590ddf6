/// The program by which a worker adds up its contiguous leaves as they come, in tree order, in as few vectors
/// (*registers*) as the tree allows. For each leaf in order: write (not add) the leaf's value into register
/// `steps[i].register`, then carry out the step's merges, each `registers[destination] += registers[source]`,
/// left operand first. Afterwards `results` names the registers that hold the sums of the maximal subtrees.
package struct FoldProgram: Sendable, Equatable {
    package struct Merge: Sendable, Equatable {
        package let destination: Int
        package let source: Int
    }

    package struct Step: Sendable, Equatable {
        package let leaf: Int
        package let register: Int
        package let merges: [Merge]
    }

    package struct Result: Sendable, Equatable {
        package let node: Range<Int>
        package let register: Int
    }

    package let steps: [Step]
    /// The maximal subtrees of the range, in order.
    package let results: [Result]
    /// The number of vectors.
    package let registers: Int

    package init(_ tree: ReductionTree, _ range: Range<Int>) {
        var compiler = Compiler()
        results = tree.maximalSubtrees(in: range).map { Result(node: $0, register: compiler.emit($0)) }
        steps = compiler.steps
        registers = compiler.registers
    }

    private struct Compiler {
        var steps: [Step] = []
        var registers = 0
        private var free: [Int] = []

        /// Emits the steps that sum a node, and returns the register that then holds the sum.
        mutating func emit(_ node: Range<Int>) -> Int {
            guard let (left, right) = ReductionTree.children(of: node) else {
                let register = free.popLast() ?? newRegister()
                steps.append(Step(leaf: node.lowerBound, register: register, merges: []))
                return register
            }
            let destination = emit(left)
            let source = emit(right)
            let last = steps.removeLast()  // the right child's sum is complete after it
            let merge = Merge(destination: destination, source: source)
            steps.append(Step(leaf: last.leaf, register: last.register, merges: last.merges + [merge]))
            free.append(source)
            return destination
        }

        private mutating func newRegister() -> Int {
            registers += 1
            return registers - 1
        }
    }
}
