/// A measure of predicted values that is one number.
package enum ValueMetric: String, CaseIterable, Sendable {
    /// 1 − Σ (t − y)² / Σ (t − mean t)², the mean over outputs. Where targets do not vary: 1 for predictions
    /// without error, else 0.
    case r2
    /// The mean of (t − y)² over samples and outputs, and its root.
    case mse
    case rmse
    /// The mean of |t − y| over samples and outputs.
    case mae
    /// The median of |t − y|, the mean over outputs.
    case medianError = "median_error"

    /// Other usual names.
    private static let aliases = [
        "r_squared": "r2", "r2_score": "r2", "mean_squared_error": "mse", "mean_absolute_error": "mae",
        "root_mean_squared_error": "rmse", "median_absolute_error": "median_error", "medae": "median_error",
    ]

    package static let names = allCases.map(\.rawValue)
    /// All words that `init(name:)` takes.
    package static let words = names + aliases.keys.sorted()

    package init?(name: String) { self.init(rawValue: Self.aliases[name] ?? name) }
}
