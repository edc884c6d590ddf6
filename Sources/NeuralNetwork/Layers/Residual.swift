/// A residual block: `body(x) + shortcut(x)` (https://arxiv.org/abs/1512.03385).
struct ResidualDefinition: CompositeDefinition {
    let body: [NamedLayer]
    let shortcut: Shortcut

    func append(_ block: CompositeContext, to builder: inout NetworkBuilder) throws(ShapeMismatch) -> Int {
        let firstLayer = builder.layers.count
        let end = try builder.append(body, after: block.input, scope: block.scope)
        let side: Int
        switch shortcut {
        case .identity: side = block.input
        case .layers(let layers):
            side = try builder.append(layers, after: block.input, scope: block.scope)
        case .automatic:
            let hasNorm = builder.layers[firstLayer...].contains { $0.plan.fusion.isNormalization }
            let layers = Self.projection(
                from: builder.boundaries[block.input].shape, to: builder.boundaries[end].shape,
                hasNorm: hasNorm, name: Self.unusedName("downsample", block.scope, builder.layers))
            side = try builder.append(layers, after: block.input, scope: block.scope)
        }
        let (one, other) = (builder.boundaries[end].shape, builder.boundaries[side].shape)
        guard one == other else {
            let hint =
                shortcut == .identity
                ? "give the block `shortcut: \"auto\"`, which adds a 1×1 convolution, "
                    + "or keep the shape in its body"
                : "let both end in the same shape"
            throw ShapeMismatch(
                layer: block.name,
                description:
                    "the body of `\(block.name)` ends with \(one), but its shortcut with \(other): \(hint)")
        }
        return try builder.append(block.name, .add, AddDefinition(), reading: [end, side])
    }

    /// `downsample`, or `downsample2` and so on where layers have that name already.
    private static func unusedName(_ name: String, _ scope: String, _ layers: [PlannedLayer]) -> String {
        var (candidate, number) = (name, 1)
        while layers.contains(where: { $0.name.hasPrefix(scope + candidate + ".") }) {
            number += 1
            candidate = "\(name)\(number)"
        }
        return candidate
    }

    /// The layers of an automatic shortcut. It has none where the shapes agree.
    private static func projection(
        from: TensorShape, to: TensorShape, hasNorm: Bool, name: String
    ) -> [NamedLayer] {
        if from == to { return [] }
        guard let layer = projection(from, to, bias: !hasNorm) else { return [] }
        return [NamedLayer(name + ".0", layer)]
            + (hasNorm ? [NamedLayer(name + ".1", .batchNorm(momentum: 0.1, epsilon: 1e-5))] : [])
    }

    /// A dense layer, or a 1×1 convolution with the stride that turns one size into the other; nil where
    /// neither does.
    private static func projection(_ from: TensorShape, _ to: TensorShape, bias: Bool) -> LayerSpec? {
        if from.isFlat && to.isFlat || from.isSequence && to.isSequence {
            return .dense(units: to.channels, bias: bias, initializer: .xavierUniform)
        }
        guard from.dimensions.count == 3, to.dimensions.count == 3 else { return nil }
        func stride(_ n: Int, _ count: Int) -> Int? { (1...n).first { (n - 1) / $0 + 1 == count } }
        guard let vertical = stride(from.dimensions[0], to.dimensions[0]),
            let horizontal = stride(from.dimensions[1], to.dimensions[1])
        else { return nil }
        let window = Window((1, 1), stride: (vertical, horizontal))
        return .convolution(channels: to.channels, window: window, bias: bias, initializer: .xavierUniform)
    }
}

/// The layers whose output a residual block adds to its body's output.
package enum Shortcut: Equatable, Sendable {
    /// The block's input.
    case identity
    /// The block's input. Where the body changes the shape, a 1×1 convolution of it (for a flat input a dense
    /// layer), with a batch normalisation if the body has one.
    case automatic
    case layers([NamedLayer])
}
