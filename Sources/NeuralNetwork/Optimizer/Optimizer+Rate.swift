extension Optimizer {
    /// The same rule with another learning rate.
    package func withLearningRate(_ rate: Double) -> Optimizer {
        switch self {
        case .gradientDescent(_, let momentum, let nesterov):
            .gradientDescent(learningRate: rate, momentum: momentum, nesterov: nesterov)
        case .adagrad(_, let epsilon): .adagrad(learningRate: rate, epsilon: epsilon)
        case .rmsprop(_, let alpha, let epsilon, let momentum, let centered):
            .rmsprop(
                learningRate: rate, alpha: alpha, epsilon: epsilon, momentum: momentum, centered: centered)
        case .adam(_, let beta1, let beta2, let epsilon):
            .adam(learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
        case .adamW(_, let beta1, let beta2, let epsilon, let decay, let decayed):
            .adamW(
                learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay,
                decayed: decayed)
        }
    }
}
