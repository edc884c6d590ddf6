import Kernels

/// The sums that describe a set of samples: doubles that add up over sets. The loss comes first, the number
/// of samples last.
package struct ReportLayout: Equatable, Sendable {
    /// A sum over the samples.
    enum Quantity: Hashable, Sendable {
        case loss
        /// Weights of the samples, where the loss has them.
        case weight
        /// Samples with the right class.
        case correct
        /// Samples whose class is among the k largest outputs.
        case top(Int)
        /// The mean over outputs of (y − t)² for each sample; the next one of |y − t|.
        case squaredError
        case absoluteError
        /// For every class: samples of it that were predicted, predicted ones, its samples.
        case classCounts
        /// `[class, predicted class]`
        case confusion
        /// For every output: (y − t)², t − c and (t − c)², for a c near the targets: Σ(t − c)² − (Σ(t −
        /// c))²/n is then as good as two passes.
        case variation
        /// Samples, times the ratio of the variance that is explained.
        case explained
        /// Sequences all of whose counted tokens are right; sequences with counted tokens.
        case exactMatches
        case sequences
        /// Other than 0 if the job ends with the step.
        case end
        /// Samples, or positions of sequences, that count.
        case samples
    }

    package let loss: Loss
    /// The metrics that follow from these sums.
    package let metrics: [Metric]
    package let targets: TargetForm
    package let outputs: Int
    private let offsets: [Quantity: Int]
    /// The number of doubles in a report.
    package let width: Int

    /// - Parameter isEvaluation: false: what is counted per class or output is left out.
    package init(loss: Loss, metrics: [Metric], targets: TargetForm, outputs: Int, isEvaluation: Bool) {
        self.loss = loss
        self.targets = targets
        self.outputs = outputs
        self.metrics = metrics.filter { isEvaluation || $0.isMeasuredInTraining }
        var (offsets, width) = ([Quantity: Int](), 0)
        let groups = Self.classGroups(targets)
        func add(_ quantity: Quantity, _ count: Int = 1) {
            guard offsets[quantity] == nil else { return }
            offsets[quantity] = width
            width += count
        }
        add(.loss)
        if loss.isWeighted { add(.weight) }
        for metric in self.metrics {
            switch metric {
            case .accuracy: add(.correct)
            case .top(let k): add(.top(k))
            case .precision, .recall, .f1: add(.classCounts, 3 * groups)
            case .confusionMatrix: add(.confusion, groups * groups)
            case .mse, .rmse: add(.squaredError)
            case .mae: add(.absoluteError)
            case .r2: add(.variation, 3 * outputs)
            case .exactMatch:
                add(.exactMatches)
                add(.sequences)
            case .purity, .explainedVarianceRatio, .perplexity, .bitsPerToken: break
            }
        }
        add(.samples)
        (self.offsets, self.width) = (offsets, width)
    }

    /// Makes the layout of a job without a model.
    /// - Parameters:
    ///   - metric: what is measured beside the loss.
    ///   - mayEnd: whether a step can say that the job ends with it.
    package init(measuring metric: Metric?, mayEnd: Bool) {
        loss = .meanSquaredError
        targets = .values(1)
        outputs = 0
        metrics = metric.map { [$0] } ?? []
        var offsets: [Quantity: Int] = [.loss: 0]
        if let metric { offsets[metric == .purity ? .correct : .explained] = offsets.count }
        if mayEnd { offsets[.end] = offsets.count }
        offsets[.samples] = offsets.count
        (self.offsets, width) = (offsets, offsets.count)
    }

    /// The number of classes, or of yes-or-no targets.
    private static func classGroups(_ targets: TargetForm) -> Int {
        switch targets {
        case .classes(let count), .values(let count), .tokens(let count): count
        }
    }

    var groups: Int { Self.classGroups(targets) }
    func offset(_ quantity: Quantity) -> Int? { offsets[quantity] }

    package var operation: StatisticsOperation { .sum(width: width) }

    /// The index of the number of samples.
    package var samplesOffset: Int { width - 1 }

    /// True if some sum needs the targets as values.
    package var needsValues: Bool {
        loss.kind != .crossEntropy || targetsAreValues
    }

    private var targetsAreValues: Bool { if case .values = targets { true } else { false } }
}

// MARK: - What the sums say

extension ReportLayout {
    /// The value of a metric; nil if these sums do not have it, or if it is no single number.
    package func value(of metric: Metric, in sums: [Double]) -> Double? {
        guard metrics.contains(metric) else { return nil }
        let samples = sums[samplesOffset]
        func mean(_ quantity: Quantity) -> Double? { offset(quantity).map { sums[$0] / samples } }
        return switch metric {
        case .accuracy, .purity: mean(.correct)
        case .explainedVarianceRatio: mean(.explained)
        case .top(let k): mean(.top(k))
        case .perplexity: ScalarMath.exp(loss(sums))
        case .exactMatch:
            offset(.exactMatches).flatMap { matches in
                offset(.sequences).map { sums[matches] / sums[$0] }
            }
        case .bitsPerToken: loss(sums) / ScalarMath.log(2)
        case .mse: mean(.squaredError)
        case .rmse: mean(.squaredError)?.squareRoot()
        case .mae: mean(.absoluteError)
        case .precision: overClasses(sums) { right, predicted, _ in predicted > 0 ? right / predicted : 0 }
        case .recall: overClasses(sums) { right, _, actual in actual > 0 ? right / actual : 0 }
        case .f1:
            overClasses(sums) { right, predicted, actual in right > 0 ? 2 * right / (predicted + actual) : 0 }
        case .r2: r2(sums)
        case .confusionMatrix: nil
        }
    }

    /// The names of the loss and of every metric that is a number.
    package var names: [String] { ["loss"] + metrics.filter { $0 != .confusionMatrix }.map(\.name) }

    package func loss(_ sums: [Double]) -> Double {
        loss.mean(sum: sums[0], weight: sums[offset(.weight) ?? samplesOffset])
    }

    /// The confusion matrix: rows are classes, columns are predictions; nil if it is not measured.
    package func confusionMatrix(_ sums: [Double]) -> [[Int]]? {
        guard let start = offset(.confusion) else { return nil }
        return (0..<groups).map { row in (0..<groups).map { Int(sums[start + row * groups + $0]) } }
    }

    /// The score of class 1 for two classes, otherwise the mean over classes that occur, or over all
    /// yes-or-no targets.
    private func overClasses(
        _ sums: [Double], _ score: (_ right: Double, _ predicted: Double, _ actual: Double) -> Double
    ) -> Double? {
        guard let start = offset(.classCounts) else { return nil }
        func of(_ c: Int) -> Double {
            score(sums[start + 3 * c], sums[start + 3 * c + 1], sums[start + 3 * c + 2])
        }
        if targets == .classes(2) { return of(1) }
        let occurring = (0..<groups).filter {
            targetsAreValues || sums[start + 3 * $0 + 1] + sums[start + 3 * $0 + 2] > 0
        }
        return occurring.isEmpty ? 0 : occurring.reduce(0) { $0 + of($1) } / Double(occurring.count)
    }

    /// Computes r2 as scikit-learn does: where targets do not vary, 1 for predictions without error, else 0.
    private func r2(_ sums: [Double]) -> Double? {
        guard let start = offset(.variation) else { return nil }
        let samples = sums[samplesOffset]
        let scores = (0..<outputs).map { output in
            let (error, shifted, squares) = (
                sums[start + 3 * output], sums[start + 3 * output + 1], sums[start + 3 * output + 2]
            )
            let total = squares - shifted * shifted / samples
            return total > 0 ? 1 - error / total : error == 0 ? 1.0 : 0
        }
        return scores.reduce(0, +) / Double(outputs)
    }
}

// MARK: - Jobs without a model

extension ReportLayout {
    /// Writes the sums of a job without a model.
    /// - Parameter share: samples in the right cluster, or samples times the ratio of the variance that is
    ///   explained; ignored where it is not measured.
    package func write(
        loss: Double, share: Double, samples: Double, isOver: Bool = false,
        into report: UnsafeMutablePointer<Double>
    ) {
        report[0] = loss
        if let offset = offset(.correct) ?? offset(.explained) { report[offset] = share }
        if let offset = offset(.end) { report[offset] = isOver ? 1 : 0 }
        report[samplesOffset] = samples
    }

    /// True if a step's sums say that the job ends with it.
    package func isOver(_ sums: [Double]) -> Bool {
        offset(.end).map { sums.indices.contains($0) && sums[$0] != 0 } ?? false
    }
}
