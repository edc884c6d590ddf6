import Kernels

/// The numbers of an attention layer.
package struct AttentionOptions: Equatable, Sendable {
    package var heads: Int
    /// Heads of keys and values, a divisor of `heads`.
    package var kvHeads: Int
    /// True if a position sees itself and those before it only.
    package var isCausal = true
    /// Nil: nothing is turned.
    package var rotary: RotaryOptions?
    package var hasBias = true
    /// Whether the output's layer has one, too.
    package var hasOutputBias = true
    /// The rate of the dropout behind the layer; 0: there is none.
    package var dropout = 0.0
    /// The rate of the dropout on the probabilities, between the softmax and the values; 0: there is none.
    package var probabilityDropout = 0.0
    /// How the weights begin: those of queries, keys and values, and those of the output.
    package var initializer = Initializer.xavierUniform
    package var outputInitializer = Initializer.xavierUniform

    package init(heads: Int, kvHeads: Int? = nil) {
        self.heads = heads
        self.kvHeads = kvHeads ?? heads
    }
}

/// The numbers of a rotary position embedding.
package struct RotaryOptions: Equatable, Sendable {
    /// θ
    package var base = 10_000.0
    /// Values of each head that are turned, an even number; nil: all.
    package var width: Int?

    package init(base: Double = 10_000, width: Int? = nil) {
        self.base = base
        self.width = width
    }
}

/// Multi-head attention (https://arxiv.org/abs/1706.03762), with `kvHeads` grouped
/// (https://arxiv.org/abs/2305.13245): a dense layer `c_attn` makes queries, keys and values, rotary
/// embedding turns them, `core` mixes the positions, and a dense layer `c_proj` makes the output, of the
/// input's shape.
struct AttentionDefinition: CompositeDefinition {
    let options: AttentionOptions

    func append(_ block: CompositeContext, to builder: inout NetworkBuilder) throws(ShapeMismatch) -> Int {
        let shape = builder.boundaries[block.input].shape
        let (heads, kvHeads) = (options.heads, options.kvHeads)
        func mismatch(_ description: String) -> ShapeMismatch {
            ShapeMismatch(layer: block.name, description: description)
        }
        guard shape.isSequence else {
            throw mismatch(
                "`\(block.name)` attends to the positions of a sequence, but the layer before it "
                    + "gives \(shape)")
        }
        guard shape.channels.isMultiple(of: heads), heads.isMultiple(of: kvHeads) else {
            throw mismatch(
                "`\(block.name)` has \(heads) heads and \(kvHeads) of keys and values for "
                    + "\(shape.channels) channels: the channels must be a multiple of the heads, and the "
                    + "heads a multiple of the others")
        }
        let width = shape.channels / heads
        let core = AttentionCore(
            heads: heads, kvHeads: kvHeads, headWidth: width, isCausal: options.isCausal)
        var layers = [
            NamedLayer(
                "c_attn",
                .dense(
                    units: (heads + 2 * kvHeads) * width, bias: options.hasBias,
                    initializer: options.initializer))
        ]
        if let rotary = options.rotary {
            let turned = rotary.width ?? width
            guard turned.isMultiple(of: 2), turned <= width else {
                throw mismatch(
                    "`\(block.name)` turns \(turned) values of each head of \(width): turn an even number, "
                        + "at most all")
            }
            layers.append(NamedLayer("rotary", .rotary(core, base: rotary.base, width: turned)))
        }
        layers += [
            NamedLayer("core", .attentionCore(core, dropout: options.probabilityDropout)),
            NamedLayer(
                "c_proj",
                .dense(
                    units: shape.channels, bias: options.hasBias && options.hasOutputBias,
                    initializer: options.outputInitializer)),
        ]
        if options.dropout > 0 { layers.append(NamedLayer("dropout", .dropout(rate: options.dropout))) }
        return try builder.append(layers, after: block.input, scope: block.scope)
    }
}
