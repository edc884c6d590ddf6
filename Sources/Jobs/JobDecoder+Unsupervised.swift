import Configuration
import Datasets
import NeuralNetwork

// `kmeans` and `pca`: jobs without a model.
extension JobDecoder {
    private static let kinds = ["kmeans", "pca"]

    static func isUnsupervised(_ fields: ObjectDecoder) -> Bool { kinds.contains(where: fields.contains) }

    func decodeUnsupervised(_ fields: ObjectDecoder, name: String, seed: UInt64, data: DataSpec?) -> Job? {
        let kMeans = fields.optional("kmeans", .object(Self.kMeans))
        let components = fields.optional("pca", .object(Self.principalComponents))
        let kind = fields.contains("kmeans") ? "kmeans" : "pca"
        if fields.contains("kmeans"), fields.contains("pca") {
            fields.error(
                "a job has `kmeans` or `pca`, not both", atKey: "pca", label: "make it a job of its own")
        }
        for key in ["model", "loss", "optimizer", "epochs"]
        where fields.optional(key, Expectation<ConfigValue>.any) != nil {
            fields.error(
                "a job with `\(kind)` has no `\(key)`", atKey: key, label: "remove it, or remove `\(kind)`")
        }
        if data?.whitening != nil || data?.augmentation != nil {
            fields.error(
                "a job with `\(kind)` sees the samples as they are: it has no whitening and no augmentation",
                atValueOf: "data",
                label: "remove `augment`, and normalize by \"z_score\", \"min_max\" or \"none\"")
        }
        let microbatches = fields.optional("batch", .object(Self.wholeBatch)) ?? nil
        let write = Self.course(fields)
        let core =
            fields.optional(
                "numerics", .object { fields in .some(fields.optional("blas_core", .nonEmptyString)) }) ?? nil
        let cuts = fields.optional(
            "assignment", .object { $0.required("cuts", .array(of: Expectation<Int>.int(0...))) })
        checkCuts(cuts, microbatches, fields)
        fields.finish()
        guard let data, !diagnostics.hasErrors,
            let task = kMeans.map(Job.Task.kMeans) ?? components.map(Job.Task.principalComponents)
        else { return nil }
        var job = Job(
            name: name, seed: seed, data: data, layers: [], loss: .meanSquaredError,
            optimizer: .gradientDescent(learningRate: 1, momentum: 0), batchSize: nil,
            microbatches: microbatches,
            epochs: task.steps, blasCore: core, forcedCuts: cuts)
        job.task = task
        write(&job)
        return job
    }

    private static func kMeans(_ fields: ObjectDecoder) -> KMeansSpec? {
        let clusters = fields.required("clusters", .int(1...1_000_000))
        let initialization = fields.optional(
            "initialization", .oneOf(KMeansSpec.Initialization.self), default: .kMeansPlusPlus)
        let tolerance = fields.optional("tolerance", .number(.atLeast(0)), default: 0)
        let iterations = fields.optional("max_iterations", .int(1...1_000_000), default: 100)
        return clusters.map {
            KMeansSpec(
                clusters: $0, initialization: initialization, tolerance: tolerance, maxIterations: iterations)
        }
    }

    private static func principalComponents(_ fields: ObjectDecoder) -> PrincipalComponentsSpec? {
        let components = fields.required("components", Self.components)
        let whiten = fields.optional("whiten", .bool, default: false)
        return components.map { PrincipalComponentsSpec(components: $0, whiten: whiten) }
    }

    /// A whole number of components, or a fraction of the variance below 1.
    private static var components: Expectation<PrincipalComponentsSpec.Components> {
        Expectation<PrincipalComponentsSpec.Components>(
            "a whole number of at least 1, or a fraction of the variance between 0 and 1"
        ) {
            value in
            guard case .number(let number) = value.kind else { return nil }
            if let count = number.integer { return (1...65_536).contains(count) ? .count(count) : nil }
            return number.value > 0 && number.value < 1 ? .variance(number.value) : nil
        }
    }

    /// Every step goes over all samples: only the number of microbatches can be chosen.
    private static func wholeBatch(_ fields: ObjectDecoder) -> Int? {
        _ = fields.optional("size", .oneOf(["all"]))
        return fields.optional("microbatches", .int(1...4096))
    }
}

extension Job.Task {
    /// Steps of a job that is no training.
    package var steps: Int {
        switch self {
        case .training, .principalComponents: 1
        case .kMeans(let spec): spec.seedingSteps + spec.maxIterations
        }
    }
}
