import Datasets
import Kernels
import NeuralNetwork

/// Puts the samples of a step's local microbatches, augmented and normalised, where the network reads them.
final class BatchFeeder {
    let targets: BatchTargets
    private let plan: TrainingPlan
    private let data: DecodedData
    private let augmenter: Augmenter?
    private let lanes: LanePool
    private var epoch = -1
    private var order: [Int] = []

    init(plan: TrainingPlan, data: DecodedData, localMicrobatches: Int, rows: Int, lanes: LanePool) {
        self.plan = plan
        self.data = data
        self.lanes = lanes
        augmenter = plan.job.data.augmentation.map {
            let mean = data.normalization.kind == .zScore ? data.normalization.shift : nil
            return Augmenter($0, of: data.train, seed: plan.job.seed, mean: mean)
        }
        targets = BatchTargets(plan, localMicrobatches: localMicrobatches, rows: rows)
    }

    /// Loads the samples of a step's microbatches.
    func load(step: Int, microbatches: [Int], into input: MicrobatchMatrix) -> LoadedBatch {
        let geometry = plan.geometry
        let current = step / geometry.stepsPerEpoch
        if current != epoch {
            order = makeOrder(ofEpoch: current)
            epoch = current
        }
        let positions = geometry.positions(ofStep: step)
        let batch = order[positions]
        let parts = microbatches.map { microbatch in
            let part = geometry.samples(ofMicrobatch: microbatch, inBatchOf: batch.count)
            return order[(positions.lowerBound + part.lowerBound)..<(positions.lowerBound + part.upperBound)]
        }
        for (localMicrobatch, samples) in parts.enumerated() {
            loadFeatures(samples, into: input.row(localMicrobatch))
            targets.load(samples, of: data.train, localMicrobatch: localMicrobatch, input: input)
        }
        return LoadedBatch(
            batch, parts, of: data.train, sequenceLength: plan.network.sequenceLength)
    }

    private func makeOrder(ofEpoch epoch: Int) -> [Int] {
        let (count, seed) = (plan.geometry.sampleCount, plan.job.seed)
        guard data.train.isRagged else { return SampleOrder.ofEpoch(epoch, count: count, seed: seed) }
        return SampleOrder.ofEpoch(epoch, count: count, seed: seed, batchSize: plan.geometry.batchSize) {
            data.train.length(ofSample: $0)
        }
    }

    /// Which sample of the training set is in a row of a microbatch of the step that was loaded.
    func sample(step: Int, microbatch: Int, row: Int) -> Int {
        let batch = plan.geometry.positions(ofStep: step)
        return order[
            batch.lowerBound
                + plan.geometry.samples(ofMicrobatch: microbatch, inBatchOf: batch.count).lowerBound + row]
    }

    /// Augmentation costs as much as a small layer: the lanes share the samples out, a few at a time.
    private func loadFeatures(_ samples: ArraySlice<Int>, into rows: UnsafeMutablePointer<Float>) {
        guard let augmenter else {
            return data.train.gather(samples, normalization: data.normalization, into: rows)
        }
        let (count, size, perTask) = (samples.count, data.train.sampleSize, 8)
        lanes.run((count + perTask - 1) / perTask) { [data, epoch] task, _ in
            for i in (task * perTask)..<min(count, (task + 1) * perTask) {
                let row = rows + i * size
                augmenter.write(sample: samples[samples.startIndex + i], epoch: epoch, into: row)
                data.train.normalize(row, by: data.normalization)
            }
        }
    }
}
