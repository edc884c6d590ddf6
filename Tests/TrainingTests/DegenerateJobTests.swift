import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import Testing
import Training

/// The smallest possible jobs give the same bits as with one member, and finite numbers.
@Suite(.serialized) struct DegenerateJobTests {
    static let adam = Optimizer.adam(learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)

    struct Case: Sendable, CustomStringConvertible {
        var description: String
        var samples: Int
        var classes: Int
        var features: Int
        var batch: Int?
        var microbatches: Int
        var members: [Int]
        var cuts: [Int]?
        var optimizer = adam
        var hasBatchNorm = true
        var maxSteps: Int?
        var loss = Loss.crossEntropy
    }

    static let cases = [
        Case(
            description: "one sample a batch", samples: 7, classes: 3, features: 4, batch: 1, microbatches: 1,
            members: [1, 2, 3]),
        Case(
            description: "one sample at all", samples: 1, classes: 2, features: 3, batch: 1, microbatches: 8,
            members: [1, 2, 8]),
        Case(
            description: "one class, one weight", samples: 5, classes: 1, features: 1, batch: 2,
            microbatches: 2, members: [1, 2],
            hasBatchNorm: false),
        Case(
            description: "more members than shards", samples: 300, classes: 4, features: 5, batch: 130,
            microbatches: 130,
            members: [1, 70], maxSteps: 7),
        Case(
            description: "a batch much smaller than V", samples: 11, classes: 2, features: 2, batch: 3,
            microbatches: 100,
            members: [1, 5, 9]),
        Case(
            description: "members without microbatches", samples: 50, classes: 3, features: 6, batch: 20,
            microbatches: 4, members: [5],
            cuts: [0, 0, 3, 3, 4, 4]),
        Case(
            description: "all samples in a batch, plain descent", samples: 33, classes: 3, features: 9,
            batch: nil, microbatches: 5,
            members: [1, 4], optimizer: .gradientDescent(learningRate: 0.1, momentum: 0),
            loss: .meanSquaredError),
        Case(
            description: "the end in mid-epoch", samples: 40, classes: 3, features: 9, batch: 9,
            microbatches: 3, members: [1, 3],
            optimizer: .gradientDescent(learningRate: 0.1, momentum: 0.9), maxSteps: 7),
    ]

    @Test(arguments: cases) func sameBits(_ item: Case) throws {
        var layers: [NamedLayer] = [NamedLayer("flatten", .flatten)]
        if item.hasBatchNorm {
            layers += [
                NamedLayer("a", .dense(units: 3, bias: true, initializer: .heNormal)),
                NamedLayer("a.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("a.relu", .activation(.relu)),
            ]
        }
        layers.append(
            NamedLayer(
                "head", .dense(units: item.classes, bias: item.hasBatchNorm, initializer: .xavierUniform)))
        let job = Job(
            name: "degenerate", seed: 3, data: DataSpec(train: .digits), layers: layers, loss: item.loss,
            optimizer: item.optimizer,
            batchSize: item.batch, microbatches: item.microbatches, epochs: 3, maxSteps: item.maxSteps)
        let data = try madeUp(item)
        let training = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        let (layout, names) = (training.plan.network.layout, job.momentNames)
        let quiet = try training.run(members: 1, lanes: 1)
        let hash = quiet.snapshot.stateSHA256(layout, momentNames: names)
        #expect(quiet.snapshot.step == training.plan.totalSteps)
        let values = [quiet.snapshot.parameters, quiet.snapshot.statistics] + quiet.snapshot.moments
        #expect(values.joined().allSatisfy { $0.isFinite })
        #expect(quiet.reports.values.allSatisfy { $0.loss.isFinite })
        for members in item.members {
            let result = try training.run(members: members, lanes: 2, cuts: item.cuts)
            #expect(result.snapshot.stateSHA256(layout, momentNames: names) == hash, "\(members) members")
            #expect(
                result.reports == quiet.reports && result.evaluations == quiet.evaluations,
                "\(members) members")
            // The training is stopped after every step and resumed from the tensors of a snapshot.
            let half = try training.run(members: members, lanes: 1, cuts: item.cuts, stopAfter: 1).snapshot
            let rest = try training.run(members: 1, lanes: 1, from: half)
            #expect(
                rest.snapshot.stateSHA256(layout, momentNames: names) == hash, "\(members) members, resumed")
            #expect(rest.snapshot.epochTotals == quiet.snapshot.epochTotals)
        }
    }

    private func madeUp(_ item: Case) throws -> DecodedData {
        let features = (0..<(item.samples * item.features)).map { Float(($0 * 7919) % 101) / 50 - 1 }
        let labels = (0..<item.samples).map { Int32($0 % item.classes) }
        let set = try Dataset.make(
            floats: features, sampleShape: [item.features], labels: labels,
            classNames: (0..<item.classes).map { "c\($0)" })
        return DecodedData(
            train: set, validation: set, test: nil, normalization: Normalization(.zScore, of: set))
    }
}
