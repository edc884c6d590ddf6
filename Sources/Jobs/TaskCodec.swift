import Configuration

// `kmeans` and `pca`: jobs without a model.

extension Job {
    var kMeans: KMeansSpec? {
        get { if case .kMeans(let spec) = task { spec } else { nil } }
        set { if let newValue { task = .kMeans(newValue) } }
    }

    var principalComponents: PrincipalComponentsSpec? {
        get { if case .principalComponents(let spec) = task { spec } else { nil } }
        set { if let newValue { task = .principalComponents(newValue) } }
    }
}

extension KMeansSpec {
    static let codec = Codec<KMeansSpec>.object(KMeansSpec(clusters: 1)) {
        Field(
            required: "clusters", \.clusters, .int(1...1_000_000), "Number of clusters.", example: "10")
        Field(
            "initialization", \.initialization, .oneOf(Initialization.self),
            "How the first centres are chosen: k-means++, random samples, or the first samples.",
            example: "\"random\"")
        Field(
            "tolerance", \.tolerance, .number(.atLeast(0)),
            "The job ends when the sum of the centres' squared moves is at most this.", example: "1e-4")
        Field(
            "max_iterations", \.maxIterations, .int(1...1_000_000), "The most passes over the samples.",
            example: "300")
    }
}

extension PrincipalComponentsSpec {
    static let codec = Codec<PrincipalComponentsSpec>.object(PrincipalComponentsSpec(components: .count(1))) {
        Field(
            required: "components", \.components, Components.codec,
            "Number of components, or the fraction of the variance that they explain together.",
            example: "50")
        Field(
            "whiten", \.whiten, .bool,
            "Writes the components divided by their standard deviations, too.", example: "true")
    }
}

extension PrincipalComponentsSpec.Components {
    fileprivate static let codec = Codec<Self>(
        .special(
            "a whole number of at least 1, or a fraction of the variance between 0 and 1",
            schema: [
                "anyOf": [
                    ["type": "integer", "minimum": 1, "maximum": 65_536],
                    ["type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1],
                ]
            ], samples: [7, 0.95]),
        accept: { value in
            guard case .number(let number) = value.kind else { return nil }
            if let count = number.integer { return (1...65_536).contains(count) ? .count(count) : nil }
            return number.value > 0 && number.value < 1 ? .variance(number.value) : nil
        },
        write: { components in
            switch components {
            case .count(let count): .int(count)
            case .variance(let fraction): .number(fraction)
            }
        })
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
