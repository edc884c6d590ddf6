import Kernels

/// An exponential moving average of the trained parameters, which is what a job evaluates and exports; the
/// optimizer goes on from the parameters themselves (Polyak averaging: https://doi.org/10.1137/0330046).
///
/// After the update of step n, from 0: `average = dₙ · average + (1 − dₙ) · w`, with d₀ = 0, so that the
/// average begins as the parameters after the first step, and dₙ = `decay` from then on: PyTorch's
/// `AveragedModel` with `get_ema_multi_avg_fn`. With a warm-up dₙ = min(decay, n/(n + 9)), TensorFlow's
/// (1 + m)/(10 + m) of the m = n − 1 updates before, so that a short training does not average its beginning.
package struct WeightAverage: Equatable, Sendable {
    package var decay: Double
    package var isWarmed: Bool

    package init(decay: Double = 0.999, isWarmed: Bool = true) {
        self.decay = decay
        self.isWarmed = isWarmed
    }

    /// The name beside those of the optimizer's moments; the average is kept and moved like one.
    package static let name = "average"

    /// The part that the new parameters of a step have: 1 − dₙ.
    ///
    /// - Parameter step: 0 for the first update.
    package func share(step: Int) -> Float {
        guard step > 0 else { return 1 }
        let warm = isWarmed ? Double(step) / Double(step + 9) : 1
        return Float(1 - min(decay, warm))
    }
}
