import Configuration
import Datasets
import NeuralNetwork

/// Reads a job from a parsed config, strictly; every mistake goes to the diagnostics, with its place.
struct JobDecoder {
    let diagnostics: Diagnostics
    /// Where each of the job's layers stands in the config, by its name.
    var layerPlaces: [String: ConfigValue] = [:]

    static let mostEpochs = 1_000_000

    init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    /// Nil if something is missing or wrong; what is wrong has been said.
    mutating func decode(_ value: ConfigValue, defaultName: String) -> Job? {
        guard let fields = ObjectDecoder(value, diagnostics) else { return nil }
        let name = fields.optional("name", Self.name, default: defaultName)
        let seed = fields.optional("seed", .unsigned, default: 1)
        let data = fields.required("data", .object { Self.data($0, seed: seed) })
        if Self.isUnsupervised(fields) {
            return decodeUnsupervised(fields, name: name, seed: seed, data: data)
        }
        let ensemble = fields.optional("ensemble", .int(1...1000))
        let model = fields.required("model", .array(of: Expectation<ConfigValue>.any, count: 1...100_000))
        let definitions = fields.optional("define", Self.definitions, default: [:])
        let loss = fields.required("loss", Self.loss)
        let optimizer = fields.required("optimizer", Self.optimizer)
        let batch = fields.required("batch", .object(Self.batch))
        let epochs = fields.required("epochs", .int(1...Self.mostEpochs))
        let parts = [
            Self.objective(fields), Self.optimization(fields), Self.transfer(fields), Self.course(fields),
        ]
        let core =
            fields.optional(
                "numerics", .object { fields in .some(fields.optional("blas_core", .nonEmptyString)) }) ?? nil
        let cuts = fields.optional(
            "assignment", .object { $0.required("cuts", .array(of: Expectation<Int>.int(0...))) })
        let layers = model.map { decodeLayers($0, definitions: definitions) }
        checkCuts(cuts, batch?.microbatches, fields)
        fields.finish()
        guard let data, let layers, let loss, let optimizer, let batch, let epochs, !diagnostics.hasErrors
        else { return nil }
        var job = Job(
            name: name, seed: seed, data: data, layers: layers, loss: loss, optimizer: optimizer,
            batchSize: batch.size,
            microbatches: batch.microbatches, epochs: epochs, blasCore: core, forcedCuts: cuts)
        job.ensemble = ensemble
        for write in parts { write(&job) }
        return job
    }

    func checkCuts(_ cuts: [Int]?, _ microbatches: Int?, _ fields: ObjectDecoder) {
        guard let cuts else { return }
        let rises = cuts.first == 0 && zip(cuts, cuts.dropFirst()).allSatisfy { $0 <= $1 } && cuts.count >= 2
        guard rises, let microbatches, cuts.last == microbatches else {
            fields.error(
                "the cuts must begin at 0, never fall, and end at `batch.microbatches`",
                atValueOf: "assignment",
                label: microbatches.map { "for \($0) microbatches and 2 workers: [0, \($0 / 2), \($0)]" }
                    ?? "give batch.microbatches too")
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
        guard let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"),
            text.utf8.count <= 100
        else {
            return false
        }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || "-_.".utf8.contains($0)
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
}
