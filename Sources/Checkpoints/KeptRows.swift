import NeuralNetwork

/// The principal components in use. A job that asks for a fraction of the variance has room for all that
/// there can be; a file holds those that were kept, `[K, D]` with K = `component_count`.
struct KeptRows {
    /// The tensors with a row, or a number, for each component.
    private static let names: Set = [
        "components", "explained_variance", "explained_variance_ratio", "whitening",
    ]
    private static let countName = "component_count"

    /// nil if all rows are in use, as in any other job and before the components are measured.
    private let count: Int?

    /// - Parameters:
    ///   - layout: the layout of the job's statistics.
    ///   - value: returns the first number of a statistic.
    init(_ layout: ParameterLayout, _ value: (StatisticTensor) -> Float?) {
        let counter = layout.statistics.first { $0.name == Self.countName }
        count = counter.flatMap(value).flatMap { Int(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The shape of a statistic in a file.
    func shape(of statistic: StatisticTensor) -> [Int] {
        guard let count, Self.names.contains(statistic.name), let rows = statistic.shape.first, count < rows
        else { return statistic.shape }
        return [count] + statistic.shape.dropFirst()
    }
}
