/// A value of each epoch that decisions look at: `validation.loss`, `train.accuracy`.
package struct MetricMonitor: Equatable, Sendable {
    package enum Source: String, CaseIterable, Sendable { case train, validation }
    /// Whether small or large values are good.
    package enum Mode: String, CaseIterable, Sendable { case min, max }

    package var source: Source
    package var metric: String
    package var mode: Mode

    package init(_ source: Source, _ metric: String, _ mode: Mode) {
        self.source = source
        self.metric = metric
        self.mode = mode
    }

    package var name: String { "\(source.rawValue).\(metric)" }

    /// True if `value` is better than `best` by more than `delta`. What is not finite is never better; of
    /// equal values the earlier stays.
    package func isBetter(_ value: Double, than best: Double?, by delta: Double = 0) -> Bool {
        guard value.isFinite else { return false }
        guard let best else { return true }
        return mode == .min ? value < best - delta : value > best + delta
    }

    /// The mode that a metric's name implies; nil for a name that implies none.
    package static func usualMode(of metric: String) -> Mode? {
        if ["loss", "objective", "mse", "mae", "rmse", "error", "perplexity", "inertia"].contains(metric) {
            return .min
        }
        let isGood = ["accuracy", "precision", "recall", "f1", "r2", "auc", "exact_match"].contains {
            metric == $0 || metric.hasSuffix("_\($0)")
        }
        return isGood || metric.hasPrefix("top_") || metric.hasPrefix("f1") ? .max : nil
    }

    /// Reads `validation.loss`; the mode is the usual one unless another is given.
    package static func parse(_ text: String, mode: Mode? = nil) -> MetricMonitor? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count == 2, let source = Source(rawValue: parts[0]), !parts[1].isEmpty,
            let mode = mode ?? usualMode(of: parts[1])
        else { return nil }
        return MetricMonitor(source, parts[1], mode)
    }
}
