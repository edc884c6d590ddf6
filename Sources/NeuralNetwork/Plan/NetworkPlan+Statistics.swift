import Kernels

extension NetworkPlan {
    /// Makes a plan without layers, for what is measured over the data (centres, principal components) and
    /// kept as running statistics.
    package init(
        measuring statistics: [(name: String, shape: [Int], initial: Float)], input: TensorShape,
        exchanges: [StatisticsOperation]
    ) {
        var layout = ParameterLayout()
        for statistic in statistics {
            _ = layout.addStatistic(statistic.name, shape: statistic.shape, initial: statistic.initial)
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
