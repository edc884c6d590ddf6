import Datasets
import Jobs
import NeuralNetwork

// The default of `batch.microbatches`, V.
extension TrainingPlan {
    /// V of a job that leaves it out: the largest power of two from 1 to 8 that leaves `leastSamples` samples
    /// or more in each microbatch.
    ///
    /// Each microbatch costs one pass over the gradients, whatever its size: the more parameters, the more
    /// samples must pay for it. A batch norm that normalises each microbatch by itself makes V a part of the
    /// model; there V is what it has always been.
    static func defaultMicrobatches(_ network: NetworkPlan, batchSize: Int) -> Int {
        if network.normalizesMicrobatches {
            return BatchGeometry.microbatchesOfVersion02(batchSize: batchSize)
        }
        return BatchGeometry.defaultMicrobatches(
            batchSize: batchSize, leastSamples: leastSamples(parameters: network.layout.parameterCount))
    }

    /// The samples that pay for a microbatch of a model with so many trained parameters.
    static func leastSamples(parameters: Int) -> Int { parameters < 1 << 16 ? 4 : 8 }

    /// V of a job that measures the data.
    static func measuringMicrobatches(_ job: Job, _ facts: DataFacts) -> Int {
        job.microbatches ?? BatchGeometry.microbatchesOfVersion02(batchSize: facts.trainCount)
    }
}

extension JobFile {
    /// The job of a plan: with the number of microbatches that the plan chose.
    package func planned(_ plan: TrainingPlan) -> JobFile { withMicrobatches(plan.geometry.microbatches) }
}
