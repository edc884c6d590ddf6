/// The tensors that AdamW's weight decay shrinks.
package enum DecayedTensors: String, CaseIterable, Sendable {
    /// All trained tensors, as by PyTorch's `AdamW(model.parameters())`.
    case all
    /// Weight matrices and kernels: neither biases nor parameters of normalisations.
    case weights
    /// Tensors of two or more dimensions in files, embeddings included, as in nanoGPT's parameter groups.
    case matrices

    /// True if a tensor of the layout is decayed.
    func contains(_ tensor: ParameterTensor) -> Bool {
        switch self {
        case .all: true
        case .weights: tensor.role == .weight
        case .matrices: tensor.storage.fileShape.count >= 2
        }
    }
}

/// An update rule, as pure data. `OptimizerKernels` has the formulas.
package enum Optimizer: Equatable, Sendable {
    /// Gradient descent, with PyTorch's momentum, or Nesterov's, if that is not 0.
    case gradientDescent(learningRate: Double, momentum: Double = 0, nesterov: Bool = false)
    case adagrad(learningRate: Double, epsilon: Double = 1e-10)
    case rmsprop(
        learningRate: Double, alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0,
        centered: Bool = false)
    case adam(learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
    /// Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101): before the update, w shrinks by
    /// rate · weight decay · w.
    case adamW(
        learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0.01, decayed: DecayedTensors = .all)

    /// The moments' names in files, PyTorch's.
    package var momentNames: [String] {
        switch self {
        case .gradientDescent(_, let momentum, _): momentum == 0 ? [] : ["momentum_buffer"]
        case .adagrad: ["sum"]
        case .rmsprop(_, _, _, let momentum, let centered):
            ["square_avg"] + (momentum == 0 ? [] : ["momentum_buffer"]) + (centered ? ["grad_avg"] : [])
        case .adam, .adamW: ["exp_avg", "exp_avg_sq"]
        }
    }

    /// The learning rate before the schedule.
    package var learningRate: Double {
        switch self {
        case .gradientDescent(let rate, _, _), .adagrad(let rate, _), .rmsprop(let rate, _, _, _, _),
            .adam(let rate, _, _, _),
            .adamW(let rate, _, _, _, _, _):
            rate
        }
    }

    package var weightDecay: Double {
        if case .adamW(_, _, _, _, let decay, _) = self { decay } else { 0 }
    }

    /// The tensors that the rule decays; nil: none.
    package var decayedTensors: DecayedTensors? {
        if case .adamW(_, _, _, _, let decay, let decayed) = self, decay != 0 { decayed } else { nil }
    }

    /// The factor by which momentum multiplies a step in the long run: the velocity of a constant gradient
    /// divided by that gradient.
    var gain: Double {
        switch self {
        case .gradientDescent(_, let momentum, _), .rmsprop(_, _, _, let momentum, _): 1 / (1 - momentum)
        case .adagrad, .adam, .adamW: 1
        }
    }
}
