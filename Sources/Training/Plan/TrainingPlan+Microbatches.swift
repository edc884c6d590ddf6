import Datasets
import Jobs
import NeuralNetwork

// The default of `batch.microbatches`, V.
extension TrainingPlan {
    /// V of a job that leaves it out: the largest power of two from 2 to 8 that leaves 16 samples or more in
    /// each microbatch; 2 for smaller batches, so that two workers share them. Positions of sequences count
    /// like samples, but a microbatch has whole sequences.
    ///
    /// Each microbatch costs a pass over the gradients and the start of each layer, whatever its size; more
    /// samples pay for it. A batch norm that normalises each microbatch by itself makes V a part of the
    /// model; there V is what it was in version 0.2.
    static func defaultMicrobatches(_ network: NetworkPlan, batchSize: Int) -> Int {
        if network.normalizesMicrobatches {
            return BatchGeometry.microbatchesOfVersion02(batchSize: batchSize)
        }
        if let length = network.sequenceLength {
            return BatchGeometry.defaultMicrobatches(ofSequences: batchSize, positions: length)
        }
        return max(
            min(2, batchSize), BatchGeometry.defaultMicrobatches(batchSize: batchSize, leastSamples: 16))
    }

    /// V of a job that measures the data.
    static func measuringMicrobatches(_ job: Job, _ facts: DataFacts) -> Int {
        job.microbatches ?? BatchGeometry.microbatchesOfVersion02(batchSize: facts.trainCount)
    }
}

extension JobFile {
    /// The job of a plan: with the number of microbatches that the plan chose.
    package func planned(_ plan: TrainingPlan) -> JobFile { withMicrobatches(plan.geometry.microbatches) }
}
