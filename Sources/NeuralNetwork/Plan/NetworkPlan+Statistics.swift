import Kernels

/// A statistic of the data that a job measures and keeps: centres, principal components.
package struct MeasuredStatistic: Sendable {
    let name: String
    let shape: [Int]
    let initial: Float
    /// True if the last axis counts the values of a sample.
    let hasSampleAxis: Bool

    package init(_ name: String, _ shape: [Int], initial: Float = 0, hasSampleAxis: Bool = false) {
        self.name = name
        self.shape = shape
        self.initial = initial
        self.hasSampleAxis = hasSampleAxis
    }
}

extension NetworkPlan {
    /// Makes a plan without layers, for what is measured over the data (centres, principal components) and
    /// kept as running statistics.
    package init(
        measuring statistics: [MeasuredStatistic], input: TensorShape,
        exchanges: [StatisticsOperation]
    ) {
        var layout = ParameterLayout()
        for statistic in statistics {
            _ = layout.addStatistic(
                statistic.name, shape: statistic.shape,
                images: statistic.shape.dropLast().map { _ in nil } + [statistic.hasSampleAxis ? input : nil],
                initial: statistic.initial)
        }
        self.init(input: input, layout: layout, exchanges: exchanges)
    }
}

extension ParameterLayout {
    /// The range of a running statistic, which the plan must have.
    package func statistic(_ name: String) -> Range<Int> {
        guard let tensor = statistics.first(where: { $0.name == name }) else {
            preconditionFailure("the layout has no statistic of this name")
        }
        return tensor.range
    }
}
