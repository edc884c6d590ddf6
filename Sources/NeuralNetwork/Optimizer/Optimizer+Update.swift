import Kernels

/// The scalars of one step's updates for the weights of one learning rate, computed once.
package struct UpdateScalars: Equatable, Sendable {
    package let common: OptimizerKernels.Common
    let rate: Float
    let momentum: Float
    let epsilon: Float
    let rmsprop: OptimizerKernels.RMSPropStep?
    let adam: OptimizerKernels.AdamStep?
}

extension Optimizer {
    /// - Parameters:
    ///   - step: 1 for the first update.
    ///   - rate: the step's learning rate; nil: the optimizer's own.
    ///   - scale: 1/(samples of the batch), times that of the clipping by norm.
    ///   - penalty: nil for what is no weight: biases and parameters of normalisations are not regularised.
    ///   - isDecayed: whether the weight decay of the rule shrinks the tensors.
    ///   - limit: the largest magnitude of a gradient's element.
    package func scalars(
        step: Int, rate: Double? = nil, scale: Float, penalty: Regularization? = nil, isDecayed: Bool = false,
        limit: Double = .infinity
    ) -> UpdateScalars {
        let rate = rate ?? learningRate
        let common = OptimizerKernels.Common(
            scale: scale, limit: Float(limit), l2: Float(penalty?.l2 ?? 0),
            decay: isDecayed ? Float(1 - rate * weightDecay) : 1,
            threshold: Float(rate * (penalty?.l1 ?? 0) * gain))
        var (momentum, epsilon) = (0.0, 0.0)
        var (rmsprop, adam) = (OptimizerKernels.RMSPropStep?.none, OptimizerKernels.AdamStep?.none)
        switch self {
        case .gradientDescent(_, let mu, _): momentum = mu
        case .adagrad(_, let small): epsilon = small
        case .rmsprop(_, let alpha, let small, let mu, _):
            rmsprop = OptimizerKernels.RMSPropStep(
                rate: Float(rate), alpha: Float(alpha), oneMinusAlpha: Float(1 - alpha),
                epsilon: Float(small), momentum: Float(mu))
        case .adam(_, let beta1, let beta2, let small), .adamW(_, let beta1, let beta2, let small, _, _):
            adam = Self.adamStep(step, rate: rate, beta1: beta1, beta2: beta2, epsilon: small)
        }
        return UpdateScalars(
            common: common, rate: Float(rate), momentum: Float(momentum), epsilon: Float(epsilon),
            rmsprop: rmsprop, adam: adam)
    }

    private static func adamStep(
        _ step: Int, rate: Double, beta1: Double, beta2: Double, epsilon: Double
    ) -> OptimizerKernels.AdamStep {
        let correction1 = 1 - ScalarMath.power(beta1, step)
        let correction2 = 1 - ScalarMath.power(beta2, step)
        return OptimizerKernels.AdamStep(
            beta1: Float(beta1), beta2: Float(beta2), oneMinusBeta1: Float(1 - beta1),
            oneMinusBeta2: Float(1 - beta2),
            stepSize: Float(rate / correction1),
            inverseRootCorrection2: Float(1 / ScalarMath.sqrt(correction2)),
            epsilon: Float(epsilon))
    }

    /// Updates one run of parameters, whose length is a multiple of 16.
    ///
    /// - Parameters:
    ///   - gradient: the sum over the batch.
    ///   - moments: one pointer for every name in `momentNames`.
    package func update(
        _ w: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>,
        moments: (Int) -> UnsafeMutablePointer<Float>, count: Int, _ scalars: UpdateScalars
    ) {
        let common = scalars.common
        switch self {
        case .gradientDescent(_, 0, _):
            OptimizerKernels.gradientDescent(w, gradient: gradient, count: count, common, rate: scalars.rate)
        case .gradientDescent(_, _, let nesterov):
            OptimizerKernels.momentum(
                w, gradient: gradient, velocity: moments(0), count: count, common, rate: scalars.rate,
                momentum: scalars.momentum, isNesterov: nesterov)
        case .adagrad:
            OptimizerKernels.adagrad(
                w, gradient: gradient, sum: moments(0), count: count, common, rate: scalars.rate,
                epsilon: scalars.epsilon)
        case .rmsprop(_, _, _, let momentum, let centered):
            guard let step = scalars.rmsprop else {
                preconditionFailure("RMSProp's scalars are those of RMSProp")
            }
            OptimizerKernels.rmsprop(
                w, gradient: gradient, square: moments(0), velocity: momentum == 0 ? nil : moments(1),
                average: centered ? moments(momentum == 0 ? 1 : 2) : nil, count: count, common, step: step)
        case .adam, .adamW:
            guard let step = scalars.adam else { preconditionFailure("Adam's scalars are those of Adam") }
            OptimizerKernels.adam(
                w, gradient: gradient, m: moments(0), v: moments(1), count: count, common, step: step)
        }
    }
}
