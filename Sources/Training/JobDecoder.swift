import Configuration
import Datasets
import NeuralNetwork

/// Reads a job from a parsed config, strictly; every mistake goes to the diagnostics, with its place.
struct JobDecoder {
    private let diagnostics: Diagnostics
    /// Where each of the job's layers stands in the config: the place of the config's layer that it came from.
    private(set) var layerPlaces: [ConfigValue] = []

    init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    /// Nil if something is missing or wrong; what is wrong has been said.
    mutating func decode(_ value: ConfigValue, defaultName: String) -> Job? {
        guard let fields = ObjectDecoder(value, diagnostics) else { return nil }
        let name = fields.optional("name", Self.name, default: defaultName)
        let seed = fields.optional("seed", .unsigned, default: 1)
        let data = fields.required("data", .object(Self.data))
        let model = fields.required("model", .array(of: Expectation<ConfigValue>.any, count: 1...100_000))
        let loss = fields.required("loss", .oneOf(Loss.self))
        let optimizer = fields.required("optimizer", Self.optimizer)
        let batch = fields.required("batch", .object(Self.batch))
        let epochs = fields.required("epochs", .int(1...1_000_000))
        let maxSteps = fields.optional("max_steps", .int(1...))
        let checkpoint = fields.optional("checkpoint", .object(Self.checkpoint), default: CheckpointPolicy())
        let logEvery = fields.optional("logging", .object { $0.optional("every", .int(1...), default: 10) }, default: 10)
        let core = fields.optional("numerics", .object { fields in .some(fields.optional("blas_core", .nonEmptyString)) }) ?? nil
        let cuts = fields.optional("assignment", .object { $0.required("cuts", .array(of: Expectation<Int>.int(0...))) })
        let layers = model.map { decodeLayers($0) }
        checkCuts(cuts, batch?.microbatches, fields)
        fields.finish()
        guard let data, let layers, let loss, let optimizer, let batch, let epochs, !diagnostics.hasErrors else { return nil }
        return Job(
            name: name, seed: seed, data: data, layers: layers, loss: loss, optimizer: optimizer, batchSize: batch.size,
            microbatches: batch.microbatches, epochs: epochs, maxSteps: maxSteps, checkpoint: checkpoint, logEvery: logEvery,
            blasCore: core, forcedCuts: cuts)
    }

    private func checkCuts(_ cuts: [Int]?, _ microbatches: Int?, _ fields: ObjectDecoder) {
        guard let cuts else { return }
        let rises = cuts.first == 0 && zip(cuts, cuts.dropFirst()).allSatisfy { $0 <= $1 } && cuts.count >= 2
        guard rises, let microbatches, cuts.last == microbatches else {
            fields.error(
                "the cuts must begin at 0, never fall, and end at `batch.microbatches`", atValueOf: "assignment",
                label: microbatches.map { "for \($0) microbatches and 2 workers: [0, \($0 / 2), \($0)]" } ?? "give batch.microbatches too")
            return
        }
    }

    // MARK: Parts

    static var name: Expectation<String> {
        Expectation<String>("a name of letters, digits, `-`, `_` and `.`") { value in
            guard case .string(let text) = value.kind, isName(text) else { return nil }
            return text
        }
    }

    /// Fit for file names and for tensors' names.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"), text.utf8.count <= 100 else {
            return false
        }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "-_.".utf8.contains($0)
        }
    }

    private static func data(_ fields: ObjectDecoder) -> DataSpec? {
        let train = fields.required("train", source)
        let validation = fields.optional("validation", source)
        let test = fields.optional("test", source)
        let normalization = fields.optional("normalize", .oneOf(Normalization.Kind.self), default: .none)
        return train.map { DataSpec(train: $0, validation: validation, test: test, normalization: normalization) }
    }

    private static var source: Expectation<DataSpec.Source> {
        Expectation<DataSpec.Source>.inlineVariant("a data set", among: ["builtin", "idx"]) { choice in
            guard let argument = choice.argument else { return nil }
            if choice.name == "builtin" {
                return Expectation<String>.oneOf(["digits"]).read(argument, choice.fields.diagnostics).map { _ in .digits }
            }
            return Expectation<DataSpec.Source>.object { fields in
                let images = fields.required("images", .nonEmptyString)
                let labels = fields.required("labels", .nonEmptyString)
                guard let images, let labels else { return nil }
                return .idx(images: images, labels: labels)
            }.read(argument, choice.fields.diagnostics)
        }
    }

    private static var optimizer: Expectation<Optimizer> {
        Expectation<Optimizer>.variant("an optimizer", among: ["sgd", "momentum", "adam"]) { choice in
            let fields = choice.fields
            switch choice.name {
            case "adam":
                return .adam(
                    learningRate: fields.optional("learning_rate", .number(.positive), default: 1e-3),
                    beta1: fields.optional("beta1", .number(.from(0, below: 1)), default: 0.9),
                    beta2: fields.optional("beta2", .number(.from(0, below: 1)), default: 0.999),
                    epsilon: fields.optional("epsilon", .number(.atLeast(1e-30)), default: 1e-8))
            default:
                let rate = fields.optional("learning_rate", .number(.positive), default: 0.01)
                let momentum = fields.optional("momentum", .number(.from(0, below: 1)), default: choice.name == "momentum" ? 0.9 : 0)
                return .gradientDescent(learningRate: rate, momentum: momentum)
            }
        }
    }

    private struct Batch {
        var size: Int?
        var microbatches: Int?
    }

    private static func batch(_ fields: ObjectDecoder) -> Batch? {
        let size = fields.required("size", Expectation<Int>.int(1...).map(Optional.some).or("all", is: nil))
        // A size that is wrong has been reported; the microbatches count all the same, for what is compared with them.
        return Batch(size: size ?? nil, microbatches: fields.optional("microbatches", .int(1...4096)))
    }

    private static func checkpoint(_ fields: ObjectDecoder) -> CheckpointPolicy? {
        let every = fields.optional(
            "every", Expectation<Int>.int(1...).map(CheckpointPolicy.Interval.steps).or("epoch", is: .epoch), default: .epoch)
        return CheckpointPolicy(every: every, keep: fields.optional("keep", .int(1...), default: 3))
    }

    // MARK: Layers

    private mutating func decodeLayers(_ values: [ConfigValue]) -> [NamedLayer] {
        var namer = LayerNamer()
        var layers: [NamedLayer] = []
        var places: [String: ConfigValue] = [:]
        for value in values {
            for layer in LayerDecoder(diagnostics).decode(value, &namer) {
                if places.updateValue(value, forKey: layer.name) != nil {
                    diagnostics.error("two layers are called `\(layer.name)`", at: value, label: "give one of them another `name`")
                }
                layers.append(layer)
                layerPlaces.append(value)
            }
        }
        return layers
    }
}
