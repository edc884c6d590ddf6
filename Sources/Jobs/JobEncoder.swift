import Configuration
import NeuralNetwork

// A job as a config with every default filled in and every layer named: what `job.json5` holds and what travels to workers.
extension Job {
    package var resolved: ConfigValue {
        if let unsupervised = resolvedUnsupervised { return unsupervised }
        var members: [(String, ConfigValue)] = [
            ("name", .string(name)), ("seed", .unsigned(seed)), ("data", data.value),
            ("model", .array(layers.map(\.value))),
            ("loss", loss.value), ("optimizer", optimizer.value),
            (
                "batch",
                .object(
                    [("size", batchSize.map { .int($0) } ?? .string("all"))]
                        + (microbatches.map { [("microbatches", .int($0))] } ?? []))
            ),
            ("epochs", .int(epochs)),
        ]
        if let ensemble { members.append(("ensemble", .int(ensemble))) }
        members += objectiveMembers + optimizationMembers + transferMembers + courseMembers
        if let blasCore { members.append(("numerics", .object([("blas_core", .string(blasCore))]))) }
        if let forcedCuts {
            members.append(("assignment", .object([("cuts", .array(forcedCuts.map { .int($0) }))])))
        }
        return .object(members)
    }
}
