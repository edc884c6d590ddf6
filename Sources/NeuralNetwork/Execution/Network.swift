import Kernels

/// A planned network with the memory to compute up to `localMicrobatches` microbatches of up to `rows`
/// samples at once. For example:
///
///     let pass = network.makePass(rows: rows, parameters: p, statistics: s, training: mode)
///     try network.forward(pass)
///     try network.evaluateLoss(targets, pass) { reports[$0] }
///     try network.backward(BackwardPass(pass, …)) { offset in send(from: offset) }
///
/// Owned by one compute thread. All memory is allocated here, none per step.
package final class Network {
    package let plan: NetworkPlan
    let graph: NetworkGraph
    let nodes: [Node]
    /// The values at every boundary that has memory, which others may use after its last reader.
    private let values: [MicrobatchMatrix?]
    private let kept: Set<Int>
    /// The backward schedule; nil for a network that only evaluates.
    private let backwardSteps: [BackwardStep]?
    /// dL/d(output); nil for a network that only evaluates.
    private let outputGradient: MicrobatchMatrix?
    let scratch: [FloatBuffer]
    private let workspace: FloatBuffer
    package let criterion: Criterion
    private let purpose: Purpose
    /// Samples of the largest microbatch.
    private let rows: Int
    private let lanes: LanePool
    /// For passes that are so small (`Options.operationsOfOneLane`).
    private let oneLane: LanePool
    private let operationsOfOneLane: Int
    /// The sequences of passes whose samples have the most positions, by their samples: a full and a ragged
    /// batch come again and again.
    private var whole: [(rows: MicrobatchRows, sequences: SequenceRows)] = []
    private static let mostKnown = 4
    /// Called when a layer's forward or backward computation has ended, for measurements. Of layers that are
    /// computed in one pass, the first takes the time.
    package var layerDone: ((_ layer: Int, _ isBackward: Bool) -> Void)?

    /// The passes that a network is made for.
    package enum Purpose: Sendable {
        case training
        /// Forward passes with parameters that change between them.
        case evaluation
        /// Forward passes with the parameters and running statistics of the first. Only the samples that
        /// there are are computed, but for what OpenBLAS computes: its bits depend on the number of samples,
        /// and it computes whole tiles of a microbatch of the largest size. What lies in the place of missing
        /// samples does not matter, because a row of a product depends on one row alone.
        case inference
    }

    /// Options of a network that its plan does not decide.
    package struct Options: Sendable {
        /// Boundaries whose values are read after a forward pass (`values(at:)`), besides the input and the
        /// output.
        package var kept: Set<Int>
        /// False, for the oracle of tests: every layer by itself, every boundary in memory of its own.
        package var isOptimized: Bool
        /// The initial value of all memory, for tests.
        package var poison: Float
        /// Multiplications and additions of the largest pass of inference that stays on one lane, because it
        /// is over before other lanes would wake up.
        package var operationsOfOneLane: Int
        /// True if passes may continue sequences whose beginning was computed by the passes before
        /// (`SequenceRows.past`).
        package var continuesSequences: Bool
        /// Positions of a sequence that a pass computes, at most.
        package var mostPositions: Int

        package init(
            keeping kept: Set<Int> = [], isOptimized: Bool = true, poison: Float = 0,
            operationsOfOneLane: Int = 1 << 22, continuesSequences: Bool = false,
            mostPositions: Int = .max
        ) {
            self.continuesSequences = continuesSequences
            self.mostPositions = mostPositions
            self.kept = kept
            self.isOptimized = isOptimized
            self.poison = poison
            self.operationsOfOneLane = operationsOfOneLane
        }
    }

    /// A node of the graph with the memory that it works on.
    struct Node {
        let samplesPerProduct: Int
        let isPerPosition: Bool

        enum Work {
            case layer(any Layer)
            case join(any JoinLayer)
            case normalization(BatchNormLayer)
            /// The output is another name for the input's values.
            case alias

            init(_ node: NetworkGraph.Node, _ layer: PlannedLayer, _ capacity: NetworkCapacity) {
                switch layer.plan.computation {
                case .layer(let make): self = .layer(make(capacity))
                case .join(let make): self = .join(make(capacity))
                case .normalization(let make): self = .normalization(make(capacity, node.rectifier))
                case .alias: self = .alias
                }
            }
        }

        let work: Work
        let inputs: [MicrobatchMatrix]
        let output: MicrobatchMatrix
    }

    private struct BackwardStep {
        let node: Int
        let isFrozen: Bool
        let outputGradient: MicrobatchMatrix
        /// The memory for every input's gradient; nil for inputs that need none.
        let inputs: [InputGradient?]
        /// The memory for the first input's gradient before it is added; nil if it is not added.
        let temporary: MicrobatchMatrix?
        let completes: Int?
    }

    /// - Parameter report: what is summed over samples; nil: the loss alone.
    package init(
        plan: NetworkPlan, report: ReportLayout? = nil, localMicrobatches: Int, rows: Int, lanes: LanePool,
        purpose: Purpose,
        _ options: Options = Options()
    ) {
        let training = purpose == .training
        self.plan = plan
        self.lanes = lanes
        self.purpose = purpose
        self.rows = rows
        oneLane = LanePool(lanes: 1)
        operationsOfOneLane = options.operationsOfOneLane
        kept = options.kept
        let graph = NetworkGraph(plan, keeping: kept, fuses: options.isOptimized)
        let backward = training ? BackwardPlan(plan, graph) : nil
        let memory = MemoryPlan(
            plan, graph, backward, keeping: kept, localMicrobatches: localMicrobatches, rows: rows,
            shares: options.isOptimized, mostPositions: options.mostPositions)
        let buffer = FloatBuffer(count: memory.count)
        if options.poison != 0 { buffer.elements.update(repeating: options.poison) }
        func matrix(_ boundary: Int, _ tensor: Int?) -> MicrobatchMatrix? {
            tensor.map {
                MicrobatchMatrix(
                    buffer, offset: memory.tensors[$0].offset, rows: rows,
                    of: plan.shape(at: boundary).limited(to: options.mostPositions))
            }
        }
        let values = memory.values.enumerated().map(matrix)
        let gradients = memory.gradients.enumerated().map(matrix)
        nodes = Self.makeNodes(
            plan, graph, values,
            NetworkCapacity(
                microbatches: localMicrobatches, rows: rows, purpose: purpose,
                continuesSequences: options.continuesSequences, mostPositions: options.mostPositions))
        backwardSteps = backward.map {
            Self.makeSteps(
                $0, plan, graph, gradients: gradients,
                temporaries: memory.temporaries.enumerated().map { index, tensor in
                    matrix(graph.nodes[backward?.steps[index].node ?? 0].inputs[0], tensor)
                })
        }
        outputGradient = training ? gradients[plan.layers.count] : nil
        (self.graph, self.values) = (graph, values)
        scratch = (0..<lanes.lanes).map { _ in FloatBuffer(count: plan.scratchCount) }
        workspace = FloatBuffer(count: plan.workspaceCount)
        let outputRows = rows * plan.outputShape.limited(to: options.mostPositions).rowsPerSample
        let tiles = localMicrobatches * ((outputRows + Tile.rows - 1) / Tile.rows)
        let outputs = plan.outputShape.rowWidth
        let report =
            report
            ?? ReportLayout(
                loss: plan.loss, metrics: [], targets: .classes(outputs), outputs: outputs,
                isEvaluation: !training)
        criterion = Criterion(report, width: outputs, tiles: tiles)
    }

    private static func makeNodes(
        _ plan: NetworkPlan, _ graph: NetworkGraph, _ values: [MicrobatchMatrix?],
        _ capacity: NetworkCapacity
    ) -> [Node] {
        var norms: [Int: TileMoments] = [:]
        let nodes = graph.nodes.map { node in
            guard let output = values[node.output] else {
                preconditionFailure("the output of every node has memory")
            }
            let layer = plan.layers[node.layers[0]]
            let work = Node.Work(node, layer, capacity)
            if capacity.trains, case .normalization(let norm) = work, !norm.isFrozen,
                norms[node.inputs[0]] == nil
            {
                norms[node.inputs[0]] = norm.moments
            }
            return Node(
                samplesPerProduct: layer.plan.samplesPerProduct, isPerPosition: layer.isPerPosition,
                work: work,
                inputs: node.inputs.compactMap { values[$0] }, output: output)
        }
        tieHeads(nodes)
        for (node, made) in zip(graph.nodes, nodes) {
            guard let moments = norms[node.output], case .layer(let layer) = made.work,
                let producer = layer as? any MomentsProducer
            else {
                continue
            }
            producer.moments = moments
            moments.isMeasuredByProducer = true
        }
        return nodes
    }

    /// Shows embeddings the heads that share their tables.
    private static func tieHeads(_ nodes: [Node]) {
        let layers = nodes.compactMap { if case .layer(let layer) = $0.work { layer } else { nil } }
        for case let head as TiedHeadLayer in layers {
            for case let embedding as EmbeddingLayer in layers where embedding.table == head.table {
                embedding.head = head
            }
        }
    }

    private static func makeSteps(
        _ backward: BackwardPlan, _ plan: NetworkPlan, _ graph: NetworkGraph,
        gradients: [MicrobatchMatrix?], temporaries: [MicrobatchMatrix?]
    ) -> [BackwardStep] {
        zip(backward.steps, temporaries).compactMap { step, temporary in
            let node = graph.nodes[step.node]
            guard let outputGradient = gradients[node.output] else { return nil }
            let inputs = zip(node.inputs, step.targets).map { input, target in
                target == .none
                    ? nil : gradients[input].map { InputGradient(values: $0, accumulates: target == .adds) }
            }
            return BackwardStep(
                node: step.node, isFrozen: plan.layers[node.layers[0]].isFrozen,
                outputGradient: outputGradient, inputs: inputs,
                temporary: temporary, completes: step.completes)
        }
    }

    /// The samples of a pass, for the caller to write.
    package var input: MicrobatchMatrix { values(at: 0) }
    package var output: MicrobatchMatrix { values(at: plan.layers.count) }

    /// The values of the last forward pass at a boundary that is kept.
    package func values(at boundary: Int) -> MicrobatchMatrix {
        guard boundary == 0 || boundary == plan.layers.count || kept.contains(boundary),
            let matrix = values[boundary]
        else {
            preconditionFailure("boundary \(boundary) is not kept: name it when the network is made")
        }
        return matrix
    }

    /// - Parameter sequences: the sequences of the samples; nil: all have the network's most positions.
    package func makePass(
        rows: MicrobatchRows, sequences: SequenceRows? = nil, parameters: UnsafePointer<Float>,
        statistics: UnsafeMutablePointer<Float>, training: TrainingMode?
    ) -> ForwardPass {
        let infers = purpose == .inference
        let isSmall = infers && operations(rows, sequences) <= operationsOfOneLane
        var pass = ForwardPass(
            rows: rows, sequences: sequences ?? wholeSequences(rows), parameters: parameters,
            statistics: statistics, lanes: isSmall ? oneLane : lanes, scratch: scratch, workspace: workspace,
            training: training)
        pass.cutsTiles = infers
        return pass
    }

    /// Multiplications and additions of a pass.
    private func operations(_ rows: MicrobatchRows, _ sequences: SequenceRows?) -> Int {
        guard let sequences, let most = plan.sequenceLength else {
            return rows.rows.reduce(0, +) * plan.operations
        }
        return sequences.positions.rows.reduce(0, +) * (plan.operations / most)
    }

    /// The sequences of samples that have the most positions; nil in a network without sequences.
    private func wholeSequences(_ rows: MicrobatchRows) -> SequenceRows? {
        guard let length = plan.sequenceLength else { return nil }
        if let known = whole.first(where: { $0.rows === rows }) { return known.sequences }
        let sequences = SequenceRows(rows, length: length)
        if whole.count == Self.mostKnown { whole.removeFirst() }
        whole.append((rows, sequences))
        return sequences
    }

    package func forward(_ pass: ForwardPass) throws {
        let ofPositions = pass.ofPositions
        for (index, node) in nodes.enumerated() {
            let isPadded = purpose == .inference && node.samplesPerProduct > 1
            let pass = node.isPerPosition ? ofPositions : pass
            try node.forward(isPadded ? pass.padded(to: node.samplesPerProduct, most: rows) : pass)
            if let layerDone { for layer in graph.nodes[index].layers { layerDone(layer, false) } }
        }
    }

    /// Writes every local microbatch's report and, in a network made for training, the gradient of the loss.
    package func evaluateLoss(
        _ targets: BatchTargets, _ pass: ForwardPass, reports: (Int) -> UnsafeMutablePointer<Double>
    ) throws {
        try criterion.evaluate(
            output: output, targets: targets, gradient: outputGradient, exchange: plan.lossExchange,
            pass: plan.outputShape.isSequence ? pass.ofPositions : pass, reports: reports)
    }

    /// Computes all parameter gradients, last layer first; `completed(offset)` is called whenever everything
    /// from `offset` on in the flat vectors is ready to be sent.
    package func backward(_ pass: BackwardPass, completed: (Int) -> Void) throws {
        guard let steps = backwardSteps else { preconditionFailure("this network was made for evaluation") }
        let (ofSamples, ofPositions) = (pass, pass.ofPositions)
        for step in steps {
            let node = nodes[step.node]
            var pass = node.isPerPosition ? ofPositions : ofSamples
            pass.isFrozen = step.isFrozen
            let written = step.temporary ?? step.inputs[0]?.values
            switch node.work {
            case .layer(let layer):
                try layer.backward(
                    node.inputs[0], node.output, outputGradient: step.outputGradient, inputGradient: written,
                    pass)
            case .normalization(let norm):
                try norm.backward(
                    node.inputs[0], hasShortcut: node.inputs.count > 1, node.output,
                    outputGradient: step.outputGradient,
                    inputGradient: written, shortcutGradient: step.inputs.count > 1 ? step.inputs[1] : nil,
                    pass)
            case .join(let join): join.backward(outputGradient: step.outputGradient, step.inputs, pass)
            case .alias: break
            }
            if let temporary = step.temporary, let gradient = step.inputs[0] {
                AddLayer.add(
                    temporary, to: gradient.values, temporary.holdsPositions ? ofPositions : ofSamples)
            }
            if let layerDone { for layer in graph.nodes[step.node].layers { layerDone(layer, true) } }
            if let offset = step.completes { completed(offset) }
        }
    }
}

extension Network.Node {
    func forward(_ pass: ForwardPass) throws {
        switch work {
        case .layer(let layer): try layer.forward(inputs[0], output, pass)
        case .join(let join): join.forward(inputs, output, pass)
        case .normalization(let norm):
            try norm.forward(inputs[0], shortcut: inputs.count > 1 ? inputs[1] : nil, output, pass)
        case .alias: break
        }
    }
}
