import Datasets
import Jobs
import Kernels
import NeuralNetwork

// Jobs that measure the data instead of training a model: what they keep as running statistics and exchange.
extension TrainingPlan {
    /// Largest number of features whose covariance is decomposed: its matrix has 128 MB, and takes minutes.
    private static let mostFeatures = 4096
    /// Most doubles that k-means exchanges in a step for each node of the tree: 8 MB.
    private static let mostSums = 1 << 20

    static func measured(_ job: Job, _ facts: DataFacts) throws(PlanError) -> NetworkPlan? {
        let features = facts.sampleShape.reduce(1, *)
        switch job.task {
        case .training: return nil
        case .kMeans(let spec):
            let microbatches = measuringMicrobatches(job, facts)
            let layout = KMeansLayout(
                clusters: spec.clusters, features: features, classes: facts.classCount ?? 0,
                leaves: min(microbatches, facts.trainCount),
                trials: spec.trials)
            guard spec.clusters <= facts.trainCount else {
                throw PlanError(
                    "the training set has \(facts.trainCount) samples for \(spec.clusters) clusters: "
                        + "lower `kmeans.clusters`"
                )
            }
            guard layout.sums.count <= mostSums else {
                throw PlanError(
                    "\(spec.clusters) clusters of \(features) features are too many sums "
                        + "(\(layout.sums.count)) to exchange in a step: "
                        + "lower `kmeans.clusters`, or `batch.microbatches`"
                )
            }
            return NetworkPlan(
                measuring: layout.statistics, input: TensorShape(facts.sampleShape),
                exchanges: layout.exchanges)
        case .principalComponents(let spec):
            try checkCovariance(features, facts.trainCount, "pca")
            let count = try componentCount(spec.components, features, facts.trainCount)
            return NetworkPlan(
                measuring: PrincipalComponentsProgram.statistics(spec, components: count, features: features),
                input: TensorShape(facts.sampleShape), exchanges: Scatter(columns: features).exchanges)
        }
    }

    /// The job's layers, behind the whitening of its input if it has one.
    static func layers(_ job: Job, _ facts: DataFacts) throws(PlanError) -> [NamedLayer] {
        guard let whitening = job.data.whitening else { return job.layers }
        let features = facts.sampleShape.reduce(1, *)
        try checkCovariance(features, facts.trainCount, "normalize")
        guard !job.layers.contains(where: { $0.name == WhiteningSpec.layerName }) else {
            throw PlanError(
                "the whitening of the input is called `\(WhiteningSpec.layerName)`: "
                    + "give the layer another name"
            )
        }
        if let components = whitening.components, components > min(features, facts.trainCount) {
            throw PlanError(
                "\(components) components are wanted of \(facts.trainCount) samples with \(features) "
                    + "features, which have at most \(min(features, facts.trainCount)): lower `components`"
            )
        }
        let outputs = whitening.kind == .zca ? nil : whitening.components ?? features
        return [NamedLayer(WhiteningSpec.layerName, .whitening(components: outputs))] + job.layers
    }

    static func checkCovariance(_ features: Int, _ samples: Int, _ name: String) throws(PlanError) {
        guard samples >= 2 else { throw PlanError("`\(name)` needs at least 2 training samples") }
        guard features <= mostFeatures else {
            throw PlanError(
                "samples have \(features) features, more than the \(mostFeatures) whose covariance `\(name)` "
                    + "can decompose: use smaller images or fewer columns"
            )
        }
    }

    /// Rows of the components' tensor; for a fraction of the variance, all that there can be.
    private static func componentCount(
        _ components: PrincipalComponentsSpec.Components, _ features: Int, _ samples: Int
    ) throws(PlanError) -> Int {
        let most = min(features, samples)
        guard case .count(let count) = components else { return most }
        guard count <= most else {
            throw PlanError(
                "\(count) components are wanted of \(samples) samples with \(features) features, "
                    + "which have at most \(most): lower `pca.components`"
            )
        }
        return count
    }

    // MARK: Reports and the job's end

    static func measuringReports(_ job: Job, _ facts: DataFacts) -> (
        train: ReportLayout, evaluation: ReportLayout
    ) {
        switch job.task {
        case .principalComponents, .training:
            return (
                ReportLayout(measuring: .explainedVarianceRatio, mayEnd: false),
                ReportLayout(measuring: nil, mayEnd: false)
            )
        case .kMeans:
            let purity = facts.classCount.map { _ in Metric.purity }
            return (
                ReportLayout(measuring: purity, mayEnd: true), ReportLayout(measuring: purity, mayEnd: false)
            )
        }
    }

    /// True if the job ends with the step that brings the count to `done`, as far as that step's report
    /// tells. The coordinator and rank 0 ask.
    package func endsJob(afterSteps done: Int, report: [Double]) -> Bool {
        done >= totalSteps || trainReport.isOver(report)
    }

    /// True if `endsJob` may end the job before `totalSteps`.
    package var mayEndOnReport: Bool { if case .kMeans = job.task { true } else { false } }

    /// Every distinct BLAS call of the job for microbatches of these sizes.
    func products(microbatchSizes: Set<Int>) -> [MatrixProduct] {
        switch job.task {
        case .training: network.products(microbatchSizes: microbatchSizes, chunkSize: chunkSize)
        case .kMeans: []
        case .principalComponents: PrincipalComponentsProgram.products(network)
        }
    }
}

/// The report of a leaf in a job without a model; the sums over leaves are the step's.
struct StepSums {
    /// Inertia, or squared error.
    var loss = 0.0
    /// Samples in the right cluster; or samples times the ratio of the variance that is explained.
    var share = 0.0
    var samples = 0.0
    /// The centres have come to rest.
    var isOver = false
}

extension ReportLayout {
    func write(_ sums: StepSums, into report: UnsafeMutablePointer<Double>) {
        write(loss: sums.loss, share: sums.share, samples: sums.samples, isOver: sums.isOver, into: report)
    }
}
