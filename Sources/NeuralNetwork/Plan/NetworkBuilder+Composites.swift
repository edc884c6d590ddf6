import Kernels

// What residual blocks, branches and joins are made of.
extension NetworkBuilder {
    mutating func appendResidual(
        _ name: String, _ body: [NamedLayer], _ shortcut: Shortcut, after input: Int, scope: String
    ) throws(ShapeMismatch) -> Int {
        let firstLayer = layers.count
        let end = try append(body, after: input, scope: scope)
        let side: Int
        switch shortcut {
        case .identity: side = input
        case .layers(let layers): side = try append(layers, after: input, scope: scope)
        case .automatic:
            let hasNorm = layers[firstLayer...].contains {
                if case .batchNorm = $0.spec { true } else { false }
            }
            side = try append(
                projection(from: input, to: end, hasNorm: hasNorm, name: unusedName("downsample", scope)),
                after: input, scope: scope)
        }
        let (one, other) = (boundaries[end].shape, boundaries[side].shape)
        guard one == other else {
            let hint =
                shortcut == .identity
                ? "give the block `shortcut: \"auto\"`, which adds a 1×1 convolution, or keep the shape in its body"
                : "let both end in the same shape"
            throw ShapeMismatch(
                layer: name,
                description: "the body of `\(name)` ends with \(one), but its shortcut with \(other): \(hint)"
            )
        }
        return try appendJoin(name, .add, [end, side])
    }

    private func unusedName(_ name: String, _ scope: String) -> String {
        var (candidate, number) = (name, 1)
        while layers.contains(where: { $0.name.hasPrefix(scope + candidate + ".") }) {
            number += 1
            candidate = "\(name)\(number)"
        }
        return candidate
    }

    /// The layers of an automatic shortcut; none where the shapes agree.
    private func projection(from input: Int, to end: Int, hasNorm: Bool, name: String) -> [NamedLayer] {
        let (from, to) = (boundaries[input].shape, boundaries[end].shape)
        if from == to { return [] }
        guard let layer = Self.projection(from, to, bias: !hasNorm) else { return [] }
        return [NamedLayer(name + ".0", layer)]
            + (hasNorm ? [NamedLayer(name + ".1", .batchNorm(momentum: 0.1, epsilon: 1e-5))] : [])
    }

    /// A dense layer, or a 1×1 convolution with the stride that makes the one size of the other; nil where there is none.
    private static func projection(_ from: TensorShape, _ to: TensorShape, bias: Bool) -> LayerSpec? {
        if from.isFlat && to.isFlat {
            return .dense(units: to.count, bias: bias, initializer: .xavierUniform)
        }
        guard from.dimensions.count == 3, to.dimensions.count == 3 else { return nil }
        func stride(_ n: Int, _ count: Int) -> Int? { (1...n).first { (n - 1) / $0 + 1 == count } }
        guard let vertical = stride(from.dimensions[0], to.dimensions[0]),
            let horizontal = stride(from.dimensions[1], to.dimensions[1])
        else { return nil }
        let window = Window((1, 1), stride: (vertical, horizontal))
        return .convolution(channels: to.channels, window: window, bias: bias, initializer: .xavierUniform)
    }

    mutating func appendJoin(_ name: String, _ spec: LayerSpec, _ inputs: [Int]) throws(ShapeMismatch) -> Int
    {
        let shapes = inputs.map { boundaries[$0].shape }
        let parts = spec == .add ? shapes : shapes.map { TensorShape($0.dimensions.dropLast()) }
        guard let first = parts.first, parts.allSatisfy({ $0 == first }) else {
            let list = zip(inputs, shapes).map { "\($1) of `\(boundaryName($0))`" }.joined(separator: ", ")
            let hint = spec == .add ? "they must be the same" : "all but the channels must be the same"
            throw ShapeMismatch(
                layer: name, description: "`\(name)` joins shapes that do not fit: \(list); \(hint)")
        }
        let channels = spec == .add ? shapes[0].channels : shapes.reduce(0) { $0 + $1.channels }
        try checkSize(name, values: shapes[0].positions, channels)
        let shape = TensorShape(shapes[0].dimensions.dropLast() + [channels])
        var field = boundaries[inputs[0]].field
        for input in inputs.dropFirst() {
            field.height = max(field.height, boundaries[input].field.height)
            field.width = max(field.width, boundaries[input].field.width)
        }
        let operations = spec == .add ? shape.count * (inputs.count - 1) : 0
        // Values that were flattened keep their order in a sum, not beside others.
        let flattened = spec == .add ? boundaries[inputs[0]].flattened : nil
        return place(
            name, spec, inputs, firstParameter: layout.usedCount, parametersBefore: layout.parameterCount,
            Outcome(shape: shape, operations: operations, flattened: flattened, field: field))
    }
}
