import Kernels

/// The order of a backward pass and where each gradient is kept: a pure function of the plan.
///
/// A boundary's gradient lives from its last consumer's backward pass, the first to write it, to its producer's; after that its memory serves others.
struct BackwardPlan {
    enum Target { case none, writes, adds }

    struct Step {
        let layer: Int
        /// For every input of the layer, what happens with its gradient.
        let targets: [Target]
        /// After this step the gradient is complete from here on.
        let completes: Int?
    }

    private(set) var steps: [Step] = []
    /// For every boundary the buffer that holds its gradient; nil: nobody needs it.
    private(set) var buffer: [Int?]
    /// Widths of the buffers.
    private(set) var widths: [Int] = []
    /// The widest gradient that is added to another one.
    private(set) var temporaryWidth = 0

    init(_ plan: NetworkPlan) {
        let layers = plan.layers
        // A flatten only renames: its output's gradient is its input's.
        var root = Array(0...layers.count)
        var isTrained = [Bool](repeating: false, count: layers.count + 1)
        for (i, layer) in layers.enumerated() {
            if layer.spec == .flatten { root[i + 1] = root[layer.inputs[0]] }
            isTrained[i + 1] = layer.parameters > 0 || layer.inputs.contains { isTrained[$0] }
        }
        var assigned = [Int?](repeating: nil, count: layers.count + 1)
        var isFree: [Bool] = []
        var widths: [Int] = []
        func allocate(_ boundary: Int) {
            let width = plan.shape(at: boundary).count
            // The free buffer that needs to grow least, or wastes least.
            let fitting = isFree.indices.filter { isFree[$0] }.min { abs(widths[$0] - width) < abs(widths[$1] - width) }
            let buffer = fitting ?? widths.count
            if fitting == nil {
                widths.append(0)
                isFree.append(false)
            }
            widths[buffer] = max(widths[buffer], width)
            isFree[buffer] = false
            assigned[boundary] = buffer
        }
        if !layers.isEmpty { allocate(root[layers.count]) }
        let firstTrained = layers.firstIndex { $0.parameters > 0 } ?? layers.count
        for i in layers.indices.reversed() {
            guard isTrained[i + 1], assigned[root[i + 1]] != nil else { continue }
            let layer = layers[i]
            var targets: [Target] = []
            for input in layer.inputs {
                let source = root[input]
                if !isTrained[input] || layer.spec == .flatten {
                    targets.append(.none)
                } else if assigned[source] == nil {
                    allocate(source)
                    targets.append(.writes)
                } else {
                    targets.append(.adds)
                    temporaryWidth = max(temporaryWidth, layer.input.count)
                }
            }
            let completes = layer.parameters > 0 ? (i == firstTrained ? 0 : layer.firstParameter) : nil
            steps.append(Step(layer: i, targets: targets, completes: completes))
            // What a flatten renamed is needed until the producer itself.
            if layer.spec != .flatten, let buffer = assigned[root[i + 1]] { isFree[buffer] = true }
        }
        buffer = root.map { assigned[$0] }
        self.widths = widths
    }
}

/// The memory of a `BackwardPlan`.
final class BackwardMemory {
    let plan: BackwardPlan
    /// With the width of their boundary.
    private let gradients: [SlotMatrix?]
    private let spare: SlotMatrix

    init(_ plan: BackwardPlan, of network: NetworkPlan, slots: Int, rows: Int) {
        self.plan = plan
        let buffers = plan.widths.map { SlotMatrix(slots: slots, rows: rows, width: $0) }
        gradients = plan.buffer.enumerated().map { boundary, buffer in
            buffer.map { buffers[$0].resized(to: network.shape(at: boundary).count) }
        }
        spare = SlotMatrix(slots: slots, rows: rows, width: plan.temporaryWidth)
    }

    func gradient(at boundary: Int) -> SlotMatrix { gradients[boundary] ?? spare }
    func temporary(width: Int) -> SlotMatrix { spare.resized(to: width) }
}
