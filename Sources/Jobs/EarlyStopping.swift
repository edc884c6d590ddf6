/// Ends a training that no longer gets better.
package struct EarlyStopping: Equatable, Sendable {
    package var monitor: MetricMonitor
    /// Evaluations without an improvement after which the training ends.
    package var patience: Int
    /// An improvement is more than this.
    package var minimumDelta: Double

    package init(monitor: MetricMonitor, patience: Int, minimumDelta: Double = 0) {
        self.monitor = monitor
        self.patience = patience
        self.minimumDelta = minimumDelta
    }
}
