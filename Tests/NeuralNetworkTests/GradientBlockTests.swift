import Kernels
import NeuralNetwork
import Testing

/// Gradients that are folded in a task's own memory have the bits of those that are folded in flat vectors.
@Suite struct GradientBlockTests {
    @Test(
        arguments: [(1, 0..<1), (4, 0..<4), (8, 0..<8), (8, 3..<8), (7, 1..<6), (16, 0..<16)], [5, 16, 39])
    func blocksAddLikeVectors(tree: (leaves: Int, range: Range<Int>), count: Int) {
        let program = FoldProgram(ReductionTree(leaves: tree.leaves), tree.range)
        let flat = GradientVectors(count: 64, sparse: [], programs: [program])
        let blocks = GradientVectors(count: 64, sparse: [], programs: [program])
        let temporaries = FloatBuffer(count: 8 * 64)
        temporaries.elements.update(repeating: .nan)
        let block = blocks.block(start: 16, count: count, temporaries: temporaries.pointer)
        for leaf in 0..<tree.range.count {
            for i in 0..<count {
                let value = Float(1 + leaf) / Float(3 + i)
                flat.leaf(leaf)[16 + i] = value
                block.leaf(leaf)[i] = value
            }
            flat.merge(after: leaf, start: 16, count: count)
            block.merge(after: leaf)
        }
        for k in program.results.indices {
            let (one, other) = (flat.result(k), blocks.result(k))
            #expect((0..<64).allSatisfy { one[$0].bitPattern == other[$0].bitPattern })
        }
    }
}
