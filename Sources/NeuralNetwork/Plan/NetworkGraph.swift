import Kernels

/// The nodes that a network computes one after the other: the plan's layers, where possible several in the
/// same passes over memory. A pure function of the plan.
///
/// A normalisation takes the layers that follow it into its node: a sum with a shortcut, a rectifier, or
/// both. The boundary within must have no other reader, and gradients must be added in the same order as by
/// separate layers, so that no bit depends on it.
package struct NetworkGraph: Equatable, Sendable {
    package struct Node: Equatable, Sendable {
        package enum Work: Equatable, Sendable {
            case layer, join
            /// The output is another name for the input's values.
            case alias
            /// A normalisation, with the rectifier that follows it.
            case normalization(Rectifier?)
        }

        package let work: Work
        /// The plan's layers that the node computes, ascending. The first has the parameters.
        package let layers: [Int]
        /// Boundaries. The second one of a normalisation is the shortcut.
        package let inputs: [Int]
        package let output: Int
        let memory: MemoryUse

        /// The rectifier that a normalisation computes too.
        var rectifier: Rectifier? { if case .normalization(let rectifier) = work { rectifier } else { nil } }
    }

    package let nodes: [Node]

    /// - Parameters:
    ///   - kept: boundaries whose values are read after a pass.
    ///   - fuses: false to compute every layer by itself, as the oracle of tests does.
    package init(_ plan: NetworkPlan, keeping kept: Set<Int> = [], fuses: Bool = true) {
        var fused: [Int: Node] = [:]
        var isInner = Set<Int>()
        if fuses {
            let finder = FusionFinder(plan, kept)
            for index in plan.layers.indices {
                guard let node = finder.node(ofNormalization: index),
                    !node.layers.contains(where: isInner.contains)
                else { continue }
                isInner.formUnion(node.layers)
                fused[node.output - 1] = node
            }
        }
        nodes = plan.layers.enumerated().compactMap { index, layer in
            if let node = fused[index] { return node }
            if isInner.contains(index) { return nil }
            return Node(
                work: layer.work, layers: [index], inputs: layer.inputs, output: index + 1,
                memory: layer.plan.memory)
        }
    }
}

/// Finds layers that one node can compute.
private struct FusionFinder {
    let plan: NetworkPlan
    /// For every boundary the layers that read it, and a number past the last layer if it is read elsewhere.
    private let readers: [[Int]]

    init(_ plan: NetworkPlan, _ kept: Set<Int>) {
        self.plan = plan
        var readers = [[Int]](repeating: [], count: plan.layers.count + 1)
        for (index, layer) in plan.layers.enumerated() {
            for input in layer.inputs { readers[input].append(index) }
        }
        for boundary in kept.union([0, plan.layers.count]) { readers[boundary].append(plan.layers.count) }
        self.readers = readers
    }

    private func onlyReader(of layer: Int) -> Int? {
        let found = readers[layer + 1]
        return found.count == 1 && found[0] < plan.layers.count ? found[0] : nil
    }

    /// The node that begins with this layer, if it is a normalisation that takes others in.
    func node(ofNormalization index: Int) -> NetworkGraph.Node? {
        guard case .normalization(let memory) = plan.layers[index].plan.fusion,
            let next = onlyReader(of: index)
        else { return nil }
        let input = plan.layers[index].inputs[0]
        func node(_ rectifier: Rectifier?, _ layers: [Int], shortcut: Int?) -> NetworkGraph.Node {
            NetworkGraph.Node(
                work: .normalization(rectifier), layers: layers,
                inputs: [input] + (shortcut.map { [$0] } ?? []),
                output: layers[layers.count - 1] + 1, memory: memory(rectifier, shortcut != nil))
        }
        // If others read the input, the node must not move: the input's gradients would be added up in
        // another order.
        let mayMove = readers[input].count == 1
        if let rectifier = plan.layers[next].plan.fusion.rectifier {
            return mayMove || next == index + 1 ? node(rectifier, [index, next], shortcut: nil) : nil
        }
        let sum = plan.layers[next]
        guard sum.plan.fusion.isSum, sum.inputs.count == 2, mayMove,
            let shortcut = sum.inputs.first(where: { $0 != index + 1 })
        else { return nil }
        if let last = onlyReader(of: next), last == next + 1,
            let rectifier = plan.layers[last].plan.fusion.rectifier
        {
            return node(rectifier, [index, next, last], shortcut: shortcut)
        }
        return node(nil, [index, next], shortcut: shortcut)
    }
}

extension PlannedLayer {
    fileprivate var work: NetworkGraph.Node.Work {
        switch plan.computation {
        case .layer: .layer
        case .join: .join
        case .normalization: .normalization(nil)
        case .alias: .alias
        }
    }
}
