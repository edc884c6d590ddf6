import Kernels

/// Adds layers one by one, knowing the shapes that were left before, and makes plain layers of composite ones.
struct NetworkBuilder {
    private(set) var layers: [PlannedLayer] = []
    var layout: ParameterLayout
    private let freeze: [String]
    var exchanges: [StatisticsOperation] = []
    private(set) var boundaries: [Boundary]
    /// Boundaries by the names that `from` may use.
    private var named: [String: Int] = ["input": 0]
    private var isRead: Set<Int> = []

    struct Boundary {
        let shape: TensorShape
        /// The shape before the last flatten, while no dense layer has mixed its values.
        var flattened: TensorShape?
        var field: ReceptiveField
    }

    /// What a layer makes of its input.
    struct Outcome {
        var shape: TensorShape
        var operations: Int
        var places = PlannedLayer.Places.none
        var flattened: TensorShape?
        var field: ReceptiveField
    }

    /// Plans a whole network.
    init(_ specs: [NamedLayer], input: TensorShape, freeze: [String], frozenStart: Int) throws(ShapeMismatch)
    {
        self.init(input: input, freeze: freeze, frozenStart: frozenStart)
        try finish(output: try append(specs, after: 0, scope: ""))
    }

    private init(input: TensorShape, freeze: [String], frozenStart: Int) {
        (self.freeze, layout) = (freeze, ParameterLayout(frozenStart: frozenStart))
        let field =
            input.isFlat ? ReceptiveField(height: 1, width: input.count, jumpHeight: 1, jumpWidth: 0) : .point
        boundaries = [Boundary(shape: input, flattened: nil, field: field)]
    }

    /// Appends a sequence; returns the boundary at its end. Names within a `scope` begin with it ("layer1.0.").
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
        let inner = layer.isScope ? name + "." : scope
        let output: Int
        switch layer.spec {
        case .add, .concatenate:
            guard inputs.count > 1 else {
                throw ShapeMismatch(
                    layer: name,
                    description:
                        "`\(name)` has one input; name two layers or more, such as {add: [\"a\", \"b\"]}")
            }
            output = try appendJoin(name, layer.spec, inputs)
        case .block(let body):
            output = try append(body, after: try only(inputs, name), scope: name + ".")
        case .residual(let body, let shortcut):
            output = try appendResidual(name, body, shortcut, after: try only(inputs, name), scope: inner)
        case .branches(let branches):
            var ends: [Int] = []
            for branch in branches {
                ends.append(try append(branch, after: try only(inputs, name), scope: inner))
            }
            output = try appendJoin(name, .concatenate, ends)
        default:
            output = try appendPlain(name, layer.spec, after: try only(inputs, name))
        }
        named[name] = output
        // A layer's name stands for all that its config says: what it computes, its batch norm and its activation.
        if let owner = owner(of: name, layer), named[owner] == current { named[owner] = output }
        // What goes into the network is, for every other layer, the whitened input.
        if case .whitening = layer.spec { named["input"] = output }
        return output
    }

    /// The layer whose batch norm or activation this one is: `c1.relu` behind `c1`.
    private func owner(of name: String, _ layer: NamedLayer) -> String? {
        switch layer.spec {
        case .batchNorm, .activation, .maxout, .softmax:
            layer.from.isEmpty ? name.lastIndex(of: ".").map { String(name[..<$0]) } : nil
        default: nil
        }
    }

    private func resolve(_ layer: NamedLayer, _ scope: String) throws(ShapeMismatch) -> [Int] {
        var found: [Int] = []
        for name in layer.from {
            guard let boundary = boundary(name, in: scope) else {
                let known = named.keys.sorted().joined(separator: ", ")
                throw ShapeMismatch(
                    layer: scope + layer.name,
                    description:
                        "`\(scope + layer.name)` takes its input from `\(name)`, which is no layer before it; those are \(known)"
                )
            }
            found.append(boundary)
        }
        return found
    }

    /// What a name means within a scope: the innermost layer that has it.
    private func boundary(_ name: String, in scope: String) -> Int? {
        var scope = scope[...]
        while true {
            if let found = named[scope + name] { return found }
            guard !scope.isEmpty else { return nil }
            scope = scope.dropLast().lastIndex(of: ".").map { scope[...$0] } ?? ""
        }
    }

    private func only(_ inputs: [Int], _ name: String) throws(ShapeMismatch) -> Int {
        guard inputs.count == 1 else {
            throw ShapeMismatch(
                layer: name,
                description:
                    "`\(name)` has \(inputs.count) inputs; join them with {add: […]} or {concat: […]} first")
        }
        return inputs[0]
    }

    func boundaryName(_ boundary: Int) -> String { boundary == 0 ? "input" : layers[boundary - 1].name }

    // MARK: Plain layers

    private mutating func appendPlain(_ name: String, _ spec: LayerSpec, after current: Int)
        throws(ShapeMismatch) -> Int
    {
        let (first, before, frozen) = (layout.usedCount, layout.parameterCount, layout.frozen.count)
        layout.isFreezing = TensorNames.isCovered(name, by: freeze)
        defer { layout.isFreezing = false }
        let outcome = try outcome(name, spec, boundaries[current])
        return place(
            name, spec, [current], firstParameter: first, parametersBefore: before, frozenBefore: frozen,
            outcome)
    }

    mutating func place(
        _ name: String, _ spec: LayerSpec, _ inputs: [Int], firstParameter: Int, parametersBefore: Int,
        frozenBefore: Int = .max,
        _ outcome: Outcome
    ) -> Int {
        isRead.formUnion(inputs)
        layers.append(
            PlannedLayer(
                name: name, spec: spec, inputs: inputs, input: boundaries[inputs[0]].shape,
                output: outcome.shape,
                parameters: layout.parameterCount - parametersBefore,
                isFrozen: layout.frozen.count > frozenBefore, operations: outcome.operations,
                firstParameter: firstParameter,
                field: outcome.field, places: outcome.places))
        boundaries.append(Boundary(shape: outcome.shape, flattened: outcome.flattened, field: outcome.field))
        return layers.count
    }

    private mutating func outcome(_ name: String, _ spec: LayerSpec, _ from: Boundary) throws(ShapeMismatch)
        -> Outcome
    {
        let input = from.shape
        var outcome = Outcome(
            shape: input, operations: input.count, flattened: from.flattened, field: from.field)
        switch spec {
        case .dense(let units, let bias, let initializer):
            guard input.isFlat else {
                throw ShapeMismatch(
                    layer: name,
                    description:
                        "`\(name)` is a dense layer and wants a flat input, but the layer before it gives \(input): put \"flatten\" before it"
                )
            }
            try checkSize(name, weights: input.count, units)
            outcome.places = addDense(
                name, inputs: input.count, units: units, bias: bias, initializer, flattened: from.flattened)
            outcome.operations = 2 * input.count * units + (bias ? units : 0)
            outcome.shape = TensorShape([units])
            outcome.flattened = nil
            if let image = from.flattened { outcome.field = from.field.covering(image) }
        case .convolution(let channels, let window, let bias, let initializer):
            let geometry = try geometry(name, window, input, pools: false)
            try checkSize(name, weights: geometry.patchCount, channels)
            try checkSize(name, values: geometry.positions, channels)
            outcome.places = addConvolution(name, geometry, channels: channels, bias: bias, initializer)
            outcome.shape = TensorShape([geometry.outputHeight, geometry.outputWidth, channels])
            outcome.operations = (2 * geometry.patchCount + (bias ? 1 : 0)) * geometry.positions * channels
            outcome.field = from.field.seen(through: window)
        case .pool(_, let window):
            let geometry = try geometry(name, window, input, pools: true)
            try checkSize(name, values: geometry.positions, input.channels)
            outcome.places = .pool(geometry)
            outcome.shape = TensorShape([geometry.outputHeight, geometry.outputWidth, input.channels])
            outcome.operations = geometry.patchCount * geometry.positions
            outcome.field = from.field.seen(through: window)
        case .globalAveragePool:
            guard input.dimensions.count == 3 else {
                throw ShapeMismatch(
                    layer: name,
                    description:
                        "`\(name)` averages over images of height×width×channels, but the layer before it gives \(input): remove it"
                )
            }
            outcome.shape = TensorShape([input.channels])
            outcome.field = from.field.covering(input)
        case .batchNorm(_, _, let synchronized):
            outcome.places = addBatchNorm(name, channels: input.channels, synchronized: synchronized)
            outcome.operations = 4 * input.count
        case .whitening(let components):
            outcome.places = addWhitening(name, inputs: input.count, outputs: components ?? input.count)
            outcome.operations = 2 * input.count * (components ?? input.count)
            outcome.shape = components.map { TensorShape([$0]) } ?? input
        case .flatten:
            if !input.isFlat { outcome.flattened = input }
            outcome.shape = TensorShape([input.count])
            outcome.operations = 0
        case .maxout(let pieces):
            guard input.channels.isMultiple(of: pieces) else {
                throw ShapeMismatch(
                    layer: name,
                    description:
                        "`\(name)` takes the largest of each \(pieces) channels, but its input \(input) has \(input.channels): make that a multiple of \(pieces)"
                )
            }
            outcome.shape = TensorShape(input.dimensions.dropLast() + [input.channels / pieces])
            outcome.flattened = nil
        case .softmax:
            outcome.operations = 5 * input.count
        default:
            break
        }
        return outcome
    }

    /// Every entry must name a layer with something to freeze, or a block of such.
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

    private mutating func addDense(
        _ name: String, inputs: Int, units: Int, bias: Bool, _ initializer: Initializer,
        flattened: TensorShape?
    ) -> PlannedLayer.Places {
        let weight = layout.add(
            name + ".weight", role: .weight,
            storage: .dense(inputs: inputs, outputs: units, flattened: flattened),
            initializer: .random(initializer, fanIn: inputs, fanOut: units))
        guard bias else { return .dense(weight: weight, bias: nil) }
        let start = layout.add(
            name + ".bias", role: .bias, storage: .vector(count: units), initializer: .constant(0))
        return .dense(weight: weight, bias: start)
    }

    private mutating func addWhitening(_ name: String, inputs: Int, outputs: Int) -> PlannedLayer.Places {
        let places = WhiteningPlan(
            mean: layout.addStatistic(name + ".mean", count: inputs, initial: 0),
            matrix: layout.addStatistic(name + ".matrix", shape: [inputs, outputs], initial: 0),
            inputs: inputs, outputs: outputs,
            exchange: exchanges.count)
        exchanges += Scatter(columns: inputs).exchanges
        return .whitening(places)
    }

    /// Far more than any machine holds, but little enough for sums and products of such numbers.
    private func checkSize(_ name: String, weights inputs: Int, _ outputs: Int) throws(ShapeMismatch) {
        try check(name, inputs, outputs, most: 1 << 31, "weights")
    }

    func checkSize(_ name: String, values positions: Int, _ channels: Int) throws(ShapeMismatch) {
        try check(name, positions, channels, most: 1 << 28, "values for each sample")
    }

    private func check(_ name: String, _ a: Int, _ b: Int, most: Int, _ what: String) throws(ShapeMismatch) {
        let (count, overflows) = a.multipliedReportingOverflow(by: b)
        guard overflows || count > most else { return }
        throw ShapeMismatch(
            layer: name,
            description: "`\(name)` has more than \(most) \(what), which no machine computes: make it smaller"
        )
    }

    private func geometry(
        _ name: String, _ window: Window, _ input: TensorShape, pools: Bool
    ) throws(ShapeMismatch) -> WindowGeometry {
        do {
            return try window.geometry(on: input, name: name, pools: pools)
        } catch {
            throw ShapeMismatch(layer: name, description: error.description)
        }
    }

    private mutating func addConvolution(
        _ name: String, _ geometry: WindowGeometry, channels: Int, bias: Bool, _ initializer: Initializer
    ) -> PlannedLayer.Places {
        let area = geometry.kernelHeight * geometry.kernelWidth
        let storage = TensorStorage.convolution(
            height: geometry.kernelHeight, width: geometry.kernelWidth, inputs: geometry.channels,
            outputs: channels)
        let weight = layout.add(
            name + ".weight", role: .weight, storage: storage,
            initializer: .random(initializer, fanIn: geometry.channels * area, fanOut: channels * area))
        guard bias else { return .convolution(geometry, weight: weight, bias: nil) }
        let start = layout.add(
            name + ".bias", role: .bias, storage: .vector(count: channels), initializer: .constant(0))
        return .convolution(geometry, weight: weight, bias: start)
    }

    private mutating func addBatchNorm(_ name: String, channels: Int, synchronized: Bool)
        -> PlannedLayer.Places
    {
        let storage = TensorStorage.vector(count: channels)
        let places = BatchNormLayer.Places(
            gain: layout.add(name + ".weight", role: .gain, storage: storage, initializer: .constant(1)),
            shift: layout.add(name + ".bias", role: .shift, storage: storage, initializer: .constant(0)),
            mean: layout.addStatistic(name + ".running_mean", count: channels, initial: 0),
            variance: layout.addStatistic(name + ".running_var", count: channels, initial: 1),
            forward: exchanges.count, backward: exchanges.count + 1)
        // With its running statistics it needs nobody else's.
        if layout.isFreezing { return .batchNorm(places) }
        exchanges.append(.moments(channels: channels))
        // Without synchronisation the backward pass needs nobody else's sums.
        if synchronized { exchanges.append(.sum(width: 2 * channels)) }
        return .batchNorm(places)
    }

    /// Everything must lead to the network's end.
    mutating func finish(output: Int) throws(ShapeMismatch) {
        isRead.insert(output)
        guard output == layers.count else {
            throw ShapeMismatch(
                layer: layers[layers.count - 1].name,
                description: "the model must end with the layer that gives its output")
        }
        guard let idle = layers.indices.first(where: { !isRead.contains($0 + 1) }) else { return }
        throw ShapeMismatch(
            layer: layers[idle].name,
            description:
                "nothing uses the output of `\(layers[idle].name)`: name it in a later layer's `from`, or remove it"
        )
    }
}
