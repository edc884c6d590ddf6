import Kernels

/// The order of a backward pass, and whether each gradient is written or added: a pure function of the graph.
package struct BackwardPlan: Equatable, Sendable {
    package enum Target: Sendable { case none, writes, adds }

    package struct Step: Equatable, Sendable {
        package let node: Int
        /// For every input of the node: whether its gradient is written, added, or not needed.
        package let targets: [Target]
        /// After this step the gradient of the flat vector is complete from here on.
        package let completes: Int?
    }

    package private(set) var steps: [Step] = []

    package init(_ plan: NetworkPlan, _ graph: NetworkGraph) {
        let layers = plan.layers
        // The gradient of an alias's output is that of its input.
        var root = Array(0...layers.count)
        var isTrained = [Bool](repeating: false, count: layers.count + 1)
        for node in graph.nodes {
            if node.work == .alias { root[node.output] = root[node.inputs[0]] }
            isTrained[node.output] =
                layers[node.layers[0]].parameters > 0 || node.inputs.contains { isTrained[$0] }
        }
        var hasGradient: Set<Int> = [root[layers.count]]
        var completion = Completion(plan)
        for (index, node) in graph.nodes.enumerated().reversed() {
            guard isTrained[node.output], hasGradient.contains(root[node.output]) else { continue }
            let targets = node.inputs.map { input -> Target in
                if !isTrained[input] || node.work == .alias { return .none }
                return hasGradient.insert(root[input]).inserted ? .writes : .adds
            }
            steps.append(
                Step(node: index, targets: targets, completes: completion.offset(after: node.layers[0])))
        }
    }

    /// Keeps account of the trained layers whose gradients are complete.
    private struct Completion {
        private let layers: [PlannedLayer]
        /// Trained layers whose gradients are still to come, ascending.
        private var pending: [Int]
        /// The index in the flat vector from which on everything is complete.
        private var offset = Int.max

        init(_ plan: NetworkPlan) {
            layers = plan.layers
            pending = plan.layers.indices.filter { plan.layers[$0].parameters > 0 }
        }

        /// The new index; nil if no more is complete than before.
        mutating func offset(after layer: Int) -> Int? {
            guard layers[layer].parameters > 0 else { return nil }
            pending.removeAll { $0 == layer }
            let first =
                pending.last.map { last in
                    layers[(last + 1)...].first { $0.parameters > 0 }?.firstParameter ?? .max
                } ?? 0
            guard first < offset else { return nil }
            offset = first
            return first
        }
    }
}
