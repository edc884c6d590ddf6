import Cluster
import Configuration
import Jobs
import Kernels
import NeuralNetwork
import Platform
import Runs
import System
import Telemetry
import Threads
import Training

extension Commands {
    static let lrFind = Command(
        name: "lr-find", arguments: "CONFIG",
        summary:
            "Find a learning rate: a short training in this process while the rate rises over decades.\nA good rate is where the loss falls fastest; a tenth of where it is least is a bold one.",
        options: [
            Option(name: "--from", value: "RATE", help: "the rate of the first step (default 1e-7)"),
            Option(name: "--to", value: "RATE", help: "the rate of the last step (default 10)"),
            Option(name: "--steps", value: "N", help: "steps, a mini-batch each (default 100)"),
            .lanes, .set, .json,
        ],
        example: "dist-train lr-find config/digits-mlp.json5 --set batch.size=64"
    ) { arguments in
        let path = try arguments.only("a config file", "lr-find")
        let (from, to) = (try arguments.rate("--from") ?? 1e-7, try arguments.rate("--to") ?? 10)
        guard from < to else { throw UsageError("--from \(from) must be less than --to \(to)") }
        let finder = LearningRateFinder(
            from: from, to: to, steps: try arguments.integer("--steps", 10...1_000_000) ?? 100)
        let lanes = try arguments.integer("--lanes", 1...1024) ?? Processor.cores
        establishFloatingPointMode()
        let file = try JobFile.load(path: path, overrides: arguments.all("--set"))
        let result = try find(finder, file, lanes: lanes)
        print(arguments.has("--json") ? json(result).prettyJSON() : text(result))
        return 0
    }

    private static func find(_ finder: LearningRateFinder, _ file: JobFile, lanes: Int) throws
        -> LearningRateFinder.Result
    {
        guard file.job.task == .training else {
            throw file.describe(
                PlanError("the job trains no model by gradient descent: it has no learning rate"))
        }
        let data = try DecodedData(reading: file.job.data)
        let alone = DecodedData(
            train: data.train, validation: nil, test: nil, normalization: data.normalization)
        let plan: TrainingPlan
        do {
            plan = try TrainingPlan(finder.job(file.completed(with: data).job), alone.facts)
        } catch {
            throw file.describe(error)
        }
        let start = try RunSetup.initial(file, plan, Log(source: "lr-find"))
        return try finder.run(plan, alone, from: start, lanes: lanes)
    }

    // MARK: What is said

    private static func json(_ result: LearningRateFinder.Result) -> ConfigValue {
        let ends: [LearningRateFinder.End: String] = [
            .steps: "steps", .rise: "rise", .notFinite: "not_finite",
        ]
        func rate(_ index: Int?, _ factor: Double = 1) -> ConfigValue {
            index.map { .number(result.points[$0].rate * factor) } ?? .null
        }
        return .object([
            ("steepest", rate(result.steepest)),
            ("least_tenth", rate(result.steepest == nil ? nil : result.least, 0.1)),
            ("end", .string(ends[result.end] ?? "")),
            (
                "points",
                .array(
                    result.points.map {
                        .object([
                            ("rate", .number($0.rate)), ("loss", .number($0.loss)),
                            ("smoothed", .number($0.smoothed)),
                        ])
                    })
            ),
        ])
    }

    private static func text(_ result: LearningRateFinder.Result) -> String {
        let points = result.points
        guard !points.isEmpty else {
            return "the loss is not finite at the first step: lower --from, or check the data"
        }
        let marks = [result.least: "least", result.steepest ?? -1: "falls fastest"]
        let every = max(1, (points.count + 29) / 30)
        let shown = points.indices.filter { $0 % every == 0 || marks[$0] != nil }
        let losses = points.map(\.smoothed)
        // Losses that explode at the end would flatten the rest of the curve.
        let (low, high) = (losses.min() ?? 0, max(losses[0], losses[result.least]) * 1.2)
        let lines = shown.map { index in
            let part = high > low ? min(1, max(0, (losses[index] - low) / (high - low))) : 0
            let bar = TextFormat.left(String(repeating: "█", count: 1 + Int(39 * part)), 42)
            let line =
                "  \(scientific(points[index].rate))  \(TextFormat.right(TextFormat.fixed(losses[index], 4), 10))  \(bar)"
            return line + (marks[index].map { "← \($0)" } ?? "")
        }
        return (["      rate    smoothed"] + lines.map(\.withoutTrailingSpaces) + ["", advice(result)])
            .joined(separator: "\n")
    }

    private static func advice(_ result: LearningRateFinder.Result) -> String {
        let end =
            switch result.end {
            case .steps: "the loss never exceeded \(Int(LearningRateFinder.limit)) times its least value"
            case .rise:
                "stopped where the loss exceeded \(Int(LearningRateFinder.limit)) times its least value"
            case .notFinite: "stopped where the loss was not finite any more"
            }
        guard let steepest = result.steepest else {
            return "\(end); it never fell: try another range with --from and --to"
        }
        return
            "\(end)\nlearning rate: \(scientific(result.points[steepest].rate)) where the loss falls fastest, or"
            + " \(scientific(result.points[result.least].rate / 10)), a tenth of where it is least"
    }

    /// `3.2e-04`
    private static func scientific(_ value: Double) -> String {
        var exponent = Int(log10(value).rounded(.down))
        var mantissa = TextFormat.fixed(value / pow(10, Double(exponent)), 1)
        if mantissa == "10.0" { (mantissa, exponent) = ("1.0", exponent + 1) }
        return "\(mantissa)e\(exponent < 0 ? "-" : "+")\(TextFormat.padded(abs(exponent), 2))"
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

extension String {
    fileprivate var withoutTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
