import Configuration
import Datasets
import Jobs
import Reports
import Training

/// The objects that `validate --json` and `summary --json` print.
enum ConfigReport {
    /// A config that can be trained, with what is doubtful about it.
    static func valid(_ path: String, _ plan: TrainingPlan, _ data: DecodedData) -> ConfigValue {
        .object(
            [("valid", .bool(true)), ("config", .string(path)), ("mistakes", .array([]))] + size(plan) + [
                ("data", .array(data.summary.map { .string($0) })), ("notes", data.allNotes.json),
                ("warnings", .array(plan.doubts.map { .string($0) })),
            ])
    }

    /// A config with mistakes, or one whose data cannot be read.
    static func invalid(_ path: String, _ error: any Error) -> ConfigValue {
        let mistakes =
            (error as? ConfigurationError)?.diagnostics.map(mistake)
            ?? [.object([("severity", .string("error")), ("message", .string("\(error)"))])]
        return .object([
            ("valid", .bool(false)), ("config", .string(path)), ("mistakes", .array(mistakes)),
        ])
    }

    /// Lines and columns count from 1; the end is behind the last character.
    private static func mistake(_ diagnostic: Diagnostic) -> ConfigValue {
        let start = diagnostic.range?.start
        return .object([
            ("severity", .string(diagnostic.severity.rawValue)), ("message", .string(diagnostic.message)),
            ("advice", diagnostic.label.map { .string($0) } ?? .null),
            ("path", .string(diagnostic.path.isRoot ? "" : "\(diagnostic.path)")),
            ("file", diagnostic.range.map { .string($0.file.name) } ?? .null),
            ("line", start.map { .int($0.line) } ?? .null),
            ("column", start.map { .int($0.column) } ?? .null),
        ])
    }

    /// The layers of a model, and the size of its training.
    static func summary(_ plan: TrainingPlan, _ data: DecodedData) -> ConfigValue {
        let (network, layout, batch) = (plan.network, plan.network.layout, plan.geometry.batchSize)
        let frozen = Summary.frozenParameters(plan)
        let seesImages = !network.inputShape.isFlat
        let layers = network.layers.map { layer in
            let field: [(String, ConfigValue)] =
                seesImages
                ? [("receptive_field", .array([.int(layer.field.height), .int(layer.field.width)]))] : []
            return ConfigValue.object(
                [
                    ("name", .string(layer.name)), ("kind", .string(layer.summary)),
                    ("output", shape(layer.output.dimensions)),
                    ("parameters", .int(layer.parameters + frozen[layer.name, default: 0])),
                    ("frozen", .bool(layer.isFrozen)),
                    ("activation_bytes", .int(layer.isAlias ? 0 : 4 * layer.output.count * batch)),
                    ("flops_per_sample", .int(layer.operations)),
                ] + field)
        }
        return .object(
            size(plan) + [
                ("trained_parameters", .int(layout.parameterCount)),
                ("optimizer_bytes", .int(4 * plan.job.momentNames.count * layout.parameterCount)),
                ("flops_per_sample", .int(network.layers.reduce(0) { $0 + $1.operations })),
                ("worker_bytes", .int(WorkerMemory(plan, members: 1).total)),
                ("input", shape(network.inputShape.dimensions)), ("layers", .array(layers)),
                (
                    "tensors",
                    .array(
                        layout.statistics.map {
                            .object([("name", .string($0.name)), ("shape", shape($0.shape))])
                        })
                ),
                ("data", .array(data.summary.map { .string($0) })), ("notes", data.allNotes.json),
            ])
    }

    private static func size(_ plan: TrainingPlan) -> [(String, ConfigValue)] {
        let (geometry, facts, layout) = (plan.geometry, plan.facts, plan.network.layout)
        return [
            ("name", .string(plan.job.name)),
            ("parameters", .int(layout.parameterCount + layout.frozenParameterCount)),
            ("epochs", .int(plan.job.epochs)), ("steps", .int(plan.totalSteps)),
            ("steps_per_epoch", .int(geometry.stepsPerEpoch)), ("batch_size", .int(geometry.batchSize)),
            ("microbatches", .int(geometry.microbatches)),
            (
                "samples",
                .object([
                    ("train", .int(facts.trainCount)), ("validation", .int(facts.validationCount)),
                    ("test", .int(facts.testCount)),
                ])
            ),
        ]
    }

    private static func shape(_ dimensions: [Int]) -> ConfigValue { .array(dimensions.map { .int($0) }) }
}
