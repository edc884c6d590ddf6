import Datasets
import System

/// The bounds of a report.
package struct ReportLimits: Sendable {
    /// Seconds that it may take; nil: as long as it needs.
    package var seconds: Double?
    /// The most samples that are evaluated or looked at.
    package var samples = 10_000
    /// The most bytes of samples that are copied to be looked at.
    package var sampleBytes = 128 << 20
    /// The most bytes of the file.
    package var bytes = 10_000_000

    /// - Parameter training: the seconds of the training, of which a tenth is allowed, or 5 seconds; nil: no
    ///   limit of time.
    package init(training: Double?) { seconds = training.map { max(5, 0.1 * $0) } }
}

extension ReportLimits {
    /// The number of samples of a set that are looked at.
    func samples(of dataset: Dataset) -> Int {
        let size = dataset.sampleSize * dataset.form.elementType.byteCount
        return min(samples, max(1, sampleBytes / max(1, size)))
    }
}

/// The time that a report has left. It decides what is left out, never what a training results in.
struct ReportClock {
    private let deadline: Double?

    init(_ limits: ReportLimits) {
        deadline = limits.seconds.map { Clock.monotonicSeconds() + $0 }
    }

    /// Seconds; infinite without a limit.
    var left: Double { deadline.map { $0 - Clock.monotonicSeconds() } ?? .infinity }
}
