import Checkpoints
import Configuration
import Jobs
import Reports
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
        options: [.set, .json], example: "dist-train validate config/digits-mlp.json5", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        guard arguments.has("--json") else {
            let (plan, data) = try check(path, arguments)
            data.allNotes.print()
            for doubt in plan.doubts { Console.standardError.write(message: "warning: \(doubt)") }
            let samples = TextFormat.count(plan.geometry.batchSize, "sample")
            print("\(path) is valid: \(plan.size) of \(samples)")
            print(data.summary.map { "  \($0)" }.joined(separator: "\n"))
            return 0
        }
        do {
            let (plan, data) = try check(path, arguments)
            print(ConfigReport.valid(path, plan, data).prettyJSON())
            return 0
        } catch {
            // The exit status, and the words on standard error, are those that everybody gets.
            print(ConfigReport.invalid(path, error).prettyJSON())
            throw error
        }
    }

    private static func check(_ path: String, _ arguments: Arguments) throws -> (
        plan: TrainingPlan, data: DecodedData
    ) {
        let file = try JobFile.load(path: path, overrides: arguments.overrides)
        let data = try file.decodedData()
        let plan = try file.trainingPlan(with: data)
        if let weights = plan.job.weights {
            var snapshot = Snapshot(initial: plan.network.layout, moments: 0, seed: plan.job.seed)
            try Weights(path: weights.file).load(into: &snapshot, plan, skip: weights.skip)
        }
        return (plan, data)
    }
}
