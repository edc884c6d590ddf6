import Jobs
import Runs
import System
import Telemetry
import Training

enum LRFindCommand {
    static let command = Command(
        name: "lr-find", arguments: "CONFIG",
        summary: """
            Find a learning rate by a short training.
            It runs in this process, while the rate rises over decades.
            A good rate is where the loss falls fastest; a tenth of where it is least is a bold one.
            """,
        options: [
            Option(name: "--from", value: "RATE", help: "the rate of the first step (default 1e-7)"),
            Option(name: "--to", value: "RATE", help: "the rate of the last step (default 10)"),
            Option(name: "--steps", value: "N", help: "steps, a mini-batch each (default 100)"),
            .lanes, .set, .json,
        ],
        example: "dist-train lr-find config/digits-mlp.json5 --set batch.size=64", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let from = try arguments.rate("--from") ?? 1e-7
        let to = try arguments.rate("--to") ?? 10
        guard from < to else { throw UsageError("--from \(from) must be less than --to \(to)") }
        let finder = LearningRateFinder(
            from: from, to: to, steps: try arguments.integer("--steps", 10...1_000_000) ?? 100)
        let lanes = try arguments.integer("--lanes", 1...1024) ?? Processor.cores
        let file = try JobFile.load(path: path, overrides: arguments.overrides)
        let report = LearningRateReport(of: try find(finder, file, lanes: lanes))
        print(arguments.has("--json") ? report.value.prettyJSON() : report.text)
        return 0
    }

    private static func find(_ finder: LearningRateFinder, _ file: JobFile, lanes: Int) throws
        -> LearningRateFinder.Result
    {
        guard file.job.task == .training else {
            throw file.describe(
                PlanError("the job trains no model by gradient descent: it has no learning rate"))
        }
        let data = try file.decodedData()
        let trainingSet = data.withoutEvaluation
        let plan: TrainingPlan
        do {
            plan = try TrainingPlan(finder.job(file.completed(with: data).job), trainingSet.facts)
        } catch {
            throw file.describe(error)
        }
        let start = try RunSetup.initial(file, plan, Log(source: "lr-find"))
        return try finder.run(plan, trainingSet, from: start, lanes: lanes)
    }
}

extension DecodedData {
    /// The training set alone.
    var withoutEvaluation: DecodedData {
        DecodedData(train: train, validation: nil, test: nil, normalization: normalization)
    }
}

extension Arguments {
    fileprivate func rate(_ name: String) throws -> Double? {
        guard let text = string(name) else { return nil }
        guard let value = Double(text), (1e-30...1e30).contains(value) else {
            throw UsageError("\(name) must be a learning rate above 0, found `\(text)`")
        }
        return value
    }
}
