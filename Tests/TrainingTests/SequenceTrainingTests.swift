import Collectives
import Datasets
import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

/// Whole trainings on sequences, by layers that treat each position by itself.
@Suite(.serialized) struct SequenceTrainingTests {
    private static let vocabulary = 11

    /// With dropout on its probabilities.
    private static var attention: AttentionOptions {
        var options = AttentionOptions(heads: 3)
        options.probabilityDropout = 0.2
        return options
    }

    private static func job(_ layers: [NamedLayer]? = nil, batch: Int = 20) -> Job {
        Job(
            name: "sequences", seed: 5, data: DataSpec(train: .digits),
            layers: layers ?? [
                NamedLayer("a", .dense(units: 9, bias: true, initializer: .heNormal)),
                NamedLayer("a.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("a.tanh", .activation(.tanh)),
                NamedLayer("norm", .layerNorm(epsilon: 1e-5, hasScale: true, hasShift: true)),
                NamedLayer("attention", .attention(attention)),
                NamedLayer("drop", .dropout(rate: 0.25)),
                NamedLayer("head", .dense(units: vocabulary, bias: true, initializer: .xavierUniform)),
            ], loss: .crossEntropy, metrics: [.accuracy, .perplexity, .top(3), .exactMatch],
            optimizer: .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: batch,
            epochs: 2)
    }

    /// A stream of 400 tokens.
    private static func tokens() -> [UInt8] {
        (0..<400).map { UInt8(($0 * $0 + $0 / 7) % vocabulary) }
    }

    /// 53 samples of 1 to 17 tokens, of which the first ones are often only read.
    private static func ragged() throws -> DecodedData {
        let samples = (0..<53).map { index in
            let length = 1 + index * 29 % 17
            return StreamSample(
                start: index * 7, length: length, firstCounted: index % 3 == 0 ? 0 : length / 2)
        }
        return try data(.table, samples, count: 53, length: 17)
    }

    private static func windows() throws -> DecodedData {
        try data(
            .windows(stride: 3), [], count: StreamForm.windows(of: 13, stride: 3, in: 400), length: 12)
    }

    private static func data(
        _ index: StreamForm.Index, _ samples: [StreamSample], count: Int, length: Int
    ) throws -> DecodedData {
        let form = DatasetForm(
            elementType: .uint8, sampleShape: [length, 1], count: count, targets: .nextToken,
            stream: StreamForm(positions: 400, vocabulary: vocabulary, index: index))
        let set = try Dataset.build(form, samples: samples) { features, _ in
            features.copyBytes(from: tokens())
        }
        return DecodedData(
            train: set, validation: set, test: nil, normalization: Normalization(.none, of: set))
    }

    /// The number of members and lanes changes no bit, whether samples have equal lengths or not, and each of
    /// up to five members has microbatches.
    @Test(arguments: [true, false]) func membersChangeNoBit(_ isRagged: Bool) throws {
        let data = try isRagged ? Self.ragged() : Self.windows()
        let plan = try TrainingPlan(Self.job(), data.facts)
        #expect(plan.targets == .tokens(Self.vocabulary) && plan.geometry.microbatches == 8)
        let training = LocalTraining(plan: plan, data: data)
        let quiet = try training.run(members: 1, lanes: 1)
        let first = try #require(quiet.reports[0]), last = try #require(quiet.reports[plan.totalSteps - 1])
        #expect(last.loss < first.loss)
        for members in [1, 3, 5] {
            let assignment = Assignment(even: plan.geometry.microbatches, members: members)
            #expect((0..<members).allSatisfy { !assignment.range(of: $0).isEmpty })
            for lanes in [1, 2] {
                let result = try training.run(members: members, lanes: lanes)
                #expect(
                    result.snapshot == quiet.snapshot && result.reports == quiet.reports,
                    "\(members) members, \(lanes) lanes")
                #expect(result.evaluations == quiet.evaluations, "\(members) members")
            }
        }
    }

    /// Sequences whose tokens are a few of many, so that a step looks up a few rows of a table; samples have
    /// unequal lengths, and shards of the table without any token of a batch.
    private static func manyTokens() throws -> DecodedData {
        let samples = (0..<53).map { StreamSample(start: $0 * 7, length: 1 + $0 * 29 % 17, firstCounted: 0) }
        let form = DatasetForm(
            elementType: .uint16, sampleShape: [17, 1], count: 53, targets: .nextToken,
            stream: StreamForm(positions: 400, vocabulary: 4000, index: .table))
        let set = try Dataset.build(form, samples: samples) { features, _ in
            for i in 0..<400 {
                let token = UInt16(i % 5 == 0 ? 3999 : i * i * 11 % 2000)
                features.storeBytes(of: token.littleEndian, toByteOffset: 2 * i, as: UInt16.self)
            }
        }
        return DecodedData(
            train: set, validation: set, test: nil, normalization: Normalization(.none, of: set))
    }

    /// Where most rows of a table have no gradient, members and lanes change no bit, and all rows are
    /// updated.
    @Test(arguments: [true, false]) func rowsOfTables(_ clipsAndAverages: Bool) throws {
        let data = try Self.manyTokens()
        var job = Self.job([
            NamedLayer("words", .embedding(entries: 4000, width: 12, initializer: .normal(deviation: 1))),
            NamedLayer("tanh", .activation(.tanh)),
            NamedLayer("head", .dense(units: 4000, bias: false, initializer: .xavierUniform)),
        ])
        job.metrics = nil
        if clipsAndAverages {
            job.optimization.clipping = .globalNorm(0.05)
            job.optimization.average = WeightAverage(decay: 0.8, isWarmed: true)
        }
        let plan = try TrainingPlan(job, data.facts)
        #expect(plan.geometry.microbatches >= 5 && plan.network.layout.sparse == [0..<48_000])
        let training = LocalTraining(plan: plan, data: data)
        let quiet = try training.run(members: 1, lanes: 1)
        // One of the last members has no microbatches.
        for members in [1, 3, 5, plan.geometry.microbatches + 1] {
            for lanes in [1, 2] {
                let result = try training.run(members: members, lanes: lanes)
                #expect(
                    result.snapshot == quiet.snapshot && result.reports == quiet.reports
                        && result.evaluations == quiet.evaluations, "\(members) members, \(lanes) lanes")
            }
        }
        // Token 3990 occurs nowhere: its row has no gradient. Token 3999 occurs in most batches.
        let moments = quiet.snapshot.moments[1]
        #expect((3990 * 12..<3991 * 12).allSatisfy { moments[$0] == 0 })
        #expect((3999 * 12..<4000 * 12).allSatisfy { moments[$0] > 0 })
    }

    /// Reports count the positions whose target counts.
    @Test func positionsCount() throws {
        let data = try Self.ragged()
        let plan = try TrainingPlan(Self.job(), data.facts)
        let result = try LocalTraining(plan: plan, data: data).run(members: 2, lanes: 1)
        let counted = (0..<53).reduce(0) { $0 + data.train.countedTargets(ofSample: $1) }
        let positions = (0..<53).reduce(0) { $0 + data.train.length(ofSample: $1) }
        #expect(counted < positions)
        #expect(result.evaluations[.validation]?.samples == Double(counted))
        let steps = plan.geometry.stepsPerEpoch
        #expect((0..<steps).reduce(0) { $0 + (result.reports[$1]?.samples ?? 0) } == Double(counted))
    }

    /// Without batch norm and dropout, a position is trained like a sample of a table: the same numbers, but
    /// for the order of sums.
    @Test func positionsTrainLikeSamples() throws {
        let layers = [
            NamedLayer("a", .dense(units: 9, bias: true, initializer: .heNormal)),
            NamedLayer("a.tanh", .activation(.tanh)),
            NamedLayer("head", .dense(units: Self.vocabulary, bias: true, initializer: .xavierUniform)),
        ]
        let sequences = try Self.ragged()
        let (set, tokens) = (sequences.train, Self.tokens())
        var (features, labels) = ([Float](), [Int32]())
        for index in 0..<set.count {
            let sample = set.streamSample(index)
            for position in sample.firstCounted..<sample.length {
                features.append(Float(tokens[sample.start + position]))
                labels.append(Int32(tokens[sample.start + position + 1]))
            }
        }
        let flat = try Dataset.make(
            floats: features, sampleShape: [1], labels: labels,
            classNames: (0..<Self.vocabulary).map { "\($0)" })
        let table = DecodedData(
            train: flat, validation: nil, test: nil, normalization: Normalization(.none, of: flat))
        func train(_ data: DecodedData, batch: Int) throws -> LocalTraining.Result {
            var job = Self.job(layers, batch: batch)
            job.optimizer = .gradientDescent(learningRate: 0.05, momentum: 0.9)
            job.metrics = [.accuracy]
            job.epochs = 6
            return try LocalTraining(plan: TrainingPlan(job, data.facts), data: data).run(
                members: 1, lanes: 1)
        }
        let (one, other) = (try train(sequences, batch: 53), try train(table, batch: labels.count))
        for (a, b) in zip(one.snapshot.parameters, other.snapshot.parameters) {
            #expect(abs(a - b) <= 1e-6 * max(1, abs(b)))
        }
        let (a, b) = (try #require(one.reports[5]), try #require(other.reports[5]))
        #expect(abs(a.loss - b.loss) < 1e-6 && a.samples == b.samples)
    }

    /// A job that does not fit its sequences is told so.
    @Test func misfitsAreTold() throws {
        let data = try Self.ragged()
        func problem(_ layers: [NamedLayer], _ loss: Loss = .crossEntropy) -> String {
            var job = Self.job(layers)
            job.loss = loss
            job.metrics = nil
            do {
                _ = try TrainingPlan(job, data.facts)
                return ""
            } catch { return error.description }
        }
        let dense = NamedLayer("head", .dense(units: 11, bias: true, initializer: .heNormal))
        #expect(
            problem([NamedLayer("head", .dense(units: 9, bias: true, initializer: .heNormal))])
                .contains("{dense: 11} at every position"))
        #expect(problem([dense], .meanSquaredError).contains("use cross_entropy"))
        #expect(problem([NamedLayer("f", .flatten), dense]).contains("unequal lengths"))
        #expect(problem([NamedLayer("p", .globalPool(.average)), dense]).contains("at every position"))
    }
}
