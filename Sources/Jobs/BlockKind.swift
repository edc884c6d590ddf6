import Configuration
import NeuralNetwork

/// The fields of a block, which is made of other layers. Those are read when the block's
/// name is known.
struct BlockFields: Sendable {
    enum Shortcut: Equatable, Sendable {
        case identity
        case automatic
        case layers([ConfigValue])
    }

    var body: [ConfigValue] = []
    var branches: [[ConfigValue]] = []
    var shortcut = Shortcut.identity
    /// The name of a definition or of a preset.
    var word = ""
    var count: Int?
    var classes: Int?
    var common = LayerCommon()
}

/// One kind of block in the job language: its fields, and the layers that they make.
struct BlockKind: Sendable {
    let word: String
    let object: ObjectCodec<BlockFields>
    let expand: @Sendable (ModelReader, BlockFields, BlockContext, inout LayerNamer) -> [NamedLayer]
    /// Nil for a layer of another kind, and for kinds that are written as what they stand for.
    let parse: @Sendable (NamedLayer) -> BlockFields?

    private init(
        _ word: String, _ sentence: String, _ common: LayerCommon.Part = .plain, isOpen: Bool = false,
        expand:
            @escaping @Sendable (ModelReader, BlockFields, BlockContext, inout LayerNamer) -> [NamedLayer],
        parse: @escaping @Sendable (NamedLayer) -> BlockFields? = { _ in nil },
        @FieldBuilder<BlockFields> fields: () -> [Field<BlockFields>]
    ) {
        let fields = fields()
        self.word = word
        self.expand = expand
        self.parse = parse
        object = ObjectCodec(BlockFields(), summary: sentence, isOpen: isOpen) {
            fields
            Field.inline(\.common, LayerCommon.codec(common))
        }
    }

    func write(_ layer: NamedLayer) -> [(String, ConfigValue)]? {
        parse(layer).map { fields in
            var fields = fields
            fields.common.name = layer.isScope ? layer.name : nil
            fields.common.from = layer.from
            return object.write(fields)
        }
    }

    static let all: [BlockKind] = [
        BlockKind(
            "residual", "The layers' output plus the block's input.", [.name, .from, .activation],
            expand: { $0.residual($1, $2, &$3) },
            parse: { layer in
                guard case .residual(let body, let shortcut) = layer.spec else { return nil }
                return BlockFields(body: body.map(ModelReader.write), shortcut: write(shortcut))
            },
            fields: {
                Field(
                    required: "residual", \.body, layers, "The layers.",
                    example: "[{conv: 32, batch_norm: true, activation: \"relu\"}, {conv: 32}]")
                Field(
                    "shortcut", \.shortcut, shortcut,
                    "What is added: the input, "
                        + "with \"auto\" a 1×1 convolution of it where the shape changes, or layers of it.",
                    example: "\"auto\"")
            }),
        BlockKind(
            "branches", "Branches of the same input, joined along the channels.",
            [.name, .from, .activation],
            expand: { $0.branches($1, $2, &$3) },
            parse: { layer in
                guard case .branches(let branches) = layer.spec else { return nil }
                return BlockFields(branches: branches.map { $0.map(ModelReader.write) })
            },
            fields: {
                Field(
                    required: "branches", \.branches, .array(of: layers, count: 1...1000),
                    "A list of layers for each branch.", example: "[[{conv: 8}], [{conv: 8, kernel: 1}]]")
            }),
        BlockKind(
            "block", "Layers one after the other, whose names begin with the block's.",
            expand: { $0.block($1, $2, &$3) },
            parse: { layer in
                guard case .block(let layers) = layer.spec else { return nil }
                return BlockFields(body: layers.map(ModelReader.write))
            },
            fields: {
                Field(
                    required: "block", \.body, layers, "The layers.",
                    example: "[{dense: 32, activation: \"relu\"}, {dense: 32}]")
            }),
        BlockKind(
            "use", "A block of `define`; its parameters stand beside `use`.", isOpen: true,
            expand: { $0.use($1, $2, &$3) },
            fields: {
                Field(required: "use", \.word, .name, "Name of the definition.", example: "\"basic\"")
                Field(
                    "repeat", \.count, .int(1...10_000),
                    "Uses it so many times: `x.0`, `x.1` and so on in a block `x`.", example: "3",
                    default: "once, without numbers")
            }),
        BlockKind(
            "preset", "A well-known network; names are torchvision's where it has the model.", [],
            expand: { $0.preset($1, $2, &$3) },
            fields: {
                Field(
                    required: "preset", \.word, .oneOf(Presets.names), "Name of the network.",
                    example: "\"resnet18\"")
                Field(
                    "classes", \.classes, .int(1...1_000_000), "Number of outputs.", example: "10",
                    default: "the published network's")
            }),
        BlockKind(
            "repeat", "The same layers several times: `x.0`, `x.1` and so on in a block `x`.",
            expand: { $0.repeated($1, $2, &$3) },
            fields: {
                Field(required: "repeat", \.count, .int(1...10_000), "How many times.", example: "3")
                Field(
                    required: "layers", \.body, layers, "The layers.", example: "[{dense: 32}, \"relu\"]")
            }),
    ]

    /// The layers of a block, which are read when its name is known.
    private static var layers: Codec<[ConfigValue]> {
        .array(of: .layer, count: 1...10_000)
    }

    private static var shortcut: Codec<BlockFields.Shortcut> {
        let words = Codec<String>.oneOf(["auto", "identity"]).map(
            to: { $0 == "auto" ? BlockFields.Shortcut.automatic : .identity },
            from: { $0 == .automatic ? "auto" : $0 == .identity ? "identity" : nil })
        return words.or(
            layers.map(
                to: { BlockFields.Shortcut.layers($0) },
                from: { if case .layers(let layers) = $0 { layers } else { nil } }))
    }

    private static func write(_ shortcut: Shortcut) -> BlockFields.Shortcut {
        switch shortcut {
        case .identity: .identity
        case .automatic: .automatic
        case .layers(let layers): .layers(layers.flatMap(\.members).map(ModelReader.write))
        }
    }
}

extension NamedLayer {
    /// A block's layers; of any other layer itself.
    fileprivate var members: [NamedLayer] {
        if case .block(let layers) = spec { layers } else { [self] }
    }
}

extension Codec where Value == ConfigValue {
    /// One element of `model`, which `ModelReader` reads.
    static var layer: Self { any.described(ModelReader.form) }
}
