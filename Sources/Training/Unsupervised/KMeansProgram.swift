import Collectives
import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// The steps of k-means, each of which goes over the whole training set. With k-means++ the first K steps
/// choose one centre each (`KMeansSeeding`). Every later step is one of Lloyd's iterations:
///
///     every sample joins the nearest centre, the first of equals; its squared distance adds to the inertia
///     sums and counts of the clusters go over the tree; a cluster's new centre is the mean of its samples
///
/// An empty cluster takes the sample that is farthest from its centre, and that sample leaves its cluster
/// (see `KMeansUpdate`). The job ends when the centres move by no more than the tolerance. The loss of a step
/// is the inertia per sample, for the centres that the step began with; during seeding for those that it
/// ended with.
final class KMeansProgram: StepProgram {
    private let context: StepContext
    private let spec: KMeansSpec
    private let layout: KMeansLayout
    private let reader: SampleReader
    private let leaves: LeafSamples
    private let seeding: KMeansSeeding
    private let scratch: [ChunkScratch]

    init(_ context: StepContext, _ spec: KMeansSpec) {
        self.context = context
        self.spec = spec
        reader = SampleReader(context.data.train, context.data.normalization)
        leaves = LeafSamples(context.collective, count: reader.count)
        layout = KMeansLayout(
            clusters: spec.clusters, features: reader.features, classes: context.plan.facts.classCount ?? 0,
            leaves: leaves.leaves,
            trials: spec.trials)
        let features = reader.features
        scratch = (0..<context.lanes.lanes).map { _ in ChunkScratch(features: features) }
        seeding = KMeansSeeding(context, layout: layout, reader: reader, leaves: leaves, scratch: scratch)
    }

    private func values(_ name: String) -> UnsafeMutablePointer<Float> {
        context.state.statistics.pointer + context.plan.network.layout.statistic(name).lowerBound
    }

    func run(_ step: Int) throws -> ControlWord {
        let centroids = values(KMeansLayout.centroids)
        let chosen = values(KMeansLayout.chosen)
        if step < spec.seedingSteps {
            try seeding.choose(step, centroids)
            chosen[0] = Float(step + 1)
        } else {
            if KMeansLayout.chosenCount(chosen[0], of: layout.clusters) < layout.clusters {
                takeSamples(centroids)
                chosen[0] = Float(layout.clusters)
            }
            try iterate(step, centroids)
        }
        context.entered(.waiting, step)
        return try context.collective.complete(step: step).control
    }

    /// Takes the first centres without seeding: the first samples, or samples drawn at random.
    private func takeSamples(_ centroids: UnsafeMutablePointer<Float>) {
        var stream = RandomStream(seed: context.plan.job.seed, purpose: .initialization)
        let order =
            spec.initialization == .random ? stream.permutation(reader.count) : Array(0..<layout.clusters)
        for (k, sample) in order.prefix(layout.clusters).enumerated() {
            reader.read(sample..<(sample + 1), into: centroids + k * layout.features)
        }
    }

    // MARK: - Iterations

    private func iterate(_ step: Int, _ centroids: UnsafeMutablePointer<Float>) throws {
        let collective = context.collective
        context.entered(.forward, step)
        var inertias = [Double](repeating: 0, count: leaves.samples.count)
        inertias.withUnsafeMutableBufferPointer { inertias in
            context.lanes.run(leaves.samples.count) { localMicrobatch, lane in
                inertias[localMicrobatch] = sum(
                    localMicrobatch, centroids: centroids, scratch: scratch[lane],
                    into: collective.leaf(KMeansLayout.Exchange.iteration, localMicrobatch: localMicrobatch))
            }
        }
        let sums = try context.combine(KMeansLayout.Exchange.iteration, step: step, within: .forward)
        context.entered(.backward, step)
        let update = KMeansUpdate(layout, sums, reader)
        let moved = update.apply(to: centroids)
        for k in 0..<layout.clusters {
            values(KMeansLayout.counts)[k] = Float(sums[layout.sums.sampleCounts + k])
        }
        let right = layout.classes > 0 ? majority(sums) : 0
        let isOver = moved <= spec.tolerance
        for (localMicrobatch, samples) in leaves.samples.enumerated() {
            var report = StepSums(loss: inertias[localMicrobatch], samples: Double(samples.count))
            // Numbers of the whole training set are reported once, with the first leaf.
            if leaves.first + localMicrobatch == 0 {
                report.share = right
                report.isOver = isOver
            }
            context.plan.trainReport.write(
                report, into: collective.reportLeaf(localMicrobatch: localMicrobatch))
        }
    }

    /// Writes the vector of a leaf. Returns its inertia.
    private func sum(
        _ localMicrobatch: Int, centroids: UnsafePointer<Float>, scratch: ChunkScratch,
        into leaf: UnsafeMutablePointer<Double>
    ) -> Double {
        let offsets = layout.sums
        let features = layout.features
        let labels = reader.labels
        leaf.update(repeating: 0, count: offsets.count)
        let farthest = leaf + offsets.farthest + 3 * (leaves.first + localMicrobatch)
        farthest[0] = -1
        var inertia = 0.0
        scratch.forEachChunk(leaves.samples[localMicrobatch], reader) { chunk, x in
            Centres.nearest(
                x, rows: chunk.count, columns: features, centres: centroids, count: layout.clusters,
                labels: scratch.labels,
                distances: scratch.distances.pointer)
            Centres.addRows(x, rows: chunk.count, columns: features, labels: scratch.labels, to: leaf)
            for r in 0..<chunk.count {
                let k = Int(scratch.labels[r])
                let distance = Double(scratch.distances.pointer[r])
                inertia += distance
                leaf[offsets.sampleCounts + k] += 1
                if layout.classes > 0 {
                    leaf[offsets.classCounts + k * layout.classes + Int(labels[chunk.lowerBound + r])] += 1
                }
                if distance > farthest[0] {
                    farthest[0] = distance
                    farthest[1] = Double(chunk.lowerBound + r)
                    farthest[2] = Double(k)
                }
            }
        }
        return inertia
    }

    /// Finds the most frequent class of each cluster, the first of equals. Returns the number of samples in a
    /// cluster of their class.
    private func majority(_ sums: UnsafePointer<Double>) -> Double {
        var right = 0.0
        for k in 0..<layout.clusters {
            let counts = sums + layout.sums.classCounts + k * layout.classes
            var best = 0
            for c in 1..<max(1, layout.classes) where counts[c] > counts[best] { best = c }
            values(KMeansLayout.majorityClass)[k] = counts[best] > 0 ? Float(best) : -1
            right += counts[best]
        }
        return right
    }

    // MARK: - Evaluation

    /// The inertia of each chunk; for data with classes also the number of samples in a cluster of their
    /// class.
    func evaluate(_ set: EvaluationSet, chunks: Range<Int>) throws -> [Double] {
        guard let dataset = context.data[set] else { return [] }
        let reader = SampleReader(dataset, context.data.normalization)
        let size = Evaluator.chunkSize
        let width = context.plan.evaluationReport.width
        let count = KMeansLayout.chosenCount(values(KMeansLayout.chosen)[0], of: layout.clusters)
        let reports = DoubleBuffer(count: chunks.count * width)
        context.lanes.run(chunks.count) { task, lane in
            let start = (chunks.lowerBound + task) * size
            let scratch = scratch[lane]
            var sums = StepSums()
            scratch.forEachChunk(start..<min(dataset.count, start + size), reader) { chunk, x in
                Centres.nearest(
                    x, rows: chunk.count, columns: layout.features, centres: values(KMeansLayout.centroids),
                    count: count,
                    labels: scratch.labels, distances: scratch.distances.pointer)
                for r in 0..<chunk.count {
                    sums.loss += Double(scratch.distances.pointer[r])
                    guard layout.classes > 0 else { continue }
                    let majority = values(KMeansLayout.majorityClass)[Int(scratch.labels[r])]
                    sums.share += majority == Float(reader.labels[chunk.lowerBound + r]) ? 1 : 0
                }
                sums.samples += Double(chunk.count)
            }
            context.plan.evaluationReport.write(sums, into: reports.pointer + task * width)
        }
        return Array(reports.elements)
    }
}

/// The memory of a lane for one chunk of samples.
final class ChunkScratch {
    static let rows = 128
    let samples: FloatBuffer
    let distances = FloatBuffer(count: ChunkScratch.rows)
    let labels = UnsafeMutablePointer<Int32>.allocate(capacity: ChunkScratch.rows)

    init(features: Int) { samples = FloatBuffer(count: Self.rows * features) }
    deinit { labels.deallocate() }

    /// Reads samples in runs of at most 128, and calls `body` with each run.
    func forEachChunk(
        _ range: Range<Int>, _ reader: SampleReader, _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.rows) {
            let chunk = start..<min(range.upperBound, start + Self.rows)
            reader.read(chunk, into: samples.pointer)
            body(chunk, samples.pointer)
        }
    }
}
