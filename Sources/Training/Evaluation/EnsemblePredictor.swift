import Datasets
import Kernels
import NeuralNetwork

/// Several models that predict together: the mean of their probabilities or values, in the order of the
/// members.
package final class EnsemblePredictor {
    package let members: [Predictor]

    package init(_ members: [Predictor]) {
        precondition(!members.isEmpty, "an ensemble has members")
        self.members = members
    }

    /// The largest number of samples that `answer` takes at once.
    package var capacity: Int { members.map(\.capacity).max() ?? 0 }
    /// Whether a sample's answer does not depend on its place among the samples.
    package var samplesAreIndependent: Bool { members.allSatisfy(\.samplesAreIndependent) }
    package var isSingle: Bool { members.count == 1 }

    /// The predictions of the ensemble for some samples.
    package struct Answer {
        /// Probabilities or values, `[samples, outputs]`.
        package let readable: FloatBuffer
        /// The class with the largest score is predicted. These are a single model's outputs, or an
        /// ensemble's `readable`.
        package let scores: FloatBuffer
    }

    /// Predicts samples of a data set, at most `capacity` of them.
    /// - Throws: what `Network.forward` throws.
    package func answer(_ samples: Range<Int>, of dataset: Dataset) throws -> Answer {
        guard members.count > 1 else {
            try members[0].compute(samples, of: dataset)
            return Answer(readable: members[0].readable(), scores: members[0].outputs())
        }
        let mean = try mean(samples, of: dataset)
        return Answer(readable: mean, scores: mean)
    }

    /// Returns the outputs of the first member's network that stand for an answer, which its loss takes.
    package func outputs(of answer: Answer) -> FloatBuffer {
        guard !isSingle else { return answer.scores }
        let outputs = FloatBuffer(count: answer.readable.count)
        _ = outputs.elements.update(from: answer.readable.elements)
        members[0].plan.outputForm.makeOutputs(outputs)
        return outputs
    }

    /// The mean over the members in their order, in doubles.
    private func mean(_ samples: Range<Int>, of dataset: Dataset) throws -> FloatBuffer {
        let answers = try members.map { try readable($0, samples, of: dataset) }
        let mean = FloatBuffer(count: answers[0].count)
        for i in 0..<mean.count {
            var sum = 0.0
            for answer in answers { sum += Double(answer.pointer[i]) }
            mean.pointer[i] = Float(sum / Double(answers.count))
        }
        return mean
    }

    /// The predictions of one member. Members may have chunks of different sizes. A sample keeps its position
    /// in its member's chunk whatever it is computed with, because the position decides how a matrix product
    /// rounds.
    private func readable(_ member: Predictor, _ samples: Range<Int>, of dataset: Dataset) throws
        -> FloatBuffer
    {
        let width = member.plan.network.outputShape.count
        let answers = FloatBuffer(count: samples.count * width)
        let chunk = member.plan.chunkSize
        for start in stride(
            from: samples.lowerBound / chunk * chunk, to: samples.upperBound, by: member.capacity)
        {
            let block = start..<min(samples.upperBound, start + member.capacity)
            try member.compute(block, of: dataset)
            let wanted = block.clamped(to: samples)
            let values = member.readable()
            withExtendedLifetime(values) {
                (answers.pointer + (wanted.lowerBound - samples.lowerBound) * width).update(
                    from: values.pointer + (wanted.lowerBound - start) * width, count: wanted.count * width)
            }
        }
        return answers
    }
}
