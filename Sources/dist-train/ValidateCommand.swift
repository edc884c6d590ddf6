import Checkpoints
import Configuration
import Jobs
import System
import Training

extension Commands {
    static let validate = Command(
        name: "validate", arguments: "CONFIG",
        summary: "Say everything that is wrong with a config, each with its place and a suggestion.",
        options: [.set], example: "dist-train validate config/digits-mlp.json5"
    ) { arguments in
        let path = try arguments.only("a config file", "validate")
        let plan = try trainingPlan(path, arguments)
        if let weights = plan.job.weights {
            var snapshot = Snapshot(initial: plan.network.layout, moments: 0, seed: plan.job.seed)
            try Weights(path: weights.file).load(into: &snapshot, plan.network.layout, skip: weights.skip)
        }
        print(
            "\(path) is valid: \(plan.size) of \(TextFormat.count(plan.geometry.batchSize, "sample"))"
        )
        return 0
    }

    static let summary = Command(
        name: "summary", arguments: "CONFIG",
        summary: "Show every layer's output shape, parameters, memory and operations.",
        options: [.set], example: "dist-train summary config/digits-mlp.json5 --set batch.size=256"
    ) { arguments in
        let plan = try trainingPlan(try arguments.only("a config file", "summary"), arguments)
        print(Summary.text(plan))
        return 0
    }

    private static func trainingPlan(_ path: String, _ arguments: Arguments) throws -> TrainingPlan {
        let job = try JobFile.load(path: path, overrides: arguments.all("--set"))
        let data = try DecodedData(reading: job.job.data)
        do {
            return try TrainingPlan(job.completed(with: data).job, data.facts)
        } catch {
            throw job.describe(error)
        }
    }
}
