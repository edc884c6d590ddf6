import Datasets
import Jobs
import NeuralNetwork
import Testing
import Training

/// Tests of the measurement for `plan`. They check what follows from the job, and never how long something
/// takes.
@Suite struct StepMeasurementTests {
    @Test(arguments: [1, 3]) func measuresAJob(copies: Int) throws {
        let job = Job(
            name: "measured", seed: 3, data: DataSpec(train: .digits, normalization: .zScore),
            layers: [
                NamedLayer("a", .flatten),
                NamedLayer("b", .dense(units: 200, bias: false, initializer: .heNormal)),
                NamedLayer("c", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("d", .dense(units: 100, bias: true, initializer: .heNormal)),
                NamedLayer("e", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 128,
            microbatches: 4, epochs: 1)
        let data = try DecodedData(reading: job.data)
        let measured = try StepMeasurement(lanes: 1, seconds: 0, copies: copies).run(
            StepMeasurement.job(job), data)
        #expect(measured.microbatches == 4 && measured.samples == 128)
        #expect(measured.forwardExchanges == 1 && measured.backwardExchanges == 1)
        #expect(measured.exchangeBytes == 8 * (401 + 400) / 2)
        for cost in [measured.forward, measured.backward] {
            #expect(cost.fixed >= 0 && cost.perMicrobatch >= 0 && cost(4) > 0 && cost(0) == 0)
        }
        let used = try TrainingPlan(job, data.facts).network.layout.usedCount
        #expect(measured.buckets.reduce(0) { $0 + $1.bytes } == Double(4 * used))
        let completions = measured.buckets.map(\.completion)
        #expect(completions == completions.sorted() && completions.allSatisfy { (0...1).contains($0) })
        #expect(completions.last == 1, "the first layer's gradient ends backward")
        #expect(completions[0] < 1, "the last layer's comes before")
    }
}
