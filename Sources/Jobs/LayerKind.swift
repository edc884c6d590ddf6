import Configuration
import NeuralNetwork

/// One kind of layer in the job language: its fields, and the layer that they make. `LayerKind.all` has an
/// entry for each.
struct LayerKind: Sendable {
    /// The key that tells the kind from others: `{dense: 64}`.
    let word: String
    let form: ObjectForm
    /// Whether the word alone is a layer: `"flatten"`.
    let isWord: Bool
    let read: @Sendable (ObjectDecoder) -> LayerReading
    /// The fields of a layer; nil if it is of another kind.
    let write: @Sendable (NamedLayer) -> [(String, ConfigValue)]?

    /// Describes a kind of layer.
    ///
    /// - Parameters:
    ///   - ordinal: the name of layers without a name, before their number; the word if absent
    ///   - others: which of the common fields a layer of this kind has besides its own
    ///   - inputs: the layers that the layer joins; absent if it has one input, as most kinds
    ///   - make: the spec of what was read; nil for a mistake, which was reported
    ///   - parse: the own fields of a layer of this kind; nil for other kinds
    ///   - own: its own fields, the first one the word's
    init<Own: Sendable>(
        _ word: String, _ sentence: String, _ blank: Own, isWord: Bool = false,
        ordinal: (@Sendable (Own) -> String)? = nil, _ others: LayerCommon.Part = .plain,
        inputs: (@Sendable (Own) -> [String])? = nil,
        make: @escaping @Sendable (Own, LayerCommon) -> LayerSpec?,
        parse: @escaping @Sendable (NamedLayer) -> Own?,
        check: @escaping @Sendable (Own, ObjectDecoder) -> Void = { _, _ in },
        @FieldBuilder<Own> own: () -> [Field<Own>]
    ) {
        let own = ObjectCodec(blank, check: check, own)
        let common = LayerCommon.codec(others)
        let object = ObjectCodec(Record(own: blank), summary: sentence) {
            Field.inline(\.own, own)
            Field.inline(\.common, common)
        }
        self.word = word
        self.isWord = isWord
        form = object.form
        read = { decoder in
            var record = Record(own: blank)
            let isComplete = object.read(decoder, into: &record)
            return LayerReading(
                spec: isComplete ? make(record.own, record.common) : nil,
                ordinal: ordinal?(record.own) ?? word,
                inputs: inputs?(record.own) ?? record.common.from, common: record.common)
        }
        write = { layer in
            guard let own = parse(layer) else { return nil }
            let common = LayerCommon(name: layer.name, from: inputs == nil ? layer.from : [])
            return object.write(Record(own: own, common: common))
        }
    }

    private struct Record<Own: Sendable>: Sendable {
        var own: Own
        var common = LayerCommon()
    }
}

/// A layer that was read, before it has a name.
struct LayerReading {
    /// Nil if it cannot be read, which was reported.
    let spec: LayerSpec?
    /// The name of layers without a name, before their number.
    let ordinal: String
    let inputs: [String]
    let common: LayerCommon

    /// The layers that the object stands for: layer → batch norm → activation.
    func layers(named name: String) -> [NamedLayer] {
        guard let spec else { return [] }
        return [NamedLayer(name, spec, from: inputs)]
            + (common.norm.map { [NamedLayer("\(name).bn", $0)] } ?? [])
            + common.activationLayers(after: name)
    }
}

/// The fields that layers of several kinds have in common.
struct LayerCommon: Sendable {
    /// Nil: the kind of the layer and its number.
    var name: String?
    /// Empty: the layer before it.
    var from: [String] = []
    var norm: LayerSpec?
    var activation: Activation?

    /// Which of them a kind of layer has.
    struct Part: OptionSet, Sendable {
        let rawValue: Int

        static let name = Part(rawValue: 1)
        static let from = Part(rawValue: 2)
        static let norm = Part(rawValue: 4)
        static let activation = Part(rawValue: 8)
        static let plain: Part = [.name, .from]
        static let weights: Part = [.name, .from, .norm, .activation]
    }

    /// The number of values that a maxout behind the layer makes one of: the layer has so many times its
    /// units.
    var pieces: Int { activation?.pieces ?? 1 }

    /// The default of the weights.
    var initializer: Initializer { activation?.isRectifier == true ? .heNormal : .xavierUniform }

    func activationLayers(after name: String) -> [NamedLayer] {
        activation.map { [NamedLayer("\(name).\($0.name)", $0.spec)] } ?? []
    }

    static func codec(_ part: Part) -> ObjectCodec<LayerCommon> {
        ObjectCodec(LayerCommon()) {
            if part.contains(.name) {
                Field(
                    "name", \.name, .name, "Name of the layer, with which the names of its tensors begin.",
                    example: "\"head\"", default: "its kind and number, such as `dense1`")
            }
            if part.contains(.from) {
                Field(
                    "from", \.from, .layerName, "Name of the layer whose output is the input.",
                    example: "\"input\"", default: "the layer before it", omitsDefault: true)
            }
            if part.contains(.norm) {
                Field(
                    "batch_norm", \.norm, BatchNormFields.codec,
                    "Puts batch normalisation behind the layer: `true`, or its fields.", example: "true",
                    omitsDefault: true)
            }
            if part.contains(.activation) {
                Field(
                    "activation", \.activation, Activation.codec, "Puts an activation behind the layer.",
                    example: "\"relu\"")
            }
        }
    }
}

extension Codec where Value == [String] {
    /// `"a"`: the name of one layer; no name has no text.
    fileprivate static var layerName: Self {
        Codec<String>.text(
            .special("the name of a layer", schema: ["type": "string", "minLength": 1], samples: ["input"])
        ) { !$0.isEmpty }.map(to: { [$0] }, from: { $0.first ?? "" })
    }
}
