import Kernels

/// What a network is trained to make small: the mean over samples of a loss per sample, as pure data.
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

    /// Factors of the samples of each class; the mean is then a weighted one, Σ w·loss / Σ w (PyTorch's cross-entropy).
    package enum ClassWeights: Equatable, Sendable {
        /// scikit-learn's n / (K · n_c), from the training labels: put in as numbers before a plan is made for training.
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

    /// Whether the loss computes this last layer itself, from what the layer would have read.
    package func fuses(_ spec: LayerSpec) -> Bool {
        switch kind {
        case .crossEntropy: spec.probabilities == .ofClasses
        case .binaryCrossEntropy: spec.probabilities == .independent
        case .meanSquaredError, .meanAbsoluteError, .rootMeanSquaredError: false
        }
    }

    /// Whether the mean over samples is a weighted one.
    package var isWeighted: Bool { classWeights != nil }

    /// What backward must know of the whole batch: (Σ w or Σ squared errors, samples). Nil: nothing.
    package var exchange: StatisticsOperation? {
        isWeighted || kind == .rootMeanSquaredError ? .sum(width: 2) : nil
    }

    /// The factor that makes of the gradient of the summed loss that of `samples` times the batch's loss.
    ///
    /// The optimizer divides gradient sums by the samples. So a weighted mean needs n / Σw, and L = √(S/n), whose gradient is ∂S / (2nL), needs
    /// 1 / 2L. Where there is no weight or no error at all, the gradient is 0.
    func gradientFactor(sum: Double, samples: Double) -> Double {
        guard sum != 0 else { return 0 }
        return isWeighted ? samples / sum : 0.5 / (sum / samples).squareRoot()
    }

    /// The loss of a set of samples from sums over it: `weight` is the sum of weights, or the number of samples.
    package func mean(sum: Double, weight: Double) -> Double {
        kind == .rootMeanSquaredError ? (sum / weight).squareRoot() : sum / weight
    }

    /// Above which value an output that stands alone says class 1, or a yes.
    var threshold: Float { kind == .binaryCrossEntropy ? 0 : 0.5 }
}

/// What the targets of a data set are.
package enum TargetForm: Equatable, Sendable {
    /// One of so many classes.
    case classes(Int)
    /// So many values.
    case values(Int)
}
