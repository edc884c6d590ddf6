import Kernels
import NeuralNetwork

/// The meaning of a network's outputs: how they become readable values, and how averages of those become
/// outputs again, for the loss.
package enum OutputForm: Equatable, Sendable {
    /// Logits of classes, of which one is right: probabilities are their softmax.
    case logits
    /// Logits of yes-or-no answers: probabilities are their sigmoids.
    case binaryLogits
    /// Values as they are.
    case values

    /// Replaces rows of outputs, `[rows, width]`, by probabilities, or leaves values as they are.
    ///
    /// - Parameter y: has room up to a multiple of 16 floats.
    func makeReadable(_ y: FloatBuffer, rows: Int, width: Int) {
        switch self {
        case .logits:
            let scratch = FloatBuffer(count: FlatVector.aligned(width))
            LossKernels.softmax(
                y.pointer, into: y.pointer, rows: rows, columns: width, scratch: scratch.pointer)
        case .binaryLogits: VectorMath.sigmoid(y.pointer, into: y.pointer, count: rows * width)
        case .values: break
        }
    }

    /// The reverse: outputs that stand for these probabilities. A probability of 0 counts as the least normal
    /// Float.
    func makeOutputs(_ p: FloatBuffer) {
        let least = Float.leastNormalMagnitude
        switch self {
        case .logits:
            for i in 0..<p.count { p.pointer[i] = max(p.pointer[i], least) }
            VectorMath.log(p.pointer, into: p.pointer, count: p.count)
        case .binaryLogits:
            let no = FloatBuffer(count: p.count)
            for i in 0..<p.count {
                (no.pointer[i], p.pointer[i]) = (max(1 - p.pointer[i], least), max(p.pointer[i], least))
            }
            VectorMath.log(p.pointer, into: p.pointer, count: p.count)
            VectorMath.log(no.pointer, into: no.pointer, count: p.count)
            for i in 0..<p.count { p.pointer[i] -= no.pointer[i] }
        case .values: break
        }
    }
}

extension TrainingPlan {
    /// The form of the network's last values.
    package var outputForm: OutputForm {
        switch job.loss.kind {
        case .crossEntropy: .logits
        case .binaryCrossEntropy: .binaryLogits
        case .meanSquaredError, .meanAbsoluteError, .rootMeanSquaredError: .values
        }
    }

    /// Whether predictions are probabilities, by the loss or by the last layer.
    package var predictsProbabilities: Bool {
        outputForm != .values || job.layers.last?.spec.probabilities != nil
    }
}
