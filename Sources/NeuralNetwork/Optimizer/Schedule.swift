import Kernels

/// The learning rate over a training: a pure function of the step.
package struct Schedule: Equatable, Sendable {
    /// The unit in which a schedule counts.
    package enum Unit: Equatable, Sendable { case steps, epochs }

    package enum Shape: Equatable, Sendable {
        case constant
        /// The rate is multiplied by `factor` after every `every` units.
        case step(every: Int, unit: Unit, factor: Double)
        /// The rate is multiplied by `factor` at each milestone, a number of units that are over.
        case multiStep(milestones: [Int], unit: Unit, factor: Double)
        /// The rate is multiplied by `factor` after every unit.
        case exponential(factor: Double, unit: Unit)
        /// `minimum + (rate − minimum) · (1 + cos πp)/2`, p being the part of the way from the warm-up's end
        /// to `over` steps (nil: to the job's end); then it stays.
        case cosine(minimum: Double, over: Int?)
        /// The rate is multiplied by a factor that a monitored value decides: see `PlateauRule`.
        case reduceOnPlateau(PlateauPolicy)
    }

    package var shape: Shape
    /// In the first so many steps the rate rises in a straight line: step i (from 0) has (i + 1)/warmupSteps
    /// of what the schedule says.
    package var warmupSteps: Int

    package init(_ shape: Shape = .constant, warmupSteps: Int = 0) {
        (self.shape, self.warmupSteps) = (shape, warmupSteps)
    }

    /// The learning rate of one step.
    ///
    /// - Parameters:
    ///   - rate: the optimizer's.
    ///   - step: 0 for the first.
    ///   - totalSteps: of the whole job.
    ///   - factor: a plateau rule's; it holds for every schedule.
    package func learningRate(
        _ rate: Double, step: Int, totalSteps: Int, stepsPerEpoch: Int, factor: Double = 1
    ) -> Double {
        func passed(_ unit: Unit) -> Int { unit == .steps ? step : step / stepsPerEpoch }
        let scheduled: Double
        switch shape {
        case .constant, .reduceOnPlateau: scheduled = rate
        case .step(let every, let unit, let decay):
            scheduled = rate * ScalarMath.power(decay, passed(unit) / every)
        case .multiStep(let milestones, let unit, let decay):
            scheduled = rate * ScalarMath.power(decay, milestones.count { $0 <= passed(unit) })
        case .exponential(let decay, let unit): scheduled = rate * ScalarMath.power(decay, passed(unit))
        case .cosine(let minimum, let over):
            let (first, last) = (min(warmupSteps, step), max(over ?? totalSteps, warmupSteps + 1))
            let part = min(1, Double(step - first) / Double(last - warmupSteps))
            scheduled = minimum + (rate - minimum) * (1 + ScalarMath.cos(part * .pi)) / 2
        }
        let warm = step < warmupSteps ? Double(step + 1) / Double(warmupSteps) : 1
        return scheduled * warm * factor
    }
}
