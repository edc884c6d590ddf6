import NeuralNetwork

/// The settings beside a job's optimizer: its schedule, penalties on weights, the clipping of gradients, and
/// the average of parameters.
package struct Optimization: Equatable, Sendable {
    package var schedule = Schedule()
    package var regularization = Regularization()
    package var clipping: GradientClipping?
    /// The running average of the parameters that is evaluated and exported; nil: the parameters are.
    package var average: WeightAverage?
    /// Factors of the learning rate by the beginning of tensors' names: the longest that fits holds.
    package var rateFactors: [RateFactor] = []
    /// Whether logged steps tell the norms of gradients and the fraction of dead units.
    package var logsGradients = false

    package struct RateFactor: Equatable, Sendable {
        package let prefix: String
        package let factor: Double

        package init(_ prefix: String, _ factor: Double) {
            self.prefix = prefix
            self.factor = factor
        }
    }

    package init() {}

    /// The factor of a tensor's learning rate.
    package func rateFactor(of tensor: String) -> Double {
        let matching = rateFactors.filter { tensor.hasPrefix($0.prefix) }
        return matching.max { $0.prefix.utf8.count < $1.prefix.utf8.count }?.factor ?? 1
    }

    /// Throws if an entry of `learning_rates` is about nothing.
    package func check(_ layout: ParameterLayout) throws(PlanError) {
        for entry in rateFactors where !layout.tensors.contains(where: { $0.name.hasPrefix(entry.prefix) }) {
            let names = layout.tensors.map(\.name)
            let shown = names.prefix(40).joined(separator: ", ")
            let more = names.count > 40 ? " and \(names.count - 40) more" : ""
            throw PlanError(
                "`learning_rates` has an entry for `\(entry.prefix)`, with which no tensor's name begins; "
                    + "the model's are \(shown)\(more)",
                field: "learning_rates"
            )
        }
    }
}
