import Datasets
import NeuralNetwork
import Runs
import Training

/// The meaning of a model's outputs.
enum ExportedAnswer {
    /// One of the named classes. A single output stands for two classes: the second one if it is above
    /// `threshold`.
    case classes([String], Scores, threshold: Float)
    /// Values, one for each column; `offsets` are added to them, because a table's encoding subtracted them.
    case values(columns: [String], Scores, offsets: [Double])
    /// The sample as the model reconstructs it, in the units of the data.
    case reconstruction(columns: [String], offsets: [Double])
    /// The number of the nearest centre, and the distance to it.
    case cluster
    case components
    /// At each position scores for the token that comes next.
    case nextToken

    /// The meaning of a network's last values.
    enum Scores {
        /// Probabilities are their softmax.
        case logits
        /// Probabilities are their sigmoids.
        case binaryLogits
        case probabilities
        case values

        /// The name of the readable values in files.
        var name: String { self == .values ? "values" : "probabilities" }
        /// True if the network's outputs are not the readable values.
        var areLogits: Bool { self == .logits || self == .binaryLogits }
    }

    /// False if there is an answer for each position of a sample.
    var isOfSamples: Bool { if case .nextToken = self { false } else { true } }

    init(_ plan: TrainingPlan, _ state: CheckpointState) {
        switch plan.job.task {
        case .kMeans: self = .cluster
        case .principalComponents: self = .components
        case .training: self = Self.ofNetwork(plan, state)
        }
    }

    private static func ofNetwork(_ plan: TrainingPlan, _ state: CheckpointState) -> ExportedAnswer {
        let outputs = plan.network.outputShape.count
        if case .tokens = plan.targets { return .nextToken }
        func numbered(_ name: String) -> [String] { (0..<outputs).map { "\(name)_\($0)" } }
        if plan.job.data.target == .input {
            return .reconstruction(
                columns: state.table?.featureNames ?? numbered("x"),
                offsets: state.table?.featureOffsets ?? [])
        }
        let scores: Scores =
            switch plan.outputForm {
            case .logits: .logits
            case .binaryLogits: .binaryLogits
            case .values: plan.predictsProbabilities ? .probabilities : .values
            }
        if let classes = state.classNames {
            return .classes(classes, scores, threshold: plan.outputForm == .binaryLogits ? 0 : 0.5)
        }
        let targets = state.table?.target.columns ?? []
        let columns = targets.count == outputs ? targets : outputs == 1 ? ["value"] : numbered("value")
        return .values(columns: columns, scores, offsets: state.encoding.targetOffsets)
    }
}
