import Collectives
import Kernels

/// The seeding k-means++ (see `KMeansSpec`), one step for each centre. The first centre is any sample. Each
/// other centre is the best of some candidates, which are drawn with a probability proportional to the
/// squared distance to the nearest centre so far.
///
/// A draw first selects a leaf of the tree, by the leaves' sums in order, and then a sample of that leaf,
/// which the member that holds the leaf names. Draws are a function of the seed, the number of the centre,
/// the number of the candidate, and the data.
final class KMeansSeeding {
    private let context: StepContext
    private let layout: KMeansLayout
    private let reader: SampleReader
    private let leaves: LeafSamples
    private let scratch: [ChunkScratch]
    /// The squared distance of each local sample to the nearest of the first `known` centres, local
    /// microbatch after local microbatch. It is allocated at the start, because several lanes write to it at
    /// once.
    private let distances: FloatBuffer
    private var known = 0

    init(
        _ context: StepContext, layout: KMeansLayout, reader: SampleReader, leaves: LeafSamples,
        scratch: [ChunkScratch]
    ) {
        self.context = context
        self.layout = layout
        self.reader = reader
        self.leaves = leaves
        self.scratch = scratch
        distances = FloatBuffer(count: leaves.samples.reduce(0) { $0 + $1.count })
    }

    /// Writes centre `index` and the reports of the local leaves.
    func choose(_ index: Int, _ centroids: UnsafeMutablePointer<Float>) throws {
        context.entered(.forward, index)
        let centre = centroids + index * layout.features
        if index == 0 {
            var stream = RandomStream(seed: context.plan.job.seed, purpose: .initialization)
            let sample = stream.below(reader.count)
            reader.read(sample..<(sample + 1), into: centre)
        } else {
            try chooseBest(index, centroids)
        }
        updateDistances(index + 1, centroids)
        for (localMicrobatch, samples) in leaves.samples.enumerated() {
            context.plan.trainReport.write(
                StepSums(loss: potential(localMicrobatch), samples: Double(samples.count)),
                into: context.collective.reportLeaf(localMicrobatch: localMicrobatch))
        }
    }

    private func chooseBest(_ index: Int, _ centroids: UnsafeMutablePointer<Float>) throws {
        let collective = context.collective
        let features = layout.features
        updateDistances(index, centroids)
        for localMicrobatch in leaves.samples.indices {
            let leaf = collective.leaf(KMeansLayout.Exchange.potentials, localMicrobatch: localMicrobatch)
            leaf.update(repeating: 0, count: layout.leaves)
            leaf[leaves.first + localMicrobatch] = potential(localMicrobatch)
        }
        let potentials = try context.combine(KMeansLayout.Exchange.potentials, step: index, within: .forward)
        drawCandidates(index, potentials)
        let drawn = try context.combine(KMeansLayout.Exchange.candidates, step: index, within: .forward)
        let candidates = FloatBuffer(count: layout.trials * features)
        for t in 0..<layout.trials {
            guard let sample = Int(exactly: drawn[t]), (0..<reader.count).contains(sample) else {
                throw MeasurementError(
                    description:
                        "the members drew a sample that does not exist; check that all run the same version")
            }
            reader.read(sample..<(sample + 1), into: candidates.pointer + t * features)
        }
        tryCandidates(candidates)
        let outcomes = try context.combine(KMeansLayout.Exchange.outcomes, step: index, within: .forward)
        var best = 0
        for t in 1..<layout.trials where outcomes[t] < outcomes[best] { best = t }
        (centroids + index * features).update(from: candidates.pointer + best * features, count: features)
    }

    /// Updates the distances to the first `count` centres. The minimum does not depend on the number of
    /// updates.
    private func updateDistances(_ count: Int, _ centroids: UnsafePointer<Float>) {
        guard known < count else { return }
        let features = layout.features
        let new = centroids + known * layout.features
        context.lanes.run(leaves.samples.count) { localMicrobatch, lane in
            let scratch = scratch[lane]
            let samples = leaves.samples[localMicrobatch]
            let nearest = self.nearest(localMicrobatch)
            scratch.forEachChunk(samples, reader) { chunk, x in
                let start = nearest + (chunk.lowerBound - samples.lowerBound)
                Centres.nearest(
                    x, rows: chunk.count, columns: features, centres: new, count: count - known,
                    labels: scratch.labels,
                    distances: scratch.distances.pointer)
                for r in 0..<chunk.count {
                    let distance = scratch.distances.pointer[r]
                    start[r] = known == 0 ? distance : min(start[r], distance)
                }
            }
        }
        known = count
    }

    /// The distances of the samples in a local microbatch.
    private func nearest(_ localMicrobatch: Int) -> UnsafeMutablePointer<Float> {
        distances.pointer + leaves.samples[..<localMicrobatch].reduce(0) { $0 + $1.count }
    }

    /// The sum of a leaf's distances, in the order of its samples.
    private func potential(_ localMicrobatch: Int) -> Double {
        let nearest = nearest(localMicrobatch)
        var sum = 0.0
        for i in leaves.samples[localMicrobatch].indices {
            sum += Double(nearest[i - leaves.samples[localMicrobatch].lowerBound])
        }
        return sum
    }

    /// Draws the candidates, and writes the indices of those in local leaves.
    private func drawCandidates(_ index: Int, _ potentials: UnsafePointer<Double>) {
        var total = 0.0
        for leaf in 0..<layout.leaves { total += potentials[leaf] }
        for localMicrobatch in leaves.samples.indices {
            context.collective.leaf(KMeansLayout.Exchange.candidates, localMicrobatch: localMicrobatch)
                .update(
                    repeating: 0, count: layout.trials)
        }
        for t in 0..<layout.trials {
            var stream = RandomStream(
                seed: context.plan.job.seed, purpose: .initialization, major: index, minor: t)
            guard total > 0 else {  // every sample lies on a centre, so any sample will do
                let sample = stream.below(reader.count)
                if let localMicrobatch = leaves.localMicrobatch(ofLeaf: 0) {
                    context.collective.leaf(
                        KMeansLayout.Exchange.candidates, localMicrobatch: localMicrobatch)[t] =
                        Double(sample)
                }
                continue
            }
            var target = stream.uniform() * total
            var leaf = 0
            // Rounding may leave a remainder behind the last leaf, which falls on the last leaf with a
            // positive sum.
            let last = (0..<layout.leaves).last { potentials[$0] > 0 } ?? 0
            while leaf < last, target >= potentials[leaf] {
                target -= potentials[leaf]
                leaf += 1
            }
            guard let localMicrobatch = leaves.localMicrobatch(ofLeaf: leaf) else { continue }
            context.collective.leaf(KMeansLayout.Exchange.candidates, localMicrobatch: localMicrobatch)[t] =
                Double(
                    sample(localMicrobatch, at: target))
        }
    }

    /// The sample of a leaf that a draw selects.
    private func sample(_ localMicrobatch: Int, at target: Double) -> Int {
        let nearest = nearest(localMicrobatch)
        let samples = leaves.samples[localMicrobatch]
        var sum = 0.0
        var last = samples.lowerBound
        for i in 0..<samples.count where nearest[i] > 0 {
            sum += Double(nearest[i])
            last = samples.lowerBound + i
            if sum > target { break }
        }
        return last
    }

    /// Writes, for each candidate, the sum of squared distances with it as a further centre.
    private func tryCandidates(_ candidates: FloatBuffer) {
        let features = layout.features
        context.lanes.run(leaves.samples.count) { localMicrobatch, lane in
            let outcomes = context.collective.leaf(
                KMeansLayout.Exchange.outcomes, localMicrobatch: localMicrobatch)
            outcomes.update(repeating: 0, count: layout.trials)
            let nearest = nearest(localMicrobatch)
            let samples = leaves.samples[localMicrobatch]
            scratch[lane].forEachChunk(samples, reader) { chunk, x in
                for r in 0..<chunk.count {
                    let distance = nearest[chunk.lowerBound - samples.lowerBound + r]
                    for t in 0..<layout.trials {
                        let other = Centres.squaredDistance(
                            x + r * features, candidates.pointer + t * features, count: features)
                        outcomes[t] += Double(min(distance, other))
                    }
                }
            }
        }
    }
}
