import Datasets
import Kernels
import Metrics
import NeuralNetwork
import Training

/// The predictions of a model, or of several together, for a data set.
package struct RecordedPredictions: Sendable {
    /// The form of a prediction.
    package enum Kind: Equatable, Sendable {
        /// One of this number of classes.
        case classes(Int)
        /// A yes or no for each of this number of targets.
        case answers(Int)
        case values(Int)

        /// Nil for a language model, whose predictions are measured by sums alone.
        package init?(_ plan: TrainingPlan) {
            switch plan.targets {
            case .tokens: return nil
            case .classes(let count): self = .classes(count)
            case .values(let width):
                let areAnswers = plan.outputForm == .binaryLogits && plan.job.data.target == .data
                self = areAnswers ? .answers(width) : .values(width)
            }
        }

        /// Numbers for each sample.
        var width: Int {
            switch self {
            case .classes(let width), .answers(let width), .values(let width): width
            }
        }
    }

    /// The most numbers that are recorded of a data set. The measures of them take about 20 bytes for each.
    package static let mostNumbers = 1 << 25

    package let kind: Kind
    /// Whether `scores` of classes or answers are probabilities.
    package let areProbabilities: Bool
    /// The number of samples.
    package private(set) var count = 0
    /// Probabilities, scores or values as `predict` writes them, `[samples, width]`.
    package private(set) var scores: [Double] = []
    /// The true and the predicted class of each sample.
    package private(set) var labels: [Int] = []
    package private(set) var predicted: [Int] = []
    /// The number of classes that are above the true one.
    private var ranks: [Int] = []
    /// The true and the predicted answers, `[samples, width]`.
    package private(set) var truths: [Bool] = []
    package private(set) var answers: [Bool] = []
    /// The targets of values, `[samples, width]`.
    package private(set) var targets: [Double] = []
    private let threshold: Float
    /// Whether the targets are the inputs, as an autoencoder's.
    private let areInputs: Bool
    private let normalization: Normalization

    /// Makes the record of a data set of which no sample is there yet; nil if it has too many numbers, or if
    /// the model predicts tokens.
    init?(_ plan: TrainingPlan, normalization: Normalization, samples: Int) {
        guard let kind = Kind(plan) else { return nil }
        self.kind = kind
        let (numbers, overflow) = kind.width.multipliedReportingOverflow(by: samples)
        guard !overflow, numbers <= Self.mostNumbers else { return nil }
        areProbabilities = plan.predictsProbabilities
        threshold = plan.job.loss.threshold
        areInputs = plan.job.data.target == .input
        self.normalization = normalization
    }

    /// Adds the next samples.
    /// - Parameters:
    ///   - outputs: what the loss takes, by which classes are decided, `[samples, outputs]`.
    ///   - readable: probabilities or values, `[samples, outputs]`.
    mutating func add(_ samples: Range<Int>, of dataset: Dataset, outputs: FloatBuffer, readable: FloatBuffer)
    {
        withExtendedLifetime((outputs, readable)) {
            switch kind {
            case .classes(let classes):
                let width = outputs.count / max(1, samples.count)
                for (row, sample) in samples.enumerated() {
                    add(
                        label: Int(dataset.labels[sample]), classes: classes, width: width,
                        outputs.pointer + row * width, readable.pointer + row * width)
                }
            case .answers(let width):
                for (row, sample) in samples.enumerated() {
                    for c in 0..<width {
                        answers.append(outputs.pointer[row * width + c] > threshold)
                        truths.append(dataset.values[sample * width + c] > 0.5)
                        scores.append(Double(readable.pointer[row * width + c]))
                    }
                }
            case .values(let width):
                scores += readable.elements.prefix(samples.count * width).map(Double.init)
                addTargets(samples, of: dataset, width: width)
            }
        }
        count += samples.count
    }

    private mutating func add(
        label: Int, classes: Int, width: Int, _ outputs: UnsafePointer<Float>,
        _ readable: UnsafePointer<Float>
    ) {
        labels.append(label)
        if width == 1 && classes == 2 {
            let found = outputs[0] > threshold ? 1 : 0
            predicted.append(found)
            ranks.append(found == label ? 0 : 1)
            scores += [Double(1 - readable[0]), Double(readable[0])]
        } else {
            predicted.append(LossKernels.argmax(outputs, columns: width))
            ranks.append(LossKernels.rank(of: label, in: outputs, columns: width))
            for c in 0..<width { scores.append(Double(readable[c])) }
        }
    }

    /// Adds the targets of values; an autoencoder's are its normalized inputs.
    private mutating func addTargets(_ samples: Range<Int>, of dataset: Dataset, width: Int) {
        guard areInputs else {
            let values = dataset.values
            for index in samples.lowerBound * width..<samples.upperBound * width {
                targets.append(Double(values[index]))
            }
            return
        }
        let inputs = FloatBuffer(count: samples.count * width)
        dataset.gather(Array(samples)[...], normalization: normalization, into: inputs.pointer)
        targets += inputs.elements.prefix(samples.count * width).map(Double.init)
    }
}

// MARK: - As the metrics take them

extension RecordedPredictions {
    /// - Parameter names: of the classes, or of the answers.
    package func classes(named names: [String]) -> ClassPredictions? {
        switch kind {
        case .classes:
            ClassPredictions(
                classNames: names, count: count, truth: .one(labels), predicted: .one(predicted),
                scores: scores, areProbabilities: areProbabilities, ranks: ranks)
        case .answers:
            ClassPredictions(
                classNames: names, count: count, truth: .any(truths), predicted: .any(answers),
                scores: scores, areProbabilities: areProbabilities, ranks: [])
        case .values: nil
        }
    }

    package func values(named names: [String]) -> ValuePredictions? {
        guard case .values = kind else { return nil }
        return ValuePredictions(names: names, count: count, values: scores, targets: targets)
    }

    /// Names what is predicted: classes, the table's target columns, or numbers.
    package static func names(_ kind: Kind, _ state: CheckpointState) -> [String] {
        let known = state.classNames ?? state.table?.target.columns ?? []
        if known.count == kind.width { return known }
        return kind.width == 1 ? ["value"] : (0..<kind.width).map { "value_\($0)" }
    }
}
