import Kernels

/// Appends the layers of a network one by one: it knows their names and scopes, the shapes that were left
/// before, which layers read which, and which are frozen. What a layer does with its input, its definition
/// says.
struct NetworkBuilder {
    private(set) var layers: [PlannedLayer] = []
    private(set) var boundaries: [Boundary]
    private var allocator: TensorAllocator
    private let freeze: [String]
    private let adapters: LowRankAdapters?
    /// The names of attentions so far.
    private var attentions: [String] = []
    private let movingFlattens: Set<Int>
    /// Flattens, by their layers' numbers, behind which a layer needs PyTorch's order.
    private(set) var misplacedFlattens: Set<Int> = []
    /// Boundaries by the names that `from` may use.
    private var named: [String: Int] = ["input": 0]
    private var isRead: Set<Int> = []

    var layout: ParameterLayout { allocator.layout }
    var exchanges: [StatisticsOperation] { allocator.exchanges }

    /// Plans a whole network.
    ///
    /// - Parameters:
    ///   - freeze: names of layers and blocks that are not trained.
    ///   - adapters: of dense layers; nil: none. With them all else is frozen.
    ///   - frozenStart: where the frozen tensors begin in the flat parameters.
    ///   - movingFlattens: flattens, by their layers' numbers, that give their values PyTorch's order.
    /// - Throws: `ShapeMismatch` for the first layer that cannot follow those before it.
    init(
        _ specs: [NamedLayer], input: TensorShape, freeze: [String], adapters: LowRankAdapters?,
        frozenStart: Int, movingFlattens: Set<Int>
    ) throws(ShapeMismatch) {
        self.freeze = freeze
        self.adapters = adapters
        self.movingFlattens = movingFlattens
        allocator = TensorAllocator(ParameterLayout(frozenStart: frozenStart))
        boundaries = [
            Boundary(shape: input, flattened: nil, field: .ofInput(input), measuredImages: nil)
        ]
        try finish(output: try append(specs, after: 0, scope: ""))
    }

    /// Appends a sequence of layers, and returns the boundary at its end.
    ///
    /// - Parameter scope: the prefix of the layers' names, such as `layer1.0.`.
    /// - Throws: `ShapeMismatch` for the first layer that cannot follow those before it.
    mutating func append(_ sequence: [NamedLayer], after start: Int, scope: String) throws(ShapeMismatch)
        -> Int
    {
        var current = start
        for layer in sequence { current = try append(layer, after: current, scope: scope) }
        return current
    }

    private mutating func append(_ layer: NamedLayer, after current: Int, scope: String) throws(ShapeMismatch)
        -> Int
    {
        let inputs = layer.from.isEmpty ? [current] : try resolve(layer, scope)
        let name = scope + layer.name
        var output: Int
        switch layer.spec.definition {
        case .layer(let definition):
            try check(inputs, name, joins: definition.joinsInputs)
            output = try append(name, layer.spec, definition, reading: inputs)
            if let adapters, case .dense(let units, _, _, _) = layer.spec,
                adapters.adapts(name, attentions: attentions)
            {
                let shape = boundaries[inputs[0]].shape
                output = try adapters.append(
                    to: name, units: units, inputs: shape.isSequence ? shape.channels : shape.count,
                    reading: inputs[0], base: output, &self)
            }
            if layer.from.isEmpty, definition.extendsPreviousLayer, let owner = Self.owner(of: name),
                named[owner] == current
            {
                named[owner] = output
            }
            // All other layers see the whitened values as the network's input.
            if layers[output - 1].inputPreparation != nil { named["input"] = output }
        case .composite(let definition):
            try check(inputs, name, joins: false)
            let inner = layer.isScope ? name + "." : scope
            if case .attention = layer.spec { attentions.append(name) }
            output = try definition.append(
                CompositeContext(name: name, input: inputs[0], scope: inner), to: &self)
        }
        named[name] = output
        return output
    }

    /// Appends a layer that reads these boundaries, and returns its output.
    ///
    /// - Throws: `ShapeMismatch` if the layer cannot follow its inputs.
    mutating func append(
        _ name: String, _ spec: LayerSpec, _ definition: any LayerDefinition, reading inputs: [Int]
    ) throws(ShapeMismatch) -> Int {
        let (first, trained, frozen) = (layout.usedCount, layout.parameterCount, layout.frozen.count)
        let isFrozen = TensorNames.isCovered(name, by: freeze) || adapters?.isFrozen(name) ?? false
        allocator.isFreezing = isFrozen
        defer { allocator.isFreezing = false }
        let context = LayerContext(
            name: name, number: layers.count, isFrozen: isFrozen,
            movesChannels: movingFlattens.contains(layers.count), inputs: inputs.map { boundaries[$0] },
            inputNames: inputs.map { $0 == 0 ? "input" : layers[$0 - 1].name })
        let isPerPosition = try treatsPositionsAlike(definition, context)
        let plan =
            isPerPosition
            ? try definition.plan(context.ofOnePosition, &allocator).forEachPosition(
                of: context.input.shape)
            : try definition.plan(context, &allocator)
        try checkPositions(plan.output.shape, name)
        isRead.formUnion(inputs)
        if definition.flattenedInput == .channelsFirst { for input in inputs { requireChannelsFirst(input) } }
        layers.append(
            PlannedLayer(
                name: name, spec: spec, inputs: inputs, input: context.input.shape,
                parameters: layout.parameterCount - trained, isFrozen: layout.frozen.count > frozen,
                firstParameter: first, isPerPosition: isPerPosition,
                continuesSequences: isPerPosition || definition.sequenceInput == .causal, plan: plan))
        boundaries.append(plan.output)
        return layers.count
    }

    /// True if the layer reads sequences and treats each of their positions by itself.
    ///
    /// - Throws: `ShapeMismatch` if the layer cannot read sequences.
    private func treatsPositionsAlike(_ definition: any LayerDefinition, _ layer: LayerContext)
        throws(ShapeMismatch) -> Bool
    {
        guard let sequence = layer.inputs.first(where: { $0.shape.isSequence })?.shape else { return false }
        switch definition.sequenceInput {
        case .causal, .whole: return false
        case .refused:
            throw layer.mismatch(
                "`\(layer.name)` cannot read sequences, but the layer before it gives \(sequence): make a "
                    + "vector of them first, such as by \"global_average_pool\"")
        case .eachPosition:
            guard let other = layer.inputs.firstIndex(where: { !$0.shape.isSequence }) else { return true }
            throw layer.mismatch(
                "`\(layer.name)` joins sequences with \(layer.inputs[other].shape) of "
                    + "`\(layer.inputNames[other])`; join sequences with sequences")
        }
    }

    /// All sequences of a network have the same number of positions: those of its samples.
    ///
    /// - Throws: `ShapeMismatch` if these have another.
    private func checkPositions(_ shape: TensorShape, _ name: String) throws(ShapeMismatch) {
        guard shape.isSequence,
            let other = boundaries.first(where: { $0.shape.isSequence })?.shape.positions,
            other != shape.positions
        else { return }
        throw ShapeMismatch(
            layer: name,
            description: "`\(name)` gives sequences of \(shape.positions) positions, but there are "
                + "sequences of \(other) before it: a model's sequences have one length")
    }

    /// Notes the flatten that must move its values, so that those at a boundary have PyTorch's order.
    private mutating func requireChannelsFirst(_ boundary: Int) {
        guard let image = boundaries[boundary].flattened, image.hasTwoOrders else { return }
        var number = boundary - 1
        while !layers[number].plan.flattensImage { number = layers[number].inputs[0] - 1 }
        misplacedFlattens.insert(number)
    }

    /// Every output must be read on the way to the network's end.
    private mutating func finish(output: Int) throws(ShapeMismatch) {
        isRead.insert(output)
        requireChannelsFirst(output)
        guard output == layers.count else {
            throw ShapeMismatch(
                layer: layers[layers.count - 1].name,
                description: "the model must end with the layer that gives its output")
        }
        guard let idle = layers.indices.first(where: { !isRead.contains($0 + 1) }) else { return }
        throw ShapeMismatch(
            layer: layers[idle].name,
            description: "nothing uses the output of `\(layers[idle].name)`: "
                + "name it in a later layer's `from`, or remove it")
    }
}

// MARK: - Names

extension NetworkBuilder {
    /// The layer that `c1.relu` may be a part of: `c1`.
    private static func owner(of name: String) -> String? {
        name.lastIndex(of: ".").map { String(name[..<$0]) }
    }

    private func resolve(_ layer: NamedLayer, _ scope: String) throws(ShapeMismatch) -> [Int] {
        var found: [Int] = []
        for name in layer.from {
            guard let boundary = boundary(name, in: scope) else {
                let known = named.keys.sorted().joined(separator: ", ")
                throw ShapeMismatch(
                    layer: scope + layer.name,
                    description: "`\(scope + layer.name)` takes its input from `\(name)`, "
                        + "which is no layer before it; those are \(known)")
            }
            found.append(boundary)
        }
        return found
    }

    /// Looks a name up in the innermost scope that has it.
    private func boundary(_ name: String, in scope: String) -> Int? {
        var scope = scope[...]
        while true {
            if let found = named[scope + name] { return found }
            guard !scope.isEmpty else { return nil }
            scope = scope.dropLast().lastIndex(of: ".").map { scope[...$0] } ?? ""
        }
    }

    private func check(_ inputs: [Int], _ name: String, joins: Bool) throws(ShapeMismatch) {
        if joins == (inputs.count > 1) { return }
        throw ShapeMismatch(
            layer: name,
            description: joins
                ? "`\(name)` has one input; name two layers or more, such as {add: [\"a\", \"b\"]}"
                : "`\(name)` has \(inputs.count) inputs; join them with {add: […]} or {concat: […]} first")
    }

    /// Every entry of `lora` must name a layer: a dense one to adapt, or one to train.
    ///
    /// - Throws: `ShapeMismatch` for the first entry that does not.
    func checkAdapters() throws(ShapeMismatch) {
        guard let adapters else { return }
        func check(_ entries: [String], _ field: String, _ kind: String, _ isMeant: (PlannedLayer) -> Bool)
            throws(ShapeMismatch)
        {
            for entry in entries {
                let isKnown = layers.contains {
                    LowRankAdapters.covers(entry, $0.name, attentions: attentions) && isMeant($0)
                }
                if isKnown { continue }
                throw ShapeMismatch(
                    layer: "",
                    description: "`lora.\(field)` has `\(entry)`, which is no \(kind) and no block with one")
            }
        }
        try check(adapters.layers, "on", "dense layer") {
            if case .dense = $0.spec { !LowRankAdapters.isAdapter($0.name + ".weight") } else { false }
        }
        try check(adapters.trained, "train", "layer with weights") { $0.parameters > 0 }
    }

    /// Every entry must name a layer with something to freeze, or a block of such layers.
    ///
    /// - Throws: `ShapeMismatch` for the first entry that does not.
    func checkFreeze(_ entries: [String]) throws(ShapeMismatch) {
        for entry in entries {
            if layers.contains(where: { $0.isFrozen && TensorNames.isCovered($0.name, by: [entry]) }) {
                continue
            }
            let tensor = layout.allTensors.first { TensorNames.isCovered($0.name, by: [entry]) }
            let names = layers.filter { $0.isFrozen || $0.parameters > 0 }.map(\.name)
            let known =
                names.prefix(12).joined(separator: ", ")
                + (names.count > 12 ? " and \(names.count - 12) more" : "")
            throw ShapeMismatch(
                layer: "",
                description: tensor == nil
                    ? "`freeze` has `\(entry)`, which is no layer with weights; those are \(known)"
                    : "`freeze` has `\(entry)`, which is a part of a layer; freeze whole layers: \(known)")
        }
    }
}
