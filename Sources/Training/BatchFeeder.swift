import Datasets
import NeuralNetwork

/// Puts the samples of a step's local microbatches, normalised, where the network reads them.
final class BatchFeeder {
    let targets: BatchTargets
    private let plan: TrainingPlan
    private let data: DecodedData
    private var epoch = -1
    private var order: [Int] = []

    init(plan: TrainingPlan, data: DecodedData, slots: Int, rows: Int) {
        (self.plan, self.data) = (plan, data)
        targets = BatchTargets(plan, slots: slots, rows: rows)
    }

    func load(step: Int, microbatches: [Int], into input: SlotMatrix) {
        let geometry = plan.geometry
        let current = step / geometry.stepsPerEpoch
        if current != epoch {
            order = SampleOrder.ofEpoch(current, count: geometry.sampleCount, seed: plan.job.seed)
            epoch = current
        }
        let batch = geometry.positions(ofStep: step)
        for (slot, microbatch) in microbatches.enumerated() {
            let part = geometry.samples(ofMicrobatch: microbatch, inBatchOf: batch.count)
            let samples = order[(batch.lowerBound + part.lowerBound)..<(batch.lowerBound + part.upperBound)]
            data.train.gather(samples, normalization: data.normalization, into: input.row(slot))
            targets.load(samples, of: data.train, slot: slot, input: input)
        }
    }

    /// Which sample of the training set is in a row of a microbatch of the step that was loaded.
    func sample(step: Int, microbatch: Int, row: Int) -> Int {
        let batch = plan.geometry.positions(ofStep: step)
        return order[batch.lowerBound + plan.geometry.samples(ofMicrobatch: microbatch, inBatchOf: batch.count).lowerBound + row]
    }
}
