import Configuration
import Platform
import System
import Training

/// The result of `lr-find`, as JSON and as a curve for people.
struct LearningRateReport {
    private let result: LearningRateFinder.Result

    init(of result: LearningRateFinder.Result) { self.result = result }

    // MARK: JSON

    var value: ConfigValue {
        let ends: [LearningRateFinder.End: String] = [
            .steps: "steps", .rise: "rise", .notFinite: "not_finite",
        ]
        return .object([
            ("steepest", rate(result.steepest)),
            ("least_tenth", rate(result.steepest == nil ? nil : result.least, times: 0.1)),
            ("end", .string(ends[result.end] ?? "")),
            ("points", .array(result.points.map(Self.value))),
        ])
    }

    private func rate(_ index: Int?, times factor: Double = 1) -> ConfigValue {
        index.map { .number(result.points[$0].rate * factor) } ?? .null
    }

    private static func value(_ point: LearningRateFinder.Point) -> ConfigValue {
        .object([
            ("rate", .number(point.rate)), ("loss", .number(point.loss)),
            ("smoothed", .number(point.smoothed)),
        ])
    }

    // MARK: Text

    var text: String {
        guard !result.points.isEmpty else {
            return "the loss is not finite at the first step: lower --from, or check the data"
        }
        let rows = curve.map(\.withoutTrailingSpaces)
        return (["      rate    smoothed"] + rows + ["", advice]).joined(separator: "\n")
    }

    /// About thirty points of the curve, and those that matter, with bars for their losses.
    private var curve: [String] {
        let points = result.points
        let marks = [result.least: "least", result.steepest ?? -1: "falls fastest"]
        let every = max(1, (points.count + 29) / 30)
        let losses = points.map(\.smoothed)
        let low = losses.min() ?? 0
        // Losses that explode at the end would flatten the rest of the curve.
        let high = max(losses[0], losses[result.least]) * 1.2
        return points.indices.filter { $0 % every == 0 || marks[$0] != nil }.map { index in
            let part = high > low ? min(1, max(0, (losses[index] - low) / (high - low))) : 0
            let bar = TextFormat.left(String(repeating: "█", count: 1 + Int(39 * part)), 42)
            let loss = TextFormat.right(TextFormat.fixed(losses[index], 4), 10)
            let mark = marks[index].map { "← \($0)" } ?? ""
            return "  \(Self.scientific(points[index].rate))  \(loss)  \(bar)\(mark)"
        }
    }

    private var advice: String {
        let limit = "\(Int(LearningRateFinder.limit)) times its least value"
        let end =
            switch result.end {
            case .steps: "the loss never exceeded \(limit)"
            case .rise: "stopped where the loss exceeded \(limit)"
            case .notFinite: "stopped where the loss was not finite any more"
            }
        guard let steepest = result.steepest else {
            return "\(end); it never fell: try another range with --from and --to"
        }
        let rate = Self.scientific(result.points[steepest].rate)
        let boldRate = Self.scientific(result.points[result.least].rate / 10)
        return """
            \(end)
            learning rate: \(rate) where the loss falls fastest, or \(boldRate), a tenth of where it is least
            """
    }

    /// `3.2e-04`
    private static func scientific(_ value: Double) -> String {
        var exponent = Int(log10(value).rounded(.down))
        var mantissa = TextFormat.fixed(value / pow(10, Double(exponent)), 1)
        if mantissa == "10.0" {
            mantissa = "1.0"
            exponent += 1
        }
        return "\(mantissa)e\(exponent < 0 ? "-" : "+")\(TextFormat.padded(abs(exponent), 2))"
    }
}

extension String {
    fileprivate var withoutTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
