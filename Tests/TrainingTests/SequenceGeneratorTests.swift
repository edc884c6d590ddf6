import Jobs
import Kernels
import NeuralNetwork
import TestSupport
import Testing
import Training

/// Sequences that are continued token by token, against the network's pass over the whole of them.
@Suite struct SequenceGeneratorTests {
    /// The models that are tried: every kind of layer that can continue a sequence.
    static let models = [
        #"[{embedding: 37, width: 48}, {lstm: 40, layers: 2}, {dense: 37}]"#,
        #"[{embedding: 37, width: 24}, {gru: 33}, {rnn: 20}, {dense: 37}]"#,
        // As GPT-2: learned positions, a head that shares the table.
        #"[{embedding: 37, width: 48, name: "wte"}, {positions: true}, {residual: [{layer_norm: true}, "#
            + #"{attention: 3}]}, {residual: [{layer_norm: true}, {dense: 96, activation: "gelu"}, "#
            + #"{dense: 48}]}, {layer_norm: true}, {head: {tied: "wte"}}]"#,
        // As Llama: rotary positions, groups of heads, gated units.
        #"[{embedding: 37, width: 48}, {residual: [{rms_norm: true}, {attention: 6, kv_heads: 2, "#
            + #"rotary: {base: 10000}, bias: false}]}, {residual: [{rms_norm: true}, {dense: 128, bias: "#
            + #"false}, "#
            + #"{gated: "silu"}, {dense: 48, bias: false}]}, {rms_norm: true}, {dense: 37, bias: false}]"#,
        #"[{dense: 24}, "tanh", {dense: 37}]"#,
        #"[{dense: 40, activation: "gelu"}, {residual: [{dense: 40, activation: "relu"}]}, {dense: 37}]"#,
    ]
    private static let vocabulary = 37
    private static let context = 150

    private final class Bench {
        let plan: TrainingPlan
        let parameters: [Float]
        let statistics: [Float]
        let lanes: LanePool
        private let whole: Network

        init(_ model: String, lanes: Int = 1) throws {
            let job = try load(config(["model": model])).job
            plan = try TrainingPlan(job, SequenceGeneratorTests.facts)
            var random = RandomStream(seed: 5, purpose: .test)
            parameters = (0..<plan.network.layout.parameterSpace).map { _ in Float(random.normal()) * 0.2 }
            statistics = [Float](repeating: 1, count: plan.network.layout.statisticsCount)
            self.lanes = LanePool(lanes: lanes)
            whole = Network(
                plan: plan.network, localMicrobatches: 1, rows: 1, lanes: self.lanes, purpose: .inference)
        }

        deinit { lanes.close() }

        func generator(sequences: Int = 1) throws -> SequenceGenerator {
            try SequenceGenerator(
                plan: plan, parameters: parameters, statistics: statistics, sequences: sequences,
                lanes: lanes)
        }

        /// The bits of the logits behind a whole sequence.
        func logits(_ tokens: [Int]) throws -> [UInt32] {
            for (row, token) in tokens.enumerated() { whole.input.row(0, row).pointee = Float(token) }
            let (p, s) = (FloatBuffer(count: parameters.count), FloatBuffer(count: statistics.count))
            _ = p.elements.update(from: parameters)
            _ = s.elements.update(from: statistics)
            let pass = whole.makePass(
                rows: MicrobatchRows([1]), sequences: SequenceRows(lengths: [[tokens.count]]),
                parameters: p.pointer, statistics: s.pointer, training: nil)
            try whole.forward(pass)
            let last = whole.output.row(0, tokens.count - 1)
            return (0..<vocabulary).map { last[$0].bitPattern }
        }
    }

    private static let facts = DataFacts(
        sampleShape: [context, 1], classCount: nil, trainCount: 500, validationCount: 0, testCount: 0,
        sequences: SequenceFacts(vocabulary: vocabulary, isRagged: false, predictsNextToken: true))

    private static func tokens(_ count: Int, _ stream: Int = 0) -> [Int] {
        var random = RandomStream(seed: 6, purpose: .test, major: stream)
        return (0..<count).map { _ in random.below(vocabulary) }
    }

    private static func bits(_ generator: SequenceGenerator, _ sequence: Int = 0) -> [UInt32] {
        generator.logits(sequence).map(\.bitPattern)
    }

    /// Token by token, for every length up to the model's most positions (two tiles of 64 and more).
    @Test(arguments: models, [1, 2]) func everyLength(model: String, lanes: Int) async throws {
        try await onThread {
            let bench = try Bench(model, lanes: lanes)
            let (generator, tokens) = (try bench.generator(), Self.tokens(Self.context))
            for count in 1...Self.context {
                try generator.append([[tokens[count - 1]]])
                #expect(Self.bits(generator) == (try bench.logits(Array(tokens[..<count]))), "\(count)")
            }
        }
    }

    /// Prompts of several lengths, continued beside other sequences that begin and pause.
    @Test(arguments: models) func besideOthers(model: String) async throws {
        try await onThread {
            let bench = try Bench(model, lanes: 2)
            let generator = try bench.generator(sequences: 3)
            var texts: [[Int]] = [[], [], []]
            var random = RandomStream(seed: 7, purpose: .test)
            for round in 0..<40 {
                let added = texts.indices.map { sequence -> [Int] in
                    let room = Self.context - texts[sequence].count
                    let count = min(room, [0, 1, 1, 2, 30, 70][random.below(6)])
                    return Self.tokens(count, 100 + 3 * round + sequence)
                }
                try generator.append(added)
                for (sequence, tokens) in added.enumerated() where !tokens.isEmpty {
                    texts[sequence] += tokens
                    #expect(Self.bits(generator, sequence) == (try bench.logits(texts[sequence])))
                }
                if round % 7 == 6 {
                    generator.reset(round % 3)
                    texts[round % 3] = []
                }
            }
        }
    }

    /// Past the most positions the newest half is a new sequence.
    @Test(arguments: models) func slides(model: String) async throws {
        try await onThread {
            let bench = try Bench(model)
            let (generator, tokens) = (try bench.generator(), Self.tokens(2 * Self.context + 9))
            var visible: [Int] = []
            for token in tokens {
                visible.append(token)
                if visible.count > Self.context { visible = visible.suffix(Self.context / 2) }
                try generator.append([[token]])
                #expect(generator.visible(0) == visible)
            }
            #expect(Self.bits(generator) == (try bench.logits(visible)))
            try generator.append([Array(tokens.prefix(Self.context + 1))])
            #expect(generator.visible(0) == Array(tokens.prefix(Self.context + 1).suffix(Self.context / 2)))
            #expect(Self.bits(generator) == (try bench.logits(generator.visible(0))))
        }
    }

    @Test func modelsThatWriteNoText() throws {
        let job = try load(config(["model": #"["flatten", {dense: 10}]"#])).job
        let classes = DataFacts(
            sampleShape: [12, 1], classCount: 10, trainCount: 500, validationCount: 0, testCount: 0)
        let plan = try TrainingPlan(job, classes)
        #expect {
            _ = try SequenceGenerator.vocabulary(of: plan)
        } throws: {
            "\($0)".contains("this model writes no text: it was not trained to predict the next token")
        }
    }
}
