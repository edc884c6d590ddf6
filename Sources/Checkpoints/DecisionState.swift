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
    /// The state as a part of a checkpoint's manifest.
    package var value: ConfigValue {
        .object([
            ("early_stopping", earlyStopping.value), ("plateau", plateau.value),
            ("factor", .number(factor)), ("best", best.value),
            ("best_monitor", bestMonitor.map { .string($0) } ?? .null),
            ("is_over", .bool(isOver)),
        ])
    }

    /// Decodes `value`.
    package static var expectation: Expectation<DecisionState> {
        .object { fields in
            var state = DecisionState()
            state.earlyStopping = fields.required("early_stopping", Watch.expectation) ?? Watch()
            state.plateau = fields.required("plateau", Watch.expectation) ?? Watch()
            state.factor = fields.required("factor", .number(.nonNegative)) ?? 1
            state.best = fields.required("best", Watch.expectation) ?? Watch()
            state.bestMonitor = fields.optional("best_monitor", .string)
            state.isOver = fields.required("is_over", .bool) ?? false
            return state
        }
    }
}

extension DecisionState.Watch {
    fileprivate var value: ConfigValue {
        .object([("best", best.map { .number($0) } ?? .null), ("step", .int(step)), ("waited", .int(waited))])
    }

    fileprivate static var expectation: Expectation<Self> {
        .object { fields in
            var watch = Self()
            watch.best = fields.optional("best", .number(.finite))
            watch.step = fields.required("step", .int(0...1 << 48)) ?? 0
            watch.waited = fields.required("waited", .int(0...1 << 48)) ?? 0
            return watch
        }
    }
}
