import Kernels
import Testing

@Suite struct ReductionTreeTests {
    @Test func splitsAtTheLargestPowerOfTwoBelow() {
        let expected = [2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 8: 4, 9: 8, 16: 8, 17: 16, 1000: 512]
        for (count, left) in expected { #expect(ReductionTree.split(count) == left) }
    }

    @Test func maximalSubtreesOfSomeRanges() {
        #expect(ReductionTree(leaves: 8).maximalSubtrees(in: 0..<8) == [0..<8])
        #expect(ReductionTree(leaves: 8).maximalSubtrees(in: 1..<7) == [1..<2, 2..<4, 4..<6, 6..<7])
        #expect(ReductionTree(leaves: 6).maximalSubtrees(in: 3..<6) == [3..<4, 4..<6])
        #expect(ReductionTree(leaves: 5).maximalSubtrees(in: 2..<2) == [])
        #expect(ReductionTree(leaves: 1).maximalSubtrees(in: 0..<1) == [0..<1])
    }

    /// No cover of the range by nodes is shorter: searched among all of them.
    @Test(arguments: 1...20)
    func maximalSubtreesAreTheFewest(leaves: Int) {
        let tree = ReductionTree(leaves: leaves)
        let nodes = Self.allNodes(0..<leaves)
        for start in 0..<leaves {
            var fewest = [start: 0]  // end -> the least number of nodes that cover start..<end
            for end in start + 1...leaves {
                fewest[end] =
                    nodes.filter { $0.upperBound == end }.compactMap { fewest[$0.lowerBound] }.min()! + 1
                let cover = tree.maximalSubtrees(in: start..<end)
                #expect(cover.count == fewest[end])
                #expect(cover.allSatisfy(nodes.contains))
                #expect(cover.flatMap { Array($0) } == Array(start..<end))
            }
        }
    }

    /// Fold on each worker and Finish on the owner give the recursive definition's bits, for every cut into
    /// at most four workers.
    @Test(arguments: 1...20)
    func foldAndFinishGiveTheDefinitionsBits(leaves: Int) {
        let tree = ReductionTree(leaves: leaves)
        var stream = RandomStream(seed: 4, purpose: .test, major: leaves)
        let values = (0..<leaves).map { _ in Float(stream.normal()) * Float(1 << stream.below(20)) }
        let expected = Self.definition(values[...])
        #expect(tree.combine(leaf: { values[$0] }, merge: +).bitPattern == expected.bitPattern)
        for first in 0...leaves {
            for second in first...leaves {
                for third in second...leaves {
                    let ranges = [0..<first, first..<second, second..<third, third..<leaves]
                    let partials = ranges.flatMap { Self.fold(tree, $0, values) }
                    let sum = Self.finish(
                        FinishProgram(tree, partialNodes: partials.map(\.node)), partials.map(\.value))
                    #expect(sum.bitPattern == expected.bitPattern, "\(ranges)")
                    let combined = tree.combine(
                        over: partials.map(\.node), value: { partials[$0].value }, merge: +)
                    #expect(combined.bitPattern == expected.bitPattern)
                }
            }
        }
    }

    @Test func programsNeedFewVectors() {
        for leaves in 1...64 {
            let tree = ReductionTree(leaves: leaves)
            let depth = Int.bitWidth - (leaves - 1).leadingZeroBitCount
            #expect(FoldProgram(tree, 0..<leaves).registers <= depth + 1)
            let single = FinishProgram(tree, partialNodes: (0..<leaves).map { $0..<$0 + 1 })
            #expect(single.scratches <= max(1, depth))
        }
        let halves = FinishProgram(ReductionTree(leaves: 8), partialNodes: [0..<4, 4..<8])
        #expect(halves.instructions == [.sum(left: 0, right: 1, scratch: 0)])
        #expect(halves.scratches == 1)
    }

    private static func allNodes(_ node: Range<Int>) -> [Range<Int>] {
        guard node.count > 1 else { return [node] }
        var power = 1
        while power * 2 < node.count { power *= 2 }
        let middle = node.lowerBound + power
        return [node] + allNodes(node.lowerBound..<middle) + allNodes(middle..<node.upperBound)
    }

    private static func definition(_ values: ArraySlice<Float>) -> Float {
        guard values.count > 1 else { return values.first! }
        var power = 1
        while power * 2 < values.count { power *= 2 }
        return definition(values.prefix(power)) + definition(values.dropFirst(power))
    }

    private static func fold(_ tree: ReductionTree, _ range: Range<Int>, _ values: [Float]) -> [(
        node: Range<Int>, value: Float
    )] {
        let program = FoldProgram(tree, range)
        #expect(program.steps.map(\.leaf) == Array(range))
        var registers = [Float](repeating: .nan, count: program.registers)
        for step in program.steps {
            registers[step.register] = values[step.leaf]
            for merge in step.merges { registers[merge.destination] += registers[merge.source] }
        }
        return program.results.map { ($0.node, registers[$0.register]) }
    }

    private static func finish(_ program: FinishProgram, _ inputs: [Float]) -> Float {
        var scratch = [Float](repeating: .nan, count: program.scratches)
        for instruction in program.instructions {
            switch instruction {
            case .copy(let input, let d): scratch[d] = inputs[input]
            case .sum(let left, let right, let d): scratch[d] = inputs[left] + inputs[right]
            case .add(let input, let d): scratch[d] += inputs[input]
            case .addScratch(let source, let d): scratch[d] += scratch[source]
            }
        }
        return scratch[0]
    }
}
