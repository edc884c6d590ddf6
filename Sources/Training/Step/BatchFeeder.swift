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

    func load(step: Int, microbatches: [Int], into input: MicrobatchMatrix) {
        let geometry = plan.geometry
        let current = step / geometry.stepsPerEpoch
        if current != epoch {
            order = SampleOrder.ofEpoch(current, count: geometry.sampleCount, seed: plan.job.seed)
            epoch = current
        }
        let batch = geometry.positions(ofStep: step)
        for (localMicrobatch, microbatch) in microbatches.enumerated() {
            let part = geometry.samples(ofMicrobatch: microbatch, inBatchOf: batch.count)
            let samples = order[(batch.lowerBound + part.lowerBound)..<(batch.lowerBound + part.upperBound)]
            loadFeatures(samples, into: input.row(localMicrobatch))
            targets.load(samples, of: data.train, localMicrobatch: localMicrobatch, input: input)
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
