import Configuration

extension Job {
    /// A job with `kmeans` or `pca`; nil for a training.
    var resolvedUnsupervised: ConfigValue? {
        let task: (String, ConfigValue)
        switch self.task {
        case .training: return nil
        case .kMeans(let spec): task = ("kmeans", spec.value)
        case .principalComponents(let spec): task = ("pca", spec.value)
        }
        var members: [(String, ConfigValue)] = [
            ("name", .string(name)), ("seed", .unsigned(seed)), ("data", data.value), task,
        ]
        members.append(
            (
                "batch",
                .object(
                    [("size", .string("all"))] + (microbatches.map { [("microbatches", .int($0))] } ?? []))
            ))
        members += courseMembers
        if let blasCore { members.append(("numerics", .object([("blas_core", .string(blasCore))]))) }
        if let forcedCuts {
            members.append(("assignment", .object([("cuts", .array(forcedCuts.map { .int($0) }))])))
        }
        return .object(members)
    }
}

extension KMeansSpec {
    fileprivate var value: ConfigValue {
        .object([
            ("clusters", .int(clusters)), ("initialization", .string(initialization.rawValue)),
            ("tolerance", .number(tolerance)),
            ("max_iterations", .int(maxIterations)),
        ])
    }
}

extension PrincipalComponentsSpec {
    fileprivate var value: ConfigValue {
        let count: ConfigValue =
            switch components {
            case .count(let count): .int(count)
            case .variance(let fraction): .number(fraction)
            }
        return .object([("components", count), ("whiten", .bool(whiten))])
    }
}
