import Datasets
import Kernels
import NeuralNetwork

extension BatchTargets {
    /// Room for the targets of a job.
    package convenience init(_ plan: TrainingPlan, localMicrobatches: Int, rows: Int) {
        let output = plan.network.outputShape
        self.init(
            localMicrobatches: localMicrobatches, rows: rows * output.rowsPerSample,
            width: plan.trainReport.needsValues ? output.rowWidth : nil,
            areClasses: plan.targets.areLabels, areInputs: plan.job.data.target == .input,
            movedImage: plan.reconstructedImage)
    }

    /// Puts the targets of samples into a local microbatch, whose input is there already.
    package func load(
        _ samples: ArraySlice<Int>, of dataset: Dataset, localMicrobatch: Int, input: MicrobatchMatrix
    ) {
        if areInputs, let image = movedImage {
            ChannelOrder.channelsFirst(
                input.row(localMicrobatch), into: values(localMicrobatch), images: samples.count,
                positions: image.positions, channels: image.channels)
        } else if areInputs {
            values(localMicrobatch).update(
                from: input.row(localMicrobatch), count: samples.count * input.width)
        } else if areClasses, dataset.form.targets == .nextToken {
            dataset.gatherNextTokens(samples, into: labels(localMicrobatch))
        } else if areClasses {
            dataset.gatherLabels(samples, into: labels(localMicrobatch))
            if hasValues { expandLabels(localMicrobatch, count: samples.count) }
        } else {
            dataset.gatherValues(samples, into: values(localMicrobatch))
        }
    }
}
