import Datasets
import Jobs
import NeuralNetwork

// Checks that loss, metrics, targets and the model's output fit each other.
extension TrainingPlan {
    static func targets(_ job: Job, _ facts: DataFacts) throws(PlanError) -> TargetForm {
        if job.data.target == .input { return .values(facts.sampleShape.reduce(1, *)) }
        if let classes = facts.classCount { return .classes(classes) }
        if let sequences = facts.sequences, sequences.predictsNextToken {
            return .tokens(sequences.vocabulary ?? 1)
        }
        guard let width = facts.targetWidth else {
            throw PlanError(
                "the data has no targets: name its label or target columns, "
                    + "or train an autoencoder with `data.target: \"input\"`",
                field: "data")
        }
        return .values(width)
    }

    static func checkOutput(
        _ job: Job, _ facts: DataFacts, _ targets: TargetForm, _ network: NetworkPlan
    ) throws(PlanError) {
        let (output, name) = (network.outputShape, job.layers.last?.name ?? "")
        if let clash = clash(job) { throw PlanError(clash, layer: name) }
        switch targets {
        case .tokens(let vocabulary):
            guard job.loss.kind == .crossEntropy else {
                throw PlanError(
                    "the targets are tokens, and `\(job.loss.kind.rawValue)` compares values: use "
                        + "cross_entropy", field: "loss")
            }
            guard output.isSequence, output.channels == vocabulary else {
                throw PlanError(
                    "the model ends in `\(name)` with an output of \(output), but each of up to "
                        + "\(facts.sampleShape[0]) positions has one of \(vocabulary) tokens as target: end "
                        + "it with {dense: \(vocabulary)} at every position",
                    layer: name)
            }
        case .values(let width):
            guard !output.isSequence else {
                throw PlanError(
                    "the model ends in `\(name)` with sequences of \(output), but the targets are "
                        + "\(width) values per sample: put \"global_average_pool\" and {dense: \(width)} "
                        + "behind it", layer: name)
            }
            if job.loss.kind == .crossEntropy, job.data.target == .data, job.data.train.isArray {
                throw PlanError(
                    "`cross_entropy` needs class labels, but the targets are \(width) values per sample; if"
                        + " they are classes, numbered or one-hot, give `classes: true` beside them;"
                        + " otherwise use mse, mae, rmse or binary_cross_entropy",
                    field: "loss")
            }
            guard job.loss.kind != .crossEntropy else {
                let classes = width == 1 ? job.data.train.line(making: .classification) : nil
                throw PlanError(
                    "`cross_entropy` needs class labels, but the targets are \(width) values per sample; "
                        + (classes.map { "if they are classes, set \($0); else " } ?? "")
                        + "use mse, mae, rmse or binary_cross_entropy"
                        + (width > 1 ? " (of one-hot columns, make one target with the class)" : ""),
                    field: "loss")
            }
            guard output.count == width else {
                let what =
                    job.data.target == .input
                    ? "the input, its target, is \(network.inputShape)" : "the targets are \(width) wide"
                throw PlanError(
                    "the model ends in `\(name)` with an output of \(output), but \(what): "
                        + "end it with {dense: \(width)}"
                        + otherwise(job, .classification, "classes", if: width == 1),
                    layer: name)
            }
        case .classes(let classes):
            guard output.isFlat else {
                throw PlanError(
                    "the model ends in `\(name)` with an output of \(output), but \(classes) classes want a "
                        + "flat one of \(classes): put \"flatten\" and {dense: \(classes)} behind it",
                    layer: name)
            }
            let isBinary = classes == 2 && output.count == 1 && job.loss.kind != .crossEntropy
            guard output.count == classes || isBinary else {
                if classes == 1 {
                    throw PlanError(
                        "the model ends in `\(name)` with an output of \(output), but all samples have one"
                            + " class, so that there is nothing to learn: check the labels, or the column of"
                            + " the target",
                        layer: name)
                }
                let first = classes - output.count
                if facts.lacksFirstClass, first > 0, job.data.train.countsClasses {
                    throw PlanError(
                        "the model ends in `\(name)` with an output of \(output), and the data has \(classes)"
                            + " classes, but no sample of class 0: do the labels begin at \(first)? Then set"
                            + " `first_class: \(first)` beside them; otherwise end the model with {dense:"
                            + " \(classes)}",
                        layer: name)
                }
                let hint =
                    classes == 2 && job.loss.kind != .crossEntropy
                    ? "{dense: 1} or {dense: 2}"
                    : classes == 2 && output.count == 1
                        ? "{dense: 2}, or use binary_cross_entropy" : "{dense: \(classes)}"
                // A regression is not to become a classifier.
                if output.count == 1, classes > 2, job.loss.kind.targetTask == .regression,
                    let line = job.data.train.line(making: .regression)
                {
                    throw PlanError(
                        "the model ends in `\(name)` with an output of \(output), but the data has "
                            + "\(classes) classes: if they are values, set \(line); to tell classes apart, "
                            + "use cross_entropy and end the model with {dense: \(classes)}",
                        layer: name)
                }
                throw PlanError(
                    "the model ends in `\(name)` with an output of \(output), "
                        + "but the data has \(classes) classes: end the model with \(hint)"
                        + otherwise(job, .regression, "values", if: job.loss.kind.targetTask == .regression),
                    layer: name)
            }
        }
    }

    /// Names the field to set if the targets are not what they are taken for.
    private static func otherwise(_ job: Job, _ task: TableRules.Task, _ noun: String, if isLikely: Bool)
        -> String
    {
        guard isLikely, job.data.target == .data, let line = job.data.train.line(making: task) else {
            return ""
        }
        return "; if the targets are \(noun), set \(line)"
    }

    /// A last layer that makes probabilities for another loss than its own, which would make them again.
    private static func clash(_ job: Job) -> String? {
        switch (job.loss.kind, job.layers.last?.spec.probabilities) {
        case (.crossEntropy, .independent):
            "`cross_entropy` applies a softmax itself: "
                + "remove the sigmoid at the end, or use binary_cross_entropy"
        case (.binaryCrossEntropy, .ofClasses):
            "`binary_cross_entropy` applies a sigmoid itself: "
                + "remove the softmax at the end, or use cross_entropy"
        default: nil
        }
    }

    static func checkWeights(_ loss: Loss, _ targets: TargetForm, outputs: Int) throws(PlanError) {
        let option = "loss.\(loss.kind.rawValue)"
        if let weights = loss.classWeights {
            guard case .classes(let classes) = targets else {
                throw PlanError(
                    "class weights need class labels, but the targets are values",
                    field: option + ".class_weights")
            }
            if case .values(let values) = weights, values.allSatisfy({ $0 == 0 }) {
                throw PlanError(
                    "all class weights are 0, so that nothing would be learned: give one above 0",
                    field: option + ".class_weights")
            }
            if case .values(let values) = weights, values.count != classes {
                throw PlanError(
                    "there are \(values.count) class weights for \(classes) classes: "
                        + "give one for each, or \"balanced\"",
                    field: option + ".class_weights")
            }
        }
        let positive = loss.positiveWeights.count
        guard positive <= 1 || positive == outputs else {
            throw PlanError(
                "there are \(positive) positive weights for \(outputs) outputs: "
                    + "give one for each, or one number for all",
                field: option + ".positive_weight")
        }
    }

    static func checkMetrics(_ metrics: [Metric], _ loss: Loss, _ targets: TargetForm) throws(PlanError) {
        for (index, metric) in metrics.enumerated() {
            guard let misfit = metric.misfit(loss, targets) else { continue }
            throw PlanError("the metric `\(metric.name)` \(misfit)", field: "metrics.\(index)")
        }
    }
}

extension DataSpec.Source {
    /// Whether the targets are in a NumPy file, which may hold classes as numbers of any type.
    fileprivate var isArray: Bool {
        switch self {
        case .npy: true
        case .limited(let source, _): source.isArray
        default: false
        }
    }

    /// Whether the source takes the number of its first class from the config.
    fileprivate var countsClasses: Bool {
        switch self {
        case .idx, .npy: true
        case .limited(let source, _): source.countsClasses
        default: false
        }
    }

    /// The field of a source that makes classes or values of its targets; nil where its files say it.
    fileprivate func line(making task: TableRules.Task) -> String? {
        switch self {
        case .csv: "`task: \"\(task.rawValue)\"`"
        case .npy: "`classes: \(task == .classification)`"
        case .limited(let source, _): source.line(making: task)
        default: nil
        }
    }
}

extension TrainingPlan {
    /// The shape of the images that the model gives back as flat outputs, channels first as PyTorch has them;
    /// nil where there are none, or where both orders are the same.
    package var reconstructedImage: TensorShape? {
        job.data.target == .input && network.outputShape.isFlat ? network.image(at: 0) : nil
    }

    /// True if the order of an image's values matters to the tensors or the results of the model.
    package var dependsOnChannelOrder: Bool {
        network.movesFlattenedValues || network.measuresImages || reconstructedImage != nil
    }
}
