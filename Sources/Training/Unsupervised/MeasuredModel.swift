import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// The result of a k-means or PCA job, applied to samples.
package final class MeasuredModel {
    private enum Kind {
        /// The centres `[clusters, features]`; the first `count` have been chosen.
        case centres(UnsafePointer<Float>, count: Int)
        /// A mean `[features]` and directions `[rows, features]`, of which the first `count` are used.
        case directions(mean: UnsafePointer<Float>, UnsafePointer<Float>, rows: Int, count: Int)
    }

    private let kind: Kind
    private let statistics: FloatBuffer
    private let normalization: Normalization
    private let features: Int
    private let lanes: LanePool

    /// Nil for a job that trains a network.
    package init?(plan: TrainingPlan, normalization: Normalization, statistics: [Float], lanes: LanePool) {
        let buffer = FloatBuffer(count: statistics.count)
        _ = buffer.elements.update(from: statistics)
        func values(_ name: String) -> UnsafePointer<Float> {
            UnsafePointer(buffer.pointer + plan.network.layout.statistic(name).lowerBound)
        }
        switch plan.job.task {
        case .training: return nil
        case .kMeans(let spec):
            kind = .centres(
                values(KMeansLayout.centroids),
                count: KMeansLayout.chosenCount(values(KMeansLayout.chosen)[0], of: spec.clusters))
        case .principalComponents(let spec):
            let rows = plan.network.layout.statistic("explained_variance").count
            kind = .directions(
                mean: values("mean"), values(spec.whiten ? "whitening" : "components"), rows: rows,
                count: KMeansLayout.chosenCount(values("component_count")[0], of: rows))
        }
        self.statistics = buffer
        self.normalization = normalization
        self.lanes = lanes
        features = plan.network.inputShape.count
    }

    /// The columns that `answer` returns: cluster and distance to its centre, or the principal components.
    package var columns: [String] {
        switch kind {
        case .centres: ["cluster", "distance"]
        case .directions(_, _, _, let count): (0..<count).map { "component_\($0)" }
        }
    }

    /// Whether the job was k-means.
    package var areClusters: Bool { if case .centres = kind { true } else { false } }

    /// Computes `[samples, columns]`, in chunks of fixed size like the job's evaluations.
    package func answer(_ samples: Range<Int>, of dataset: Dataset) -> FloatBuffer {
        let size = Evaluator.chunkSize
        let width = columns.count
        let answers = FloatBuffer(count: samples.count * width)
        let chunks = Evaluator.chunkCount(samples: samples.count)
        lanes.run(chunks) { [kind, features, normalization] chunk, _ in
            let rows = Array(
                (samples.lowerBound + chunk * size)..<min(
                    samples.upperBound, samples.lowerBound + (chunk + 1) * size))
            let x = FloatBuffer(count: size * features)
            let to = answers.pointer + chunk * size * width
            dataset.gather(rows[...], normalization: normalization, into: x.pointer)
            switch kind {
            case .centres(let centres, let count):
                Self.assign(
                    x.pointer, rows: rows.count, features: features, centres: centres, count: count, into: to)
            case .directions(let mean, let directions, let all, let count):
                Scatter(columns: features).centre(x.pointer, rows: rows.count, by: mean)
                let y = FloatBuffer(count: size * all)
                BLAS.multiply(
                    transposeB: true, m: size, n: all, k: features, a: x.pointer, lda: features,
                    b: directions, ldb: features,
                    c: y.pointer, ldc: all)
                for r in 0..<rows.count { (to + r * count).update(from: y.pointer + r * all, count: count) }
            }
        }
        return answers
    }

    private static func assign(
        _ x: UnsafePointer<Float>, rows: Int, features: Int, centres: UnsafePointer<Float>, count: Int,
        into answers: UnsafeMutablePointer<Float>
    ) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: rows) { labels in
            guard let labels = labels.baseAddress else { return }
            let distances = FloatBuffer(count: rows)
            Centres.nearest(
                x, rows: rows, columns: features, centres: centres, count: count, labels: labels,
                distances: distances.pointer)
            for r in 0..<rows {
                answers[2 * r] = Float(labels[r])
                answers[2 * r + 1] = distances.pointer[r].squareRoot()
            }
        }
    }
}
