import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// What a k-means or PCA job has found, applied to samples.
package final class MeasuredModel {
    private enum Kind {
        /// `[clusters, features]`
        case centres(UnsafePointer<Float>, count: Int)
        /// A mean `[features]` and directions `[rows, features]`, of which the first `count` mean something.
        case directions(mean: UnsafePointer<Float>, UnsafePointer<Float>, rows: Int, count: Int)
    }

    private let kind: Kind
    private let statistics: FloatBuffer
    private let normalization: Normalization
    private let features: Int
    private let lanes: LanePool

    /// Nil for a job that trains a model.
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
        (self.statistics, self.normalization, self.lanes) = (buffer, normalization, lanes)
        features = plan.network.inputShape.count
    }

    /// What `answer` gives for each sample: the number of its cluster and the distance to that cluster's centre, or its principal components.
    package var columns: [String] {
        switch kind {
        case .centres: ["cluster", "distance"]
        case .directions(_, _, _, let count): (0..<count).map { "component_\($0)" }
        }
    }

    package var areClusters: Bool { if case .centres = kind { true } else { false } }

    /// `[samples, columns]`, in chunks of fixed size as in the job's evaluations.
    package func answer(_ samples: Range<Int>, of dataset: Dataset) -> FloatBuffer {
        let (size, width) = (Evaluator.chunkSize, columns.count)
        let answers = FloatBuffer(count: samples.count * width)
        let chunks = Evaluator.chunkCount(samples: samples.count)
        lanes.run(chunks) { [kind, features, normalization] chunk, _ in
            let rows = Array(
                (samples.lowerBound + chunk * size)..<min(
                    samples.upperBound, samples.lowerBound + (chunk + 1) * size))
            let (x, to) = (FloatBuffer(count: size * features), answers.pointer + chunk * size * width)
            dataset.gather(rows[...], normalization: normalization, into: x.pointer)
            switch kind {
            case .centres(let centres, let count):
                Self.assign(x.pointer, rows: rows.count, features, centres, count, to)
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
        _ x: UnsafePointer<Float>, rows: Int, _ features: Int, _ centres: UnsafePointer<Float>, _ count: Int,
        _ answers: UnsafeMutablePointer<Float>
    ) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: rows) { labels in
            guard let labels = labels.baseAddress else { return }
            let distances = FloatBuffer(count: rows)
            Centres.nearest(
                x, rows: rows, columns: features, centres: centres, count: count, labels: labels,
                distances: distances.pointer)
            for r in 0..<rows {
                (answers[2 * r], answers[2 * r + 1]) = (Float(labels[r]), distances.pointer[r].squareRoot())
            }
        }
    }
}
