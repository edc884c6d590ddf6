import NeuralNetwork
import System

/// The arithmetic of a job, for people: shapes, parameters, memory and operations layer by layer.
package enum Summary {
    package static func text(_ plan: TrainingPlan) -> String {
        let header = ["layer", "kind", "output", "parameters", "activations", "FLOPs/sample"]
        var rows = [["input", "", "\(plan.network.inputShape)", "", memory(plan, plan.network.inputShape), ""]]
        rows += plan.network.layers.map { layer in
            [
                layer.name, kind(layer.spec), "\(layer.output)", layer.parameters == 0 ? "" : TextFormat.grouped(layer.parameters),
                layer.spec == .flatten ? "" : memory(plan, layer.output), layer.operations == 0 ? "" : TextFormat.grouped(layer.operations),
            ]
        }
        return (table([header] + rows) + [""] + totals(plan)).joined(separator: "\n")
    }

    private static func kind(_ spec: LayerSpec) -> String {
        switch spec {
        case .dense(_, let bias, let initializer): "dense (\(initializer.name)\(bias ? "" : ", no bias"))"
        case .convolution(_, let window, let bias, let initializer):
            "conv \(window.height)×\(window.width)\(stride(window)) (\(initializer.name)\(bias ? "" : ", no bias"))"
        case .pool(let function, let window):
            "\(function == .maximum ? "max" : "average") pool \(window.height)×\(window.width)\(stride(window))"
        case .globalAveragePool: "global average pool"
        case .batchNorm(_, _, let synchronized): synchronized ? "batch norm" : "batch norm (per microbatch)"
        case .activation(let function): function.name
        case .maxout(let pieces): "maxout of \(pieces)"
        case .softmax: "softmax"
        case .flatten: "flatten"
        case .whitening: "whitening (not trained)"
        case .dropout(let rate): "dropout \(TextFormat.fixed(rate, 2))"
        case .add: "add"
        case .concatenate: "concatenate"
        case .block, .residual, .branches: "block"
        }
    }

    private static func stride(_ window: Window) -> String {
        let (height, width) = (window.strideHeight, window.strideWidth)
        return height == 1 && width == 1 ? "" : height == width ? " / \(height)" : " / \(height)×\(width)"
    }

    /// Bytes of one layer's output for a whole batch.
    private static func memory(_ plan: TrainingPlan, _ shape: TensorShape) -> String {
        TextFormat.bytes(4 * shape.count * plan.geometry.batchSize)
    }

    private static func table(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let isNumber = [false, false, true, true, true, true]
        let lines = rows.map { row in
            zip(row.indices, row).map { column, text in
                isNumber[column] ? TextFormat.right(text, widths[column]) : TextFormat.left(text, widths[column])
            }.joined(separator: "  ").trimmingTrailingSpaces
        }
        return [lines[0], String(repeating: "-", count: lines[0].count)] + lines.dropFirst()
    }

    private static func totals(_ plan: TrainingPlan) -> [String] {
        let (layout, geometry, job) = (plan.network.layout, plan.geometry, plan.job)
        let operations = plan.network.layers.reduce(0) { $0 + $1.operations }
        let moments = job.optimizer.momentNames.count
        let ragged = geometry.distinctBatchSizes.count > 1 ? ", the last of an epoch has \(geometry.distinctBatchSizes[1])" : ""
        return [
            "parameters       \(TextFormat.grouped(layout.parameterCount)) (\(TextFormat.bytes(4 * layout.parameterCount)))",
            "optimizer state  \(TextFormat.bytes(4 * moments * layout.parameterCount)), once in the cluster",
            "gradients        \(TextFormat.bytes(4 * layout.parameterCount)) to reduce per step",
            "FLOPs            \(TextFormat.grouped(operations)) per sample forward, about three times that in training",
            "batch            \(TextFormat.count(geometry.batchSize, "sample")) in \(TextFormat.count(geometry.microbatches, "microbatch", plural: "microbatches"))\(ragged)",
            "steps            \(TextFormat.grouped(geometry.stepsPerEpoch)) per epoch, \(TextFormat.grouped(plan.totalSteps)) in all",
            "samples          \(TextFormat.grouped(plan.facts.trainCount)) train, \(TextFormat.grouped(plan.facts.validationCount)) validation, \(TextFormat.grouped(plan.facts.testCount)) test",
        ]
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
