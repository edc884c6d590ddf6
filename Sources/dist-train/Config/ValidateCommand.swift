import Checkpoints
import Jobs
import System
import Telemetry
import Training

enum ValidateCommand {
    static let command = Command(
        name: "validate", arguments: "CONFIG",
        summary: """
            Report everything that is wrong with a config.
            Each mistake is shown with its place and a suggestion.
            """,
        options: [.set], example: "dist-train validate config/digits-mlp.json5", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let file = try JobFile.load(path: path, overrides: arguments.overrides)
        let data = try DecodedData(reading: file.job)
        data.notes.print()
        let plan = try file.trainingPlan(with: data)
        if let weights = plan.job.weights {
            var snapshot = Snapshot(initial: plan.network.layout, moments: 0, seed: plan.job.seed)
            try Weights(path: weights.file).load(into: &snapshot, plan.network.layout, skip: weights.skip)
        }
        for doubt in plan.doubts { Console.standardError.writeLine("warning: \(doubt)") }
        let samples = TextFormat.count(plan.geometry.batchSize, "sample")
        print("\(path) is valid: \(plan.size) of \(samples)")
        return 0
    }
}
