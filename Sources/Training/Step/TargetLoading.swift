import Datasets
import NeuralNetwork

extension BatchTargets {
    /// Room for the targets of a job.
    convenience init(_ plan: TrainingPlan, slots: Int, rows: Int) {
        let areClasses = if case .classes = plan.targets { true } else { false }
        self.init(
            slots: slots, rows: rows,
            width: plan.trainReport.needsValues ? plan.network.outputShape.count : nil,
            areClasses: areClasses, areInputs: plan.job.data.target == .input)
    }

    /// Puts the targets of samples into a slot, whose input is there already.
    func load(_ samples: ArraySlice<Int>, of dataset: Dataset, slot: Int, input: SlotMatrix) {
        if areInputs {
            values(slot).update(from: input.row(slot), count: samples.count * input.width)
        } else if areClasses {
            dataset.gatherLabels(samples, into: labels(slot))
            if hasValues { expandLabels(slot, count: samples.count) }
        } else {
            dataset.gatherValues(samples, into: values(slot))
        }
    }
}
