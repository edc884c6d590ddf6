import NeuralNetwork
import System

/// The arithmetic of a job, for people: shapes, parameters, memory, operations and receptive fields layer by
/// layer.
package enum Summary {
    package static func text(_ plan: TrainingPlan) -> String {
        (table(plan.job.task == .training ? layers(plan) : measured(plan)) + [""] + totals(plan)).joined(
            separator: "\n")
    }

    private static func layers(_ plan: TrainingPlan) -> [[String]] {
        // The receptive field of one value in an image; in a table it sees every column, or one.
        let seesImages = !plan.network.inputShape.isFlat
        let header =
            ["layer", "kind", "output", "parameters", "activations", "FLOPs/sample"]
            + (seesImages ? ["receptive field"] : [])
        let input =
            ["input", "", "\(plan.network.inputShape)", "", memory(plan, plan.network.inputShape), ""]
            + (seesImages ? ["1×1"] : [])
        let frozen = frozenParameters(plan)
        return [header, input]
            + plan.network.layers.map { layer in
                let parameters = layer.parameters + frozen[layer.name, default: 0]
                return [
                    layer.name, layer.summary + (layer.isFrozen ? ", frozen" : ""), "\(layer.output)",
                    parameters == 0 ? "" : TextFormat.grouped(parameters),
                    layer.isAlias ? "" : memory(plan, layer.output),
                    layer.operations == 0 ? "" : TextFormat.grouped(layer.operations),
                ] + (seesImages ? ["\(layer.field.height)×\(layer.field.width)"] : [])
            }
    }

    /// Frozen values by the name of their layer.
    package static func frozenParameters(_ plan: TrainingPlan) -> [String: Int] {
        var counts: [String: Int] = [:]
        for tensor in plan.network.layout.frozen {
            let end = tensor.name.lastIndex(of: ".") ?? tensor.name.endIndex
            counts[String(tensor.name[..<end]), default: 0] += tensor.range.count
        }
        return counts
    }

    /// The tensors of a job without layers.
    private static func measured(_ plan: TrainingPlan) -> [[String]] {
        [["keeps", "shape", "memory"]]
            + plan.network.layout.statistics.map { tensor in
                [
                    tensor.name, tensor.shape.map { "\($0)" }.joined(separator: "×"),
                    TextFormat.bytes(4 * tensor.range.count),
                ]
            }
    }

    /// Bytes of one layer's output for a whole batch.
    private static func memory(_ plan: TrainingPlan, _ shape: TensorShape) -> String {
        TextFormat.bytes(4 * shape.count * plan.geometry.batchSize)
    }

    private static func table(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let firstNumber = rows[0].count == 3 ? 1 : 2
        let lines = rows.map { row in
            zip(row.indices, row).map { column, text in
                column >= firstNumber
                    ? TextFormat.right(text, widths[column]) : TextFormat.left(text, widths[column])
            }.joined(separator: "  ").trimmingTrailingSpaces
        }
        return [lines[0], String(repeating: "-", count: lines[0].count)] + lines.dropFirst()
    }

    private static func totals(_ plan: TrainingPlan) -> [String] {
        let (geometry, job) = (plan.geometry, plan.job)
        let ragged =
            geometry.distinctBatchSizes.count > 1
            ? ", the last of an epoch has \(geometry.distinctBatchSizes[1])" : ""
        let mayEndSooner = plan.mayEndOnReport || job.earlyStopping != nil
        let members =
            job.ensemble.map { ["ensemble         \(TextFormat.count($0, "member")), one after the other"] }
            ?? []
        let samples = TextFormat.count(geometry.batchSize, "sample")
        let microbatches = TextFormat.count(geometry.microbatches, "microbatch", plural: "microbatches")
        let steps = (mayEndSooner ? "at most " : "") + TextFormat.grouped(plan.totalSteps)
        let train = TextFormat.grouped(plan.facts.trainCount)
        let validation = TextFormat.grouped(plan.facts.validationCount)
        let test = TextFormat.grouped(plan.facts.testCount)
        return (job.task == .training ? networkTotals(plan) : measuredTotals(plan)) + [
            "batch            \(samples) in \(microbatches)\(ragged)",
            "steps            \(TextFormat.grouped(geometry.stepsPerEpoch)) per epoch, \(steps) in all",
            "samples          \(train) train, \(validation) validation, \(test) test",
        ] + members
    }

    private static func networkTotals(_ plan: TrainingPlan) -> [String] {
        let (network, layout) = (plan.network, plan.network.layout)
        let operations = network.layers.reduce(0) { $0 + $1.operations }
        let activations = network.layers.reduce(network.inputShape.count) {
            $0 + ($1.isAlias ? 0 : $1.output.count)
        }
        let batch = 4 * activations * plan.geometry.batchSize
        let optimizerState = 4 * plan.job.momentNames.count * layout.parameterCount
        let all = layout.parameterCount + layout.frozenParameterCount
        let trained =
            layout.frozen.isEmpty ? "" : ", of which \(TextFormat.grouped(layout.parameterCount)) are trained"
        let training =
            layout.frozen.isEmpty
            ? ", about three times that in training" : ", up to three times that in training"
        return [
            "parameters       \(TextFormat.grouped(all)) (\(TextFormat.bytes(4 * all)))\(trained)",
            "optimizer state  \(TextFormat.bytes(optimizerState)), once in the cluster",
            "activations      \(TextFormat.bytes(batch)) for a batch, shared out among the workers",
            "gradients        \(TextFormat.bytes(4 * layout.parameterCount)) to reduce per step",
            "FLOPs            \(TextFormat.grouped(operations)) per sample forward\(training)",
        ] + WorkerMemory.text(plan)
    }

    private static func measuredTotals(_ plan: TrainingPlan) -> [String] {
        let bytes = 8 * (plan.network.exchanges.map(\.width).max() ?? 0)
        let features = TextFormat.grouped(plan.network.inputShape.count)
        let kind =
            switch plan.job.task {
            case .kMeans(let spec):
                "k-means          \(TextFormat.count(spec.clusters, "cluster")) of \(features) features"
                    + (spec.seedingSteps == 0
                        ? "" : ", chosen in the first \(TextFormat.count(spec.seedingSteps, "step"))")
            case .principalComponents, .training:
                "pca              of \(features) features"
            }
        return [
            kind, "sums             at most \(TextFormat.bytes(bytes)) for a microbatch to reduce per step",
        ]
    }
}

extension TrainingPlan {
    /// `17,418 parameters, 360 steps`
    package var size: String {
        let parameters = network.layout.parameterCount
        return (parameters == 0 ? "" : TextFormat.count(parameters, "parameter") + ", ")
            + TextFormat.count(totalSteps, "step")
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
