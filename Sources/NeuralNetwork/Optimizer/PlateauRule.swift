/// The rule by which the learning rate falls when a monitored value no longer improves.
package struct PlateauPolicy: Equatable, Sendable {
    /// The monitored value, such as `validation.loss`.
    package var monitor: String
    package var higherIsBetter: Bool
    /// The factor of the rate at each fall.
    package var factor: Double
    /// The rate falls after more observations in a row without improvement than this.
    package var patience: Int
    /// An improvement changes the best value by more than this fraction of it.
    package var threshold: Double
    /// The lowest rate.
    package var minimumLearningRate: Double

    package init(
        monitor: String = "validation.loss", higherIsBetter: Bool = false, factor: Double = 0.1,
        patience: Int = 10,
        threshold: Double = 1e-4, minimumLearningRate: Double = 0
    ) {
        self.monitor = monitor
        self.higherIsBetter = higherIsBetter
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.minimumLearningRate = minimumLearningRate
    }
}

/// The decision state of a plateau rule: PyTorch's `ReduceLROnPlateau` (relative threshold, no cool-down) as
/// a pure function of its observations.
package struct PlateauRule: Equatable, Sendable {
    package let policy: PlateauPolicy
    /// The optimizer's learning rate, from which the lowest factor follows.
    private let learningRate: Double

    // The state, for snapshots
    /// The best value so far; nil before the first observation.
    package var best: Double?
    /// Observations since the last improvement or fall of the rate.
    package var badObservations = 0
    package var factor = 1.0

    package init(_ policy: PlateauPolicy, learningRate: Double) {
        (self.policy, self.learningRate) = (policy, learningRate)
    }

    /// Takes a new value, and returns the factor of the learning rate from now on.
    package mutating func observe(_ value: Double) -> Double {
        if improves(value) {
            (best, badObservations) = (value, 0)
        } else {
            badObservations += 1
        }
        if badObservations > policy.patience {
            badObservations = 0
            reduce()
        }
        return factor
    }

    private func improves(_ value: Double) -> Bool {
        guard let best else { return !value.isNaN }
        return policy.higherIsBetter
            ? value > best * (1 + policy.threshold) : value < best * (1 - policy.threshold)
    }

    /// Differences of the rate below 10⁻⁸ are not worth a change.
    private mutating func reduce() {
        let rate = learningRate * factor
        let next = max(rate * policy.factor, policy.minimumLearningRate)
        if rate - next > 1e-8 { factor = next / learningRate }
    }
}
