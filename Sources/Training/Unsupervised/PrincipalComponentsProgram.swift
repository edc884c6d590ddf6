import Collectives
import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// Principal component analysis (https://doi.org/10.1080/14786440109462720) in one step. All members measure
/// the covariance together, and each then computes the same eigenvectors.
///
/// The running statistics have the names and signs of scikit-learn (the entry of largest magnitude of each
/// component is positive):
///
///     mean                       [D]
///     components                 [n, D]    unit rows, by descending variance
///     explained_variance         [n]       eigenvalues of the covariance Σ (x − m)(x − m)ᵀ / (N − 1)
///     explained_variance_ratio   [n]       shares of the total variance
///     component_count            [1]       components in use; fewer than n if a fraction of the variance was
///                                          asked for, and the rows behind them are zero (in a checkpoint's
///                                          file they are left out: n is this number there)
///     whitening                  [n, D]    with `whiten`: components / √explained_variance
///
/// The loss is the mean squared error, per feature, of reconstructing a sample from its components.
final class PrincipalComponentsProgram: StepProgram {
    private let context: StepContext
    private let spec: PrincipalComponentsSpec
    private let reader: SampleReader
    private let leaves: LeafSamples

    init(_ context: StepContext, _ spec: PrincipalComponentsSpec) {
        self.context = context
        self.spec = spec
        reader = SampleReader(context.data.train, context.data.normalization)
        leaves = LeafSamples(context.collective, count: reader.count)
    }

    /// The running statistics, all zero at first.
    /// - Parameter n: the largest number of components.
    static func statistics(
        _ spec: PrincipalComponentsSpec, components n: Int, features: Int
    ) -> [MeasuredStatistic] {
        [
            MeasuredStatistic("mean", [features], hasSampleAxis: true),
            MeasuredStatistic("components", [n, features], hasSampleAxis: true),
            MeasuredStatistic("explained_variance", [n]), MeasuredStatistic("explained_variance_ratio", [n]),
            MeasuredStatistic("component_count", [1]),
        ] + (spec.whiten ? [MeasuredStatistic("whitening", [n, features], hasSampleAxis: true)] : [])
    }

    /// The matrix products whose bits the fingerprint checks.
    static func products(_ network: NetworkPlan) -> [MatrixProduct] {
        let features = network.inputShape.count
        let components = network.layout.statistic("explained_variance").count
        return MatrixProduct.scatter(columns: features) + [
            MatrixProduct(transposeB: true, m: Evaluator.chunkSize, n: components, k: features),
            MatrixProduct(m: Evaluator.chunkSize, n: features, k: components),
        ]
    }

    private func values(_ name: String) -> UnsafeMutablePointer<Float> {
        context.state.statistics.pointer + context.plan.network.layout.statistic(name).lowerBound
    }

    private var rows: Int { context.plan.network.layout.statistic("explained_variance").count }

    func run(_ step: Int) throws -> ControlWord {
        context.entered(.data, step)
        let measured = try CovarianceMeasurement(reader, leaves, context).measure(exchange: 0, step: step)
        context.entered(.forward, step)
        let features = reader.features
        var total = 0.0
        for i in 0..<features { total += measured.covariance.pointer[i * features + i] }
        guard
            let eigen = SymmetricEigen(
                measured.covariance, size: features, vectorCount: rows, lanes: context.lanes)
        else {
            throw MeasurementError(
                description: "the covariance of the training set has no eigenvectors that can be computed")
        }
        let kept = keep(eigen, measured.mean, total: total)
        for localMicrobatch in leaves.samples.indices {
            context.plan.trainReport.write(
                StepSums(), into: context.collective.reportLeaf(localMicrobatch: localMicrobatch))
        }
        if let localMicrobatch = leaves.localMicrobatch(ofLeaf: 0) {
            let n = Double(reader.count)
            context.plan.trainReport.write(
                StepSums(loss: kept.lost * (n - 1) / Double(features), share: kept.ratio * n, samples: n),
                into: context.collective.reportLeaf(localMicrobatch: localMicrobatch))
        }
        context.entered(.waiting, step)
        return try context.collective.complete(step: step).control
    }

    /// Writes the running statistics. Returns the variance that is lost and the share that is kept.
    private func keep(_ eigen: SymmetricEigen, _ mean: [Float], total: Double) -> (
        lost: Double, ratio: Double
    ) {
        let features = reader.features
        let variances = eigen.values.map { max(0, $0) }
        let ratios = variances.map { total > 0 ? $0 / total : 0 }
        let count = count(ratios)
        for (i, m) in mean.enumerated() { values("mean")[i] = m }
        values("component_count")[0] = Float(count)
        for row in 0..<count {
            values("explained_variance")[row] = Float(variances[row])
            values("explained_variance_ratio")[row] = Float(ratios[row])
            let from = eigen.vectors.pointer + row * features
            let to = values("components") + row * features
            for c in 0..<features { to[c] = Float(from[c]) }
            guard spec.whiten else { continue }
            let factor = variances[row] > 0 ? 1 / ScalarMath.sqrt(variances[row]) : 0
            let whitened = values("whitening") + row * features
            for c in 0..<features { whitened[c] = Float(from[c] * factor) }
        }
        return (variances[count...].reduce(0, +), ratios[..<count].reduce(0, +))
    }

    /// The number of components in use.
    private func count(_ ratios: [Double]) -> Int {
        guard case .variance(let fraction) = spec.components else { return rows }
        var sum = 0.0
        for (i, ratio) in ratios.prefix(rows).enumerated() {
            sum += ratio
            if sum > fraction { return i + 1 }
        }
        return rows
    }

    /// The squared error of reconstruction of each chunk.
    func evaluate(_ set: EvaluationSet, chunks: Range<Int>) throws -> [Double] {
        guard let dataset = context.data[set] else { return [] }
        let features = reader.features
        let rows = rows
        let size = Evaluator.chunkSize
        let reader = SampleReader(dataset, context.data.normalization)
        let scatter = Scatter(columns: features)
        let width = context.plan.evaluationReport.width
        let reports = DoubleBuffer(count: chunks.count * width)
        let scratch = (0..<context.lanes.lanes).map { _ in FloatBuffer(count: size * (2 * features + rows)) }
        context.lanes.run(chunks.count) { task, lane in
            let chunk = chunks.lowerBound + task
            let samples = (chunk * size)..<min(dataset.count, (chunk + 1) * size)
            let x = scratch[lane].pointer
            let back = x + size * features
            let y = x + 2 * size * features
            reader.read(samples, into: x)
            scatter.centre(x, rows: samples.count, by: values("mean"))
            BLAS.multiply(
                transposeB: true, m: size, n: rows, k: features, a: x, lda: features, b: values("components"),
                ldb: features, c: y,
                ldc: rows)
            BLAS.multiply(
                m: size, n: features, k: rows, a: y, lda: rows, b: values("components"), ldb: features,
                c: back, ldc: features)
            var error = 0.0
            for r in 0..<samples.count {
                error += Double(
                    Centres.squaredDistance(x + r * features, back + r * features, count: features))
            }
            context.plan.evaluationReport.write(
                StepSums(loss: error / Double(features), samples: Double(samples.count)),
                into: reports.pointer + task * width)
        }
        return Array(reports.elements)
    }
}

extension LeafSamples {
    /// Divides the training set among the leaves of a generation's full batch.
    init(_ collective: Collective, count: Int) {
        let plan = collective.plan(at: 0)
        self.init(leaves: plan.tree.leaves, local: plan.leaves(of: collective.rank), count: count)
    }
}

extension DecodedData {
    subscript(_ name: EvaluationSet) -> Dataset? { name == .validation ? validation : test }
}
