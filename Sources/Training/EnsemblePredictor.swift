import Datasets
import Kernels
import NeuralNetwork

/// Several models that answer together: the mean of their probabilities, or of their values, in the order in which they were given.
package final class EnsemblePredictor {
    package let members: [Predictor]

    package init(_ members: [Predictor]) {
        precondition(!members.isEmpty, "an ensemble has members")
        self.members = members
    }

    package var capacity: Int { members[0].capacity }
    package var isSingle: Bool { members.count == 1 }

    /// What the members say of some samples.
    package struct Answer {
        /// Probabilities or values, `[samples, outputs]`.
        package let readable: FloatBuffer
        /// By what a class is chosen: the largest is it. A single model's outputs, an ensemble's `readable`.
        package let scores: FloatBuffer
    }

    package func answer(_ samples: Range<Int>, of dataset: Dataset) throws -> Answer {
        for member in members { try member.compute(samples, of: dataset) }
        guard members.count > 1 else { return Answer(readable: members[0].readable(), scores: members[0].outputs()) }
        let mean = mean()
        return Answer(readable: mean, scores: mean)
    }

    /// Outputs that stand for the mean answer: what a loss of the first member's kind takes.
    package func outputs(_ samples: Range<Int>, of dataset: Dataset) throws -> FloatBuffer {
        for member in members { try member.compute(samples, of: dataset) }
        let mean = mean()
        members[0].plan.outputForm.makeOutputs(mean)
        return mean
    }

    /// Sums go over the members in order, in doubles.
    private func mean() -> FloatBuffer {
        let answers = members.map { $0.readable() }
        let mean = FloatBuffer(count: answers[0].count)
        for i in 0..<mean.count {
            var sum = 0.0
            for answer in answers { sum += Double(answer.pointer[i]) }
            mean.pointer[i] = Float(sum / Double(answers.count))
        }
        return mean
    }
}
