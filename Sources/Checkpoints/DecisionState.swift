import Configuration

/// The memory of the rules that decide during training (early stopping, learning rate on plateaus, best
/// checkpoint), from one evaluation to the next.
package struct DecisionState: Equatable, Sendable {
    /// The history of one monitored value.
    package struct Watch: Equatable, Sendable {
        /// The best value so far; nil before the first one.
        package var best: Double?
        /// The number of completed steps when it was measured.
        package var step = 0
        /// Evaluations since then without a better value.
        package var waited = 0

        package init() {}
    }

    package var earlyStopping = Watch()
    package var plateau = Watch()
    /// Factor on the learning rate of the schedule, at least 0.
    package var factor = 1.0
    package var best = Watch()
    /// The name of the metric that `best` is measured by. A resumed job may monitor another one; the search
    /// then begins anew.
    package var bestMonitor: String?
    /// Whether the job ended with the step that this state belongs to, because of that step's report.
    package var isOver = false

    package init() {}
}

// MARK: - In a checkpoint's manifest

extension DecisionState {
    /// The state as a part of a checkpoint\'s manifest.
    package static let codec = Codec<DecisionState>.object(DecisionState()) {
        Field(required: "early_stopping", \.earlyStopping, Watch.codec, "What early stopping watches.")
        Field(required: "plateau", \.plateau, Watch.codec, "What the plateau schedule watches.")
        Field(required: "factor", \.factor, .number(.nonNegative), "Factor of the learning rate.")
        Field(required: "best", \.best, Watch.codec, "What the best checkpoint is chosen by.")
        Field("best_monitor", \.bestMonitor, .string, "The name of that metric.")
        Field(required: "is_over", \.isOver, .bool, "Whether the job ended with this step.")
    }
}

extension DecisionState.Watch {
    fileprivate static let codec = Codec<Self>.object(Self()) {
        Field("best", \.best, .number(.finite), "The best value so far.", default: "none before the first")
        Field(required: "step", \.step, .int(0...1 << 48), "The step after which it was measured.")
        Field(required: "waited", \.waited, .int(0...1 << 48), "Evaluations since then.")
    }
}
