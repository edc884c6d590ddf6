/// Sums over a set of samples, from which its metrics follow.
package struct Totals: Equatable, Sendable {
    package var loss = 0.0
    package var correct = 0.0
    package var samples = 0.0

    /// Not 0 if the job ends with this step: the fourth number of a k-means step's report.
    package var ended = 0.0

    package init() {}

    /// From a `Loss.report`.
    package init(report: [Double]) {
        precondition(report.count == 3 || report.count == 4, "a report has three sums, or four")
        (loss, correct, samples) = (report[0], report[1], report[2])
        ended = report.count > 3 ? report[3] : 0
    }

    /// As in the report.
    package var values: [Double] { [loss, correct, samples, ended] }

    package static func += (left: inout Totals, right: Totals) {
        left.loss += right.loss
        left.correct += right.correct
        left.samples += right.samples
    }

    package static let metricNames = ["loss", "accuracy"]

    package func value(_ metric: String) -> Double? { metric == "loss" ? meanLoss : metric == "accuracy" ? accuracy : nil }

    package var meanLoss: Double { loss / samples }
    package var accuracy: Double { correct / samples }
}
