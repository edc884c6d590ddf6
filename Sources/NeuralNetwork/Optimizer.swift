import Kernels

/// An update rule, as pure data.
package enum Optimizer: Equatable, Sendable {
    /// Gradient descent, with PyTorch's momentum if that is not 0: `v = μv + g; w −= ηv`.
    case gradientDescent(learningRate: Double, momentum: Double)
    case adam(learningRate: Double, beta1: Double, beta2: Double, epsilon: Double)

    /// The moments' names in files, PyTorch's.
    package var momentNames: [String] {
        switch self {
        case .gradientDescent(_, let momentum): momentum == 0 ? [] : ["momentum_buffer"]
        case .adam: ["exp_avg", "exp_avg_sq"]
        }
    }

    package var learningRate: Double {
        switch self {
        case .gradientDescent(let rate, _), .adam(let rate, _, _, _): rate
        }
    }

    /// Updates one run of parameters, whose length is a multiple of 16.
    ///
    /// - Parameters:
    ///   - gradient: the sum over the batch; `scale` is 1/(samples in the batch).
    ///   - moments: one pointer for every name in `momentNames`.
    ///   - step: 1 for the first update.
    package func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>,
        moments: (Int) -> UnsafeMutablePointer<Float>, count: Int, scale: Float, step: Int
    ) {
        switch self {
        case .gradientDescent(let rate, 0):
            OptimizerKernels.gradientDescent(
                parameters, gradient: gradient, count: count, scale: scale, rate: Float(rate))
        case .gradientDescent(let rate, let momentum):
            OptimizerKernels.momentum(
                parameters, gradient: gradient, velocity: moments(0), count: count, scale: scale, rate: Float(rate),
                momentum: Float(momentum))
        case .adam:
            OptimizerKernels.adam(
                parameters, gradient: gradient, m: moments(0), v: moments(1), count: count, scale: scale,
                step: adamScalars(step))
        }
    }

    private func adamScalars(_ step: Int) -> OptimizerKernels.AdamStep {
        guard case .adam(let rate, let beta1, let beta2, let epsilon) = self else {
            preconditionFailure("only Adam has Adam's scalars")
        }
        let correction1 = 1 - ScalarMath.power(beta1, step)
        let correction2 = 1 - ScalarMath.power(beta2, step)
        return OptimizerKernels.AdamStep(
            beta1: Float(beta1), beta2: Float(beta2), oneMinusBeta1: Float(1 - beta1), oneMinusBeta2: Float(1 - beta2),
            stepSize: Float(rate / correction1), inverseRootCorrection2: Float(1 / correction2.squareRoot()),
            epsilon: Float(epsilon))
    }
}
