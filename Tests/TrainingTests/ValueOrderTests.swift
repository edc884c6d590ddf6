import Datasets
import NeuralNetwork
import TestSupport
import Testing
import Training

/// The values of images leave the program in PyTorch's order, channels first.
@Suite struct ValueOrderTests {
    private static let facts = DataFacts(
        sampleShape: [2, 2, 3], classCount: 4, trainCount: 8, validationCount: 0, testCount: 0)

    private func plan(_ fields: [String: String]) throws -> TrainingPlan {
        try TrainingPlan(load(config(fields)).job, Self.facts)
    }

    private static let autoencoder = [
        "data": #"{train: {builtin: "digits"}, target: "input"}"#, "loss": #""mse""#,
    ]

    /// A flat output is compared with the image's values in the order of PyTorch's `flatten`.
    @Test func flatReconstructionsHaveChannelsFirst() throws {
        let plan = try plan(
            Self.autoencoder.merging(["model": #"["flatten", {dense: 5}, {dense: 12}]"#]) { $1 })
        #expect(plan.reconstructedImage == TensorShape([2, 2, 3]) && plan.dependsOnChannelOrder)
        let input = MicrobatchMatrix(localMicrobatches: 1, rows: 2, width: 12)
        for i in 0..<24 { input.row(0)[i] = Float(i) }
        let targets = BatchTargets(plan, localMicrobatches: 1, rows: 2)
        let dataset = try Dataset.madeUp(MadeUpData(shape: [2, 2, 3], classes: 4, samples: 2).form)
        targets.load([0, 1][...], of: dataset, localMicrobatch: 0, input: input)
        let expected: [Float] = [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]
        #expect((0..<12).map { targets.values(0)[$0] } == expected)
        #expect((12..<24).map { targets.values(0)[$0] } == expected.map { $0 + 12 })
    }

    @Test func imagesAreComparedAsTheyLie() throws {
        let model = #"[{conv: 3, kernel: 1}]"#
        let plan = try plan(Self.autoencoder.merging(["model": model]) { $1 })
        #expect(plan.reconstructedImage == nil && !plan.dependsOnChannelOrder)
    }

    /// An axis that counts the values of a sample is in another order in files than in memory.
    @Test func statisticsOfImages() {
        var layout = ParameterLayout()
        let image = TensorShape([2, 2, 3])
        _ = layout.addStatistic("counts", shape: [12], initial: 0)
        _ = layout.addStatistic("centres", shape: [2, 12], images: [nil, image], initial: 0)
        _ = layout.addStatistic("matrix", shape: [12, 12], images: [image, image], initial: 0)
        var memory = [Float](repeating: 0, count: layout.statisticsCount)
        for tensor in layout.statistics {
            for i in tensor.range { memory[i] = Float(i - tensor.range.lowerBound) }
        }
        let order = [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]
        let files = layout.statistics.map { $0.toFile(memory) }
        #expect(files[0] == (0..<12).map { Float($0) })
        #expect(files[1] == (0..<2).flatMap { row in order.map { Float(12 * row + $0) } })
        #expect(files[2] == order.flatMap { row in order.map { Float(12 * row + $0) } })
        var back = [Float](repeating: 0, count: layout.statisticsCount)
        for (tensor, values) in zip(layout.statistics, files) { tensor.fromFile(values, into: &back) }
        #expect(back == memory)
    }
}
