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
        targets = Self.makeTargets(plan, slots: slots, rows: rows)
    }

    static func makeTargets(_ plan: TrainingPlan, slots: Int, rows: Int) -> BatchTargets {
        let needsValues = plan.job.loss == .meanSquaredError
        return BatchTargets(
            slots: slots, rows: rows, width: needsValues ? plan.network.outputShape.count : nil,
            areClasses: plan.facts.classCount != nil)
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
            data.train.gatherLabels(samples, into: targets.labels(slot))
            if targets.hasValues { targets.expandLabels(slot, count: samples.count) }
        }
    }
}
