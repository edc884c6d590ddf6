import Kernels

/// A training loss, as pure data: the mean over samples of a loss for each sample.
package struct Loss: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Categorical cross-entropy of class labels, from logits (a final softmax is fused into it).
        case crossEntropy = "cross_entropy"
        /// Binary cross-entropy from logits (a final sigmoid is fused into it): the mean over outputs of
        /// `max(x, 0) − x·t + log(1 + e^−|x|)`, each output a yes or no of its own.
        case binaryCrossEntropy = "binary_cross_entropy"
        /// Per sample, the mean over outputs of (y − t)².
        case meanSquaredError = "mse"
        /// Per sample, the mean over outputs of |y − t|.
        case meanAbsoluteError = "mae"
        /// The root of the mean squared error of the whole batch.
        case rootMeanSquaredError = "rmse"
    }

    /// Factors of the samples of each class; the mean is then a weighted one, Σ w·loss / Σ w (PyTorch's
    /// cross-entropy).
    package enum ClassWeights: Equatable, Sendable {
        /// scikit-learn's n / (K · n_c), from the training labels: put in as numbers before a plan is made
        /// for training.
        case balanced
        case values([Double])
    }

    package var kind: Kind
    /// Cross-entropy: the part of a label that is spread evenly over all classes.
    package var labelSmoothing: Double
    package var classWeights: ClassWeights?
    /// Binary cross-entropy: the factor of positive targets, one for all outputs or one for each; empty: 1.
    package var positiveWeights: [Double]

    package init(
        _ kind: Kind, labelSmoothing: Double = 0, classWeights: ClassWeights? = nil,
        positiveWeights: [Double] = []
    ) {
        (self.kind, self.labelSmoothing) = (kind, labelSmoothing)
        (self.classWeights, self.positiveWeights) = (classWeights, positiveWeights)
    }

    package static let crossEntropy = Loss(.crossEntropy)
    package static let binaryCrossEntropy = Loss(.binaryCrossEntropy)
    package static let meanSquaredError = Loss(.meanSquaredError)
    package static let meanAbsoluteError = Loss(.meanAbsoluteError)
    package static let rootMeanSquaredError = Loss(.rootMeanSquaredError)

    /// True if the loss computes this last layer itself, from the layer's input.
    package func fuses(_ spec: LayerSpec) -> Bool {
        switch kind {
        case .crossEntropy: spec.probabilities == .ofClasses
        case .binaryCrossEntropy: spec.probabilities == .independent
        case .meanSquaredError, .meanAbsoluteError, .rootMeanSquaredError: false
        }
    }

    /// True if the mean over samples is weighted.
    package var isWeighted: Bool { classWeights != nil }

    /// The sums over the whole batch that the backward pass needs: (Σ w or Σ squared errors, samples); nil if
    /// it needs none.
    package var exchange: StatisticsOperation? {
        isWeighted || kind == .rootMeanSquaredError ? .sum(width: 2) : nil
    }

    /// The factor by which the gradient of the summed loss becomes that of `samples` times the batch's loss.
    /// The optimizer divides gradient sums by the samples. So a weighted mean needs n / Σw, and L = √(S/n),
    /// whose gradient is ∂S / (2nL), needs 1 / 2L. Where there is no weight or no error at all, the gradient
    /// is 0.
    func gradientFactor(sum: Double, samples: Double) -> Double {
        guard sum != 0 else { return 0 }
        return isWeighted ? samples / sum : 0.5 / (sum / samples).squareRoot()
    }

    /// The loss of a set of samples from sums over the set. `weight` is the sum of weights, or the number of
    /// samples.
    package func mean(sum: Double, weight: Double) -> Double {
        kind == .rootMeanSquaredError ? (sum / weight).squareRoot() : sum / weight
    }

    /// The threshold above which a single output predicts class 1, or a yes.
    package var threshold: Float { kind == .binaryCrossEntropy ? 0 : 0.5 }
}

/// The form of a data set's targets.
package enum TargetForm: Equatable, Sendable {
    /// One of this number of classes.
    case classes(Int)
    /// This number of values.
    case values(Int)
    /// Each position of a sequence is one of this number of tokens. Some positions may not count.
    case tokens(Int)

    /// True if targets are labels, not values.
    package var areLabels: Bool { if case .values = self { false } else { true } }
}
