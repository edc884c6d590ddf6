import Collectives
import Kernels
import Testing

@Suite struct AssignmentTests {
    @Test func refusesWhatIsNoCut() {
        #expect(Assignment(cuts: [0]) == nil)
        #expect(Assignment(cuts: []) == nil)
        #expect(Assignment(cuts: [1, 3]) == nil)
        #expect(Assignment(cuts: [0, 3, 2]) == nil)
        let assignment = Assignment(cuts: [0, 3, 3, 8])
        #expect(assignment?.members == 3 && assignment?.microbatches == 8)
        #expect(assignment?.range(of: 1) == 3..<3 && assignment?.range(of: 2) == 3..<8)
    }

    @Test func evenCuts() {
        for microbatches in 1...17 {
            for members in 1...9 {
                let assignment = Assignment(even: microbatches, members: members)
                let counts = (0..<members).map { assignment.range(of: $0).count }
                #expect(assignment.members == members && counts.reduce(0, +) == microbatches)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
                #expect(Assignment(cuts: assignment.cuts) == assignment)
            }
        }
    }
}

@Suite struct StepPlanTests {
    @Test(arguments: 1...13, 1...9)
    func coversTheTree(microbatches: Int, members: Int) {
        var random = RandomStream(seed: 2, purpose: .test, major: microbatches, minor: members)
        for round in 0..<6 {
            let assignment =
                round == 0
                ? Assignment(even: microbatches, members: members)
                : randomAssignment(microbatches, members, &random)
            var sizes = (0..<microbatches).map { _ in round % 2 == 0 ? 4 + random.below(3) : random.below(3) }
            if sizes.allSatisfy({ $0 == 0 }) { sizes[microbatches / 2] = 1 }
            check(StepPlan(sizes: sizes, assignment: assignment), sizes, assignment)
        }
    }

    private func check(_ plan: StepPlan, _ sizes: [Int], _ assignment: Assignment) {
        let filled = sizes.indices.filter { sizes[$0] > 0 }
        #expect(plan.tree.leaves == filled.count)
        // The nodes tile the leaves, and each is a node of the tree.
        #expect(plan.nodes.flatMap { Array($0.leaves) } == Array(0..<filled.count))
        #expect(plan.nodes.allSatisfy { Self.isNode($0.leaves, of: filled.count) })
        #expect(plan.nodesOf.flatMap { Array($0) } == Array(plan.nodes.indices))
        #expect(plan.microbatchesOf.flatMap { $0 } == filled)
        for member in 0..<assignment.members {
            let own = plan.microbatchesOf[member]
            #expect(own == assignment.range(of: member).filter { sizes[$0] > 0 })
            #expect(plan.isIdle(member) == own.isEmpty)
            #expect(plan.leaves(of: member).map { filled[$0] } == own)
            #expect(plan.nodesOf[member].allSatisfy { plan.nodes[$0].member == member })
            // The nodes are maximal: no two nodes of a member are siblings.
            for (a, b) in zip(plan.nodes[plan.nodesOf[member]], plan.nodes[plan.nodesOf[member]].dropFirst())
            {
                #expect(
                    !Self.areSiblings(a.leaves, b.leaves, of: filled.count),
                    "\(a.leaves) and \(b.leaves) could have been one node")
            }
        }
        #expect(plan.idleMembers == (0..<assignment.members).count { plan.microbatchesOf[$0].isEmpty })
    }

    private static func isNode(_ leaves: Range<Int>, of count: Int) -> Bool {
        leaves == 0..<count || nodes(0..<count).contains(leaves)
    }

    private static func areSiblings(_ a: Range<Int>, _ b: Range<Int>, of count: Int) -> Bool {
        nodes(0..<count).contains {
            $0.count > 1 && $0 == a.lowerBound..<b.upperBound
                && $0.lowerBound + power(below: $0.count) == b.lowerBound
        }
    }

    private static func nodes(_ node: Range<Int>) -> [Range<Int>] {
        guard node.count > 1 else { return [node] }
        let middle = node.lowerBound + power(below: node.count)
        return [node] + nodes(node.lowerBound..<middle) + nodes(middle..<node.upperBound)
    }

    private static func power(below count: Int) -> Int {
        var power = 1
        while 2 * power < count { power *= 2 }
        return power
    }
}

/// Makes random cuts, often with members that have nothing.
func randomAssignment(_ microbatches: Int, _ members: Int, _ random: inout RandomStream) -> Assignment {
    let inner = (1..<members).map { _ in random.below(microbatches + 1) }.sorted()
    return Assignment(cuts: [0] + inner + [microbatches]) ?? Assignment(even: microbatches, members: members)
}
