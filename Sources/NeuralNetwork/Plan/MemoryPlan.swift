import Kernels

/// Where in one block of memory the values and gradients of a network lie: a pure function of the graph and the most samples of a pass.
///
/// Times are counted: one for each node forward, one for the loss, one for each step backward. A tensor (a matrix of all slots) lives from when it is written to when it is
/// read last; those that live at the same time share no memory. Layers that work value by value write over their input, if it is not needed any more, and their gradients
/// over those of their output.
package struct MemoryPlan: Equatable, Sendable {
    package struct Tensor: Equatable, Sendable {
        /// Values of a sample.
        package let width: Int
        package fileprivate(set) var first: Int
        package fileprivate(set) var last: Int
        /// Floats before it.
        package fileprivate(set) var offset = 0
    }

    package private(set) var tensors: [Tensor] = []
    /// For every boundary, the tensor of its values; nil within a node.
    package private(set) var values: [Int?]
    /// For every boundary, the tensor of its gradient; nil: nobody needs it.
    package private(set) var gradients: [Int?]
    /// For every step backward, the tensor for what it adds to a gradient.
    package private(set) var temporaries: [Int?]
    /// Floats in all.
    package private(set) var count = 0
    private let slots: Int
    private let rows: Int

    /// - Parameters:
    ///   - backward: nil for a network that only evaluates.
    ///   - kept: boundaries whose values are read after the forward pass.
    ///   - shares: false gives every matrix memory of its own, as the oracle of tests has it.
    package init(
        _ plan: NetworkPlan, _ graph: NetworkGraph, _ backward: BackwardPlan?, keeping kept: Set<Int> = [],
        slots: Int, rows: Int,
        shares: Bool = true
    ) {
        (self.slots, self.rows) = (slots, rows)
        let uses = Uses(plan, graph, backward, kept)
        values = Array(repeating: nil, count: plan.layers.count + 1)
        gradients = values
        temporaries = Array(repeating: nil, count: backward?.steps.count ?? 0)
        values[0] = add(plan.inputShape.count, from: -1, to: uses.last[0])
        for (time, node) in graph.nodes.enumerated() {
            let width = plan.shape(at: node.output).count
            if node.work == .alias {
                values[node.output] = values[node.inputs[0]]
            } else if shares, let input = uses.overwritten(by: time), let tensor = values[input] {
                values[node.output] = tensor
                tensors[tensor].last = max(time, uses.last[node.output])
            } else {
                values[node.output] = add(width, from: time, to: max(time, uses.last[node.output]))
            }
        }
        if let backward { addGradients(plan, graph, backward, uses, shares) }
        place(shares)
    }

    private mutating func add(_ width: Int, from first: Int, to last: Int) -> Int {
        tensors.append(Tensor(width: width, first: first, last: last))
        return tensors.count - 1
    }

    private mutating func addGradients(
        _ plan: NetworkPlan, _ graph: NetworkGraph, _ backward: BackwardPlan, _ uses: Uses, _ shares: Bool
    ) {
        func width(_ boundary: Int) -> Int { plan.shape(at: boundary).count }
        let output = uses.root[plan.layers.count]
        gradients[output] = add(width(output), from: graph.nodes.count, to: graph.nodes.count)
        for (index, step) in backward.steps.enumerated() {
            let (time, node) = (graph.nodes.count + 1 + index, graph.nodes[step.node])
            guard node.work != .alias, let own = gradients[uses.root[node.output]] else { continue }
            tensors[own].last = time
            // Of the same values added twice, one gradient is dy and then dy more.
            let isSimple = Set(node.inputs.map { uses.root[$0] }).count == node.inputs.count
            let reused = shares && isSimple ? plan.gradientWritten(overOutputOf: node, step.targets) : nil
            for (place, target) in step.targets.enumerated() {
                let input = uses.root[node.inputs[place]]
                switch target {
                case .none: break
                case .writes:
                    gradients[input] = place == reused ? own : add(width(input), from: time, to: time)
                case .adds:
                    if let tensor = gradients[input] { tensors[tensor].last = time }
                    if node.hasTemporary(place) {
                        temporaries[index] = add(width(input), from: time, to: time)
                    }
                }
            }
        }
        for boundary in gradients.indices { gradients[boundary] = gradients[uses.root[boundary]] }
    }

    /// A tensor's floats: every slot begins at a multiple of 16.
    package func size(_ tensor: Tensor) -> Int { slots * FlatVector.aligned(rows * tensor.width) }

    /// Large tensors first, each in the smallest gap between those that live at the same time.
    private mutating func place(_ shares: Bool) {
        let order = tensors.indices.sorted {
            size(tensors[$0]) > size(tensors[$1]) || (size(tensors[$0]) == size(tensors[$1]) && $0 < $1)
        }
        var placed: [Int] = []
        for index in order {
            let (tensor, size) = (tensors[index], size(tensors[index]))
            let others = placed.map { tensors[$0] }.filter {
                !shares || ($0.first <= tensor.last && tensor.first <= $0.last)
            }
            var (best, bestGap, end) = (Int?.none, Int.max, 0)
            for other in others.sorted(by: { $0.offset < $1.offset }) {
                let gap = other.offset - end
                if gap >= size, gap < bestGap { (best, bestGap) = (end, gap) }
                end = max(end, other.offset + self.size(other))
            }
            tensors[index].offset = best ?? end
            count = max(count, tensors[index].offset + size)
            placed.append(index)
        }
    }
}

// MARK: - Who reads what

extension MemoryPlan {
    /// When the values of boundaries are read.
    private struct Uses {
        /// The boundary that an alias renames, or itself.
        private(set) var root: [Int]
        /// The last time that a boundary's values are read, by any of its names; −1: never.
        private(set) var last: [Int]
        private let plan: NetworkPlan
        private let graph: NetworkGraph
        private let trains: Bool

        init(_ plan: NetworkPlan, _ graph: NetworkGraph, _ backward: BackwardPlan?, _ kept: Set<Int>) {
            (self.plan, self.graph, trains) = (plan, graph, backward != nil)
            var root = Array(0...plan.layers.count)
            for node in graph.nodes where node.work == .alias { root[node.output] = root[node.inputs[0]] }
            var last = [Int](repeating: -1, count: plan.layers.count + 1)
            func use(_ boundary: Int, at time: Int) { last[root[boundary]] = max(last[root[boundary]], time) }
            for (time, node) in graph.nodes.enumerated() {
                for input in node.inputs { use(input, at: time) }
            }
            let loss = graph.nodes.count
            for boundary in kept { use(boundary, at: loss) }
            // What goes in and what comes out is for others to read, at any time.
            use(0, at: .max)
            use(plan.layers.count, at: .max)
            for (index, step) in (backward?.steps ?? []).enumerated() {
                let node = graph.nodes[step.node]
                let reads = plan.backwardReads(node)
                if reads.input { use(node.inputs[0], at: loss + 1 + index) }
                if reads.output { use(node.output, at: loss + 1 + index) }
            }
            self.root = root
            self.last = root.map { last[$0] }
        }

        /// The input in whose memory the node of this time leaves its output.
        func overwritten(by time: Int) -> Int? {
            let node = graph.nodes[time]
            return plan.overwritableInputs(node, trains: trains).first { input in
                // Of more than two summands one is read when others are in its place.
                let isReadOnce = node.inputs.count { root[$0] == root[input] } == 1
                return last[input] == time && (isReadOnce || node.inputs.count == 2)
            }
        }
    }
}

extension NetworkPlan {
    /// What of the forward pass's values a node's backward pass reads.
    fileprivate func backwardReads(_ node: NetworkGraph.Node) -> (input: Bool, output: Bool) {
        let layer = layers[node.layers[0]]
        if case .batchNorm(let function) = node.work {
            let hasShortcut = node.inputs.count > 1
            return (!layer.isFrozen || (function != nil && !hasShortcut), function != nil && hasShortcut)
        }
        switch layer.spec {
        case .dense, .convolution: return (!layer.isFrozen, false)
        case .activation, .softmax: return (false, true)
        case .pool(.maximum, _):
            guard case .pool(let geometry) = layer.places else { return (true, true) }
            return PoolLayer.keepsWinners(geometry) ? (false, false) : (true, true)
        default: return (false, false)
        }
    }

    /// Inputs that a node may write its output over: it reads every value before it writes in its place.
    fileprivate func overwritableInputs(_ node: NetworkGraph.Node, trains: Bool) -> [Int] {
        switch (node.work, layers[node.layers[0]].spec) {
        // A training network keeps what goes into the sums of its nodes, until they are done.
        case (.batchNorm, _): trains ? Array(node.inputs.dropFirst()) : node.inputs
        case (.join, .add): Array(node.inputs.prefix(node.inputs.count == 2 ? 2 : 1))
        case (.layer, .activation), (.layer, .dropout): node.inputs
        default: []
        }
    }

    /// The input whose gradient a node may write over that of its output.
    fileprivate func gradientWritten(overOutputOf node: NetworkGraph.Node, _ targets: [BackwardPlan.Target])
        -> Int?
    {
        switch (node.work, layers[node.layers[0]].spec) {
        // The shortcut's gradient is the masked one of the output: nothing is copied.
        case (.batchNorm, _): targets.lastIndex(of: .writes)
        case (.join, .add), (.layer, .activation), (.layer, .dropout): targets.firstIndex(of: .writes)
        default: nil
        }
    }
}

extension NetworkGraph.Node {
    /// Whether what it adds to an input's gradient is computed by itself first.
    func hasTemporary(_ input: Int) -> Bool { work != .join && input == 0 }
}
