import Metrics

/// The confusion matrix in a report, for other sinks.
package struct ReportedConfusion: Equatable, Sendable {
    /// The samples that were evaluated: train, validation or test.
    package let set: String
    /// The step of the checkpoint that was evaluated.
    package let step: Int
    package let classNames: [String]
    /// A row for each true class: how many of its samples were predicted to be of each.
    package let counts: [[Int]]

    /// Nil unless each sample is of one class.
    init?(_ evaluation: SetEvaluation, _ measures: SetEvaluation.Measures) {
        guard case .classes(let predictions, _) = measures,
            let counts = ClassReport.confusionMatrix(predictions)
        else { return nil }
        set = evaluation.set
        step = evaluation.model.step
        classNames = predictions.classNames
        self.counts = counts
    }
}
