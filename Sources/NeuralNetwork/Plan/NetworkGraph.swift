import Kernels

/// What a network computes one after the other: the plan's layers, where possible several in the same passes over memory. A pure function of the plan.
///
/// A batch norm takes what follows it into its node: a sum with a shortcut, a rectifier, or both. The boundary within must have no other reader, and no gradient may
/// be added in another order than by separate layers, so that no bit depends on it.
package struct NetworkGraph: Equatable, Sendable {
    package struct Node: Equatable, Sendable {
        package enum Work: Equatable, Sendable {
            case layer, join
            /// Another name for its input's values.
            case alias
            case batchNorm(ActivationFunction?)
        }

        package let work: Work
        /// The plan's layers that it computes, ascending; the first has the parameters.
        package let layers: [Int]
        /// Boundaries; a second one of a batch norm's is the shortcut.
        package let inputs: [Int]
        package let output: Int
    }

    package let nodes: [Node]

    /// - Parameters:
    ///   - kept: boundaries whose values somebody reads after a pass.
    ///   - fuses: false computes every layer by itself, as the oracle of tests does.
    package init(_ plan: NetworkPlan, keeping kept: Set<Int> = [], fuses: Bool = true) {
        var fused: [Int: Node] = [:]
        var isInner = Set<Int>()
        if fuses {
            let finder = FusionFinder(plan, kept)
            for index in plan.layers.indices {
                guard let node = finder.node(ofBatchNorm: index),
                    !node.layers.contains(where: isInner.contains)
                else { continue }
                isInner.formUnion(node.layers)
                fused[node.output - 1] = node
            }
        }
        nodes = plan.layers.enumerated().compactMap { index, layer in
            if let node = fused[index] { return node }
            return isInner.contains(index)
                ? nil : Node(work: layer.work, layers: [index], inputs: layer.inputs, output: index + 1)
        }
    }
}

/// Looks for layers that one node can compute.
private struct FusionFinder {
    let plan: NetworkPlan
    /// For every boundary the layers that read it, and one that does not exist if others do.
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

    func node(ofBatchNorm index: Int) -> NetworkGraph.Node? {
        guard case .batchNorm = plan.layers[index].work, let next = onlyReader(of: index) else { return nil }
        let input = plan.layers[index].inputs[0]
        // Else the input's gradients would be added up in another order.
        let mayMove = readers[input].count == 1
        if let function = rectifier(next) {
            guard mayMove || next == index + 1 else { return nil }
            return NetworkGraph.Node(
                work: .batchNorm(function), layers: [index, next], inputs: [input], output: next + 1)
        }
        let sum = plan.layers[next]
        guard sum.spec == .add, sum.inputs.count == 2, mayMove,
            let shortcut = sum.inputs.first(where: { $0 != index + 1 })
        else {
            return nil
        }
        if let last = onlyReader(of: next), last == next + 1, let function = rectifier(last) {
            return NetworkGraph.Node(
                work: .batchNorm(function), layers: [index, next, last], inputs: [input, shortcut],
                output: last + 1)
        }
        return NetworkGraph.Node(
            work: .batchNorm(nil), layers: [index, next], inputs: [input, shortcut], output: next + 1)
    }

    /// ReLU or leaky ReLU: whether a value passes is seen in its sign.
    private func rectifier(_ index: Int) -> ActivationFunction? {
        guard case .activation(let function) = plan.layers[index].spec, Rectifier(function) != nil else {
            return nil
        }
        return function
    }
}

extension Rectifier {
    /// Nil for other functions.
    init?(_ function: ActivationFunction) {
        switch function {
        case .relu: self.init(slope: nil)
        case .leakyReLU(let slope) where slope >= 0: self.init(slope: Float(slope))
        default: return nil
        }
    }
}

extension PlannedLayer {
    var work: NetworkGraph.Node.Work {
        switch spec {
        case .add, .concatenate: .join
        case .flatten: .alias
        case .batchNorm: .batchNorm(nil)
        default: .layer
        }
    }
}
