import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import Testing
import Training

/// The number of members and lanes, the sizes of pieces, and interruptions change no bit.
@Suite(.serialized) struct ExactnessTests {
    static func job(batch: Int, microbatches: Int, optimizer: Optimizer) -> Job {
        Job(
            name: "exact", seed: 7,
            data: DataSpec(train: .digits, validation: .digits, normalization: .zScore),
            layers: [
                NamedLayer("flatten", .flatten),
                NamedLayer("dense1", .dense(units: 48, bias: false, initializer: .heNormal)),
                NamedLayer("dense1.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("relu1", .activation(.relu)),
                NamedLayer("dense2", .dense(units: 20, bias: true, initializer: .xavierUniform)),
                NamedLayer("dense2.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("tanh2", .activation(.tanh)),
                NamedLayer("head", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy, optimizer: optimizer, batchSize: batch, microbatches: microbatches, epochs: 2
        )
    }

    static let adam = Optimizer.adam(learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)

    /// A training that reaches no accuracy would be equal everywhere too; chance is 0.1.
    @Test(arguments: [
        (200, 8, adam, 0.75), (97, 6, adam, 0.85),
        (64, 2, .gradientDescent(learningRate: 0.1, momentum: 0.9), 0.9), (5, 8, adam, 0.65),
    ])
    func membersAndLanes(batch: Int, microbatches: Int, optimizer: Optimizer, accuracy: Double) throws {
        var job = Self.job(batch: batch, microbatches: microbatches, optimizer: optimizer)
        if batch == 5 { job.maxSteps = 40 }
        let data = try DecodedData(reading: job.data)
        let training = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        let quiet = try training.run(members: 1, lanes: 1)
        let reached = try #require(quiet.evaluations[.validation]?.value(named: "accuracy"))
        #expect(reached >= accuracy)
        for members in 1...5 {
            for lanes in 1...2 {
                let result = try training.run(members: members, lanes: lanes)
                #expect(result.snapshot == quiet.snapshot, "members \(members), lanes \(lanes)")
                #expect(result.reports == quiet.reports)
                #expect(result.evaluations == quiet.evaluations)
            }
        }
    }

    /// Models of dense layers, convolutions, layer normalisation and GELU learn the digits, with the same
    /// bits on every number of members and lanes.
    @Test(arguments: [true, false]) func geluAndLayerNorm(hasImages: Bool) throws {
        var job = Self.job(batch: 97, microbatches: 6, optimizer: Self.adam)
        job.epochs = 6
        let norm = LayerSpec.layerNorm(epsilon: 1e-5, hasScale: true, hasShift: true)
        let front: [LayerSpec] =
            hasImages
            ? [
                .convolution(
                    channels: 12, window: Window(3, stride: 1, padding: .same), bias: true,
                    initializer: .heNormal), norm, .gelu(.tanh), .flatten,
            ] : [.flatten, .dense(units: 40, bias: true, initializer: .heNormal), .gelu(.exact)]
        let back: [LayerSpec] = [
            .dense(units: 20, bias: true, initializer: .xavierUniform), norm, .gelu(.exact),
            .dense(units: 10, bias: true, initializer: .xavierUniform),
        ]
        job.layers = (front + back).enumerated().map { NamedLayer("layer\($0)", $1) }
        let data = try DecodedData(reading: job.data)
        let training = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        let quiet = try training.run(members: 1, lanes: 1)
        #expect(try #require(quiet.evaluations[.validation]?.value(named: "accuracy")) > 0.9)
        for members in [1, 3, 5] {
            let result = try training.run(members: members, lanes: 2)
            #expect(result.snapshot == quiet.snapshot, "members \(members)")
            #expect(result.reports == quiet.reports)
            #expect(result.evaluations == quiet.evaluations)
        }
    }
}
