import NeuralNetwork

/// Sums over a set of samples, from which its loss and metrics follow.
package struct Totals: Equatable, Sendable {
    package let layout: ReportLayout
    package private(set) var sums: [Double]

    /// The totals of no samples.
    package init(_ layout: ReportLayout) { self.init(layout, sums: []) }

    /// - Parameter sums: a report; empty: no samples.
    package init(_ layout: ReportLayout, sums: [Double]) {
        precondition(sums.isEmpty || sums.count == layout.width, "a report has the sums of its layout")
        self.layout = layout
        self.sums = sums.isEmpty ? Array(repeating: 0, count: layout.width) : sums
    }

    package static func += (left: inout Totals, right: Totals) {
        for i in left.sums.indices { left.sums[i] += right.sums[i] }
    }

    package var samples: Double { sums[layout.samplesOffset] }
    /// The loss, as training makes it small: a weighted mean, or a root, where the loss is one.
    package var loss: Double { layout.loss(sums) }

    /// `loss` and every metric that is a number, in the order of the job.
    package var values: [(name: String, value: Double)] {
        [("loss", loss)]
            + layout.metrics.compactMap { metric in
                layout.value(of: metric, in: sums).map { (metric.name, $0) }
            }
    }

    /// `loss`, or a metric by its name; nil for what is not measured here.
    package func value(named name: String) -> Double? {
        name == "loss" ? loss : Metric(name: name).flatMap { layout.value(of: $0, in: sums) }
    }

    /// Rows are classes, columns what was predicted; nil unless the job asks for it.
    package var confusionMatrix: [[Int]]? { layout.confusionMatrix(sums) }

    package var isFinite: Bool { sums.allSatisfy { $0.isFinite } }
}
