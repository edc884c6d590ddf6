import Kernels

/// The places of a network's values and gradients in one block of memory: a pure function of the graph and of
/// the most samples of a pass. Times are counted: one for each node forward, one for the loss, one for each
/// step backward. A tensor (a matrix of all local microbatches) lives from the time when it is written to the
/// time when it is read last. Tensors that live at the same time share no memory. Layers that work value by
/// value write their output over an input that is not needed any more, and their input's gradient over that
/// of their output (`MemoryUse`). The gradient of a cross-entropy is written over the output: logits of a
/// large vocabulary are the largest matrix of all.
package struct MemoryPlan: Equatable, Sendable {
    package struct Tensor: Equatable, Sendable {
        /// Values of one sample.
        package let width: Int
        package fileprivate(set) var first: Int
        package fileprivate(set) var last: Int
        /// Floats before it.
        package fileprivate(set) var offset = 0
    }

    package private(set) var tensors: [Tensor] = []
    /// The tensor of every boundary's values; nil within a node.
    package private(set) var values: [Int?]
    /// The tensor of every boundary's gradient; nil if it is not needed.
    package private(set) var gradients: [Int?]
    /// The tensor for the part that a step backward adds to a gradient; nil if it adds none.
    package private(set) var temporaries: [Int?]
    /// Floats in all.
    package private(set) var count = 0
    private let localMicrobatches: Int
    private let rows: Int
    private let mostPositions: Int

    /// - Parameters:
    ///   - backward: nil for a network that only evaluates.
    ///   - kept: boundaries whose values are read after the forward pass.
    ///   - shares: false gives every matrix memory of its own, as the oracle of tests has it.
    ///   - mostPositions: positions of a sequence that a pass computes, at most.
    package init(
        _ plan: NetworkPlan, _ graph: NetworkGraph, _ backward: BackwardPlan?, keeping kept: Set<Int> = [],
        localMicrobatches: Int, rows: Int,
        shares: Bool = true, mostPositions: Int = .max
    ) {
        (self.localMicrobatches, self.rows) = (localMicrobatches, rows)
        self.mostPositions = mostPositions
        let uses = Uses(plan, graph, backward, keeping: kept)
        values = Array(repeating: nil, count: plan.layers.count + 1)
        gradients = values
        temporaries = Array(repeating: nil, count: backward?.steps.count ?? 0)
        values[0] = add(width(plan.inputShape), from: -1, to: uses.last[0])
        for (time, node) in graph.nodes.enumerated() {
            let width = self.width(plan.shape(at: node.output))
            if node.work == .alias {
                values[node.output] = values[node.inputs[0]]
            } else if shares, let input = uses.overwritten(by: time), let tensor = values[input] {
                values[node.output] = tensor
                tensors[tensor].last = max(time, uses.last[node.output])
            } else {
                values[node.output] = add(width, from: time, to: max(time, uses.last[node.output]))
            }
        }
        if let backward { addGradients(plan, graph, backward, uses: uses, shares: shares) }
        place(shares)
    }

    /// Values of a sample in a pass.
    private func width(_ shape: TensorShape) -> Int { shape.limited(to: mostPositions).count }

    private mutating func add(_ width: Int, from first: Int, to last: Int) -> Int {
        tensors.append(Tensor(width: width, first: first, last: last))
        return tensors.count - 1
    }

    private mutating func addGradients(
        _ plan: NetworkPlan, _ graph: NetworkGraph, _ backward: BackwardPlan, uses: Uses, shares: Bool
    ) {
        func width(_ boundary: Int) -> Int { self.width(plan.shape(at: boundary)) }
        let output = uses.root[plan.layers.count]
        let isOverLogits = shares && plan.loss.kind == .crossEntropy && !uses.isOutputReadBackward
        gradients[output] =
            isOverLogits
            ? values[output] : add(width(output), from: graph.nodes.count, to: graph.nodes.count)
        for (index, step) in backward.steps.enumerated() {
            let (time, node) = (graph.nodes.count + 1 + index, graph.nodes[step.node])
            guard node.work != .alias, let own = gradients[uses.root[node.output]] else { continue }
            tensors[own].last = max(tensors[own].last, time)
            // If the same values are added twice, their gradient is dy, and then dy is added to it.
            let isSimple = Set(node.inputs.map { uses.root[$0] }).count == node.inputs.count
            let reused = shares && isSimple ? node.gradientWritten(step.targets) : nil
            for (operand, target) in step.targets.enumerated() {
                let input = uses.root[node.inputs[operand]]
                switch target {
                case .none: break
                case .writes:
                    gradients[input] = operand == reused ? own : add(width(input), from: time, to: time)
                case .adds:
                    if let tensor = gradients[input] {
                        tensors[tensor].last = max(tensors[tensor].last, time)
                    }
                    if node.hasTemporary(operand) {
                        temporaries[index] = add(width(input), from: time, to: time)
                    }
                }
            }
        }
        for tied in uses.tiedHeads {
            if let tensor = gradients[uses.root[tied.output]] {
                tensors[tensor].last = max(tensors[tensor].last, tied.time)
            }
        }
        for boundary in gradients.indices { gradients[boundary] = gradients[uses.root[boundary]] }
    }

    /// Floats of a tensor. Every local microbatch begins at a multiple of 16.
    package func size(_ tensor: Tensor) -> Int { localMicrobatches * FlatVector.aligned(rows * tensor.width) }

    /// Gives every tensor its offset: large tensors first, each in the smallest gap between those that live
    /// at the same time.
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
    /// The times at which the values of boundaries are read.
    private struct Uses {
        /// The boundary that an alias renames, or itself.
        private(set) var root: [Int]
        /// The last time that a boundary's values are read, by any of its names; −1: never.
        private(set) var last: [Int]
        /// True if the output's values are kept, or read by a step backward.
        private(set) var isOutputReadBackward: Bool
        /// The outputs of heads that share an embedding's table, and the times at which the embeddings
        /// compute the gradients of both: until then the head's input and its output's gradient are read.
        private(set) var tiedHeads: [(output: Int, time: Int)] = []
        private let graph: NetworkGraph
        private let trains: Bool

        init(_ plan: NetworkPlan, _ graph: NetworkGraph, _ backward: BackwardPlan?, keeping kept: Set<Int>) {
            self.graph = graph
            trains = backward != nil
            var root = Array(0...plan.layers.count)
            for node in graph.nodes where node.work == .alias { root[node.output] = root[node.inputs[0]] }
            var last = [Int](repeating: -1, count: plan.layers.count + 1)
            func use(_ boundary: Int, at time: Int) { last[root[boundary]] = max(last[root[boundary]], time) }
            for (time, node) in graph.nodes.enumerated() {
                for input in node.inputs { use(input, at: time) }
            }
            let loss = graph.nodes.count
            for boundary in kept { use(boundary, at: loss) }
            // The input and the output are read by others, at any time.
            use(0, at: .max)
            use(plan.layers.count, at: .max)
            for (index, step) in (backward?.steps ?? []).enumerated() {
                let node = graph.nodes[step.node]
                let reads = node.memory.backwardReads
                if reads.contains(.input) { use(node.inputs[0], at: loss + 1 + index) }
                if reads.contains(.output) { use(node.output, at: loss + 1 + index) }
            }
            for (index, step) in (backward?.steps ?? []).enumerated() {
                let embedding = plan.layers[graph.nodes[step.node].layers[0]]
                for node in graph.nodes where plan.layers[node.layers[0]].isTied(to: embedding) {
                    use(node.inputs[0], at: loss + 1 + index)
                    tiedHeads.append((node.output, loss + 1 + index))
                }
            }
            let output = root[plan.layers.count]
            isOutputReadBackward =
                kept.contains { root[$0] == output }
                || (backward?.steps ?? []).contains {
                    let node = graph.nodes[$0.node]
                    let reads = node.memory.backwardReads
                    return (reads.contains(.input) && root[node.inputs[0]] == output)
                        || (reads.contains(.output) && root[node.output] == output)
                }
            self.root = root
            self.last = root.map { last[$0] }
        }

        /// The input over which the node of this time writes its output; nil if there is none.
        func overwritten(by time: Int) -> Int? {
            let node = graph.nodes[time]
            let use = node.memory
            let positions = trains ? use.overwritesInTraining : use.overwritesInEvaluation
            return positions.lazy.map { node.inputs[$0] }.first { input in
                // A value that is added three times is read again after the sum is in its place.
                let isReadOnce = node.inputs.count { root[$0] == root[input] } == 1
                return last[input] == time && (isReadOnce || node.inputs.count == 2)
            }
        }
    }
}

extension NetworkGraph.Node {
    /// The input whose gradient the node may write over that of its output.
    fileprivate func gradientWritten(_ targets: [BackwardPlan.Target]) -> Int? {
        switch memory.gradientReuse {
        case .never: nil
        case .firstWritten: targets.firstIndex(of: .writes)
        case .lastWritten: targets.lastIndex(of: .writes)
        }
    }

    /// True if the node's part of an input's gradient is computed by itself before it is added.
    func hasTemporary(_ input: Int) -> Bool { work != .join && input == 0 }
}

extension PlannedLayer {
    /// True for a head that shares this embedding's table.
    fileprivate func isTied(to embedding: PlannedLayer) -> Bool {
        guard case .tiedHead(embedding.name) = spec, case .embedding = embedding.spec else { return false }
        return true
    }
}
