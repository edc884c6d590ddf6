import Datasets
import Jobs
import Kernels
import NeuralNetwork
import Platform
import System
import TestSupport
import Testing
import Training

/// 360 validation samples make two full chunks and one of 104.
@Suite struct EvaluatorTests {
    /// A network with batch norm, its state, and its evaluator.
    private struct Bench {
        let data: DecodedData
        let plan: TrainingPlan
        let parameters: FloatBuffer
        let statistics: FloatBuffer

        init() throws {
            let job = try load(
                config([
                    "data":
                        #"{train: {builtin: "digits"}, validation: {builtin: "digits"},"#
                        + #" normalize: "z_score"}"#,
                    "model":
                        #"["flatten", {dense: 21, batch_norm: true, activation: "relu"}, {dense: 10,"#
                        + #" name: "head"}]"#,
                ])
            ).job
            data = try DecodedData(reading: job.data)
            plan = try TrainingPlan(job, data.facts)
            let layout = plan.network.layout
            parameters = FloatBuffer(count: layout.flatCount)
            statistics = FloatBuffer(count: layout.statisticsCount)
            layout.initialize(parameters.pointer, seed: 3)
            for tensor in layout.tensors where tensor.range.count == 21 {
                for i in tensor.range { parameters.pointer[i] = Float(i % 7) / 4 - 0.5 }
            }
            for tensor in layout.statistics {
                for i in tensor.range { statistics.pointer[i] = Float(i % 5 + 1) / 8 }
            }
        }

        func reports(_ chunks: Range<Int>, lanes: Int) throws -> [Double] {
            let pool = LanePool(lanes: lanes)
            defer { pool.close() }
            let evaluator = Evaluator(plan: plan, data: data, lanes: pool)
            return try evaluator.evaluate(
                .validation, chunks: chunks, parameters: parameters, statistics: statistics)
        }

        private func tensor(_ name: String) throws -> [Double] {
            let layout = plan.network.layout
            if let tensor = layout.tensors.first(where: { $0.name == name }) {
                return tensor.range.map { Double(parameters.pointer[$0]) }
            }
            let statistic = try #require(layout.statistics.first { $0.name == name })
            return statistic.range.map { Double(statistics.pointer[$0]) }
        }

        /// The expected result, computed in doubles from the formulas, sample by sample.
        func straightforward() throws -> (loss: Double, correct: Double) {
            let weight = try tensor("dense1.weight")
            let gain = try tensor("dense1.bn.weight")
            let shift = try tensor("dense1.bn.bias")
            let mean = try tensor("dense1.bn.running_mean")
            let variance = try tensor("dense1.bn.running_var")
            let headWeight = try tensor("head.weight")
            let headBias = try tensor("head.bias")
            let validation = try #require(data.validation)
            var loss = 0.0
            var correct = 0.0
            for sample in 0..<validation.count {
                let x = FloatBuffer(count: 64)
                validation.gather([sample][...], normalization: data.normalization, into: x.pointer)
                let hidden = (0..<21).map { unit in
                    let y = (0..<64).reduce(0.0) { $0 + Double(x.pointer[$1]) * weight[$1 * 21 + unit] }
                    return max(
                        0, (y - mean[unit]) / (variance[unit] + 1e-5).squareRoot() * gain[unit] + shift[unit])
                }
                let logits = (0..<10).map { unit in
                    (0..<21).reduce(headBias[unit]) { $0 + hidden[$1] * headWeight[$1 * 10 + unit] }
                }
                let label = Int(validation.labels[sample])
                let most = logits.max() ?? 0
                loss += most + log(logits.reduce(0) { $0 + exp($1 - most) }) - logits[label]
                correct += logits.firstIndex(of: most) == label ? 1 : 0
            }
            return (loss, correct)
        }
    }

    @Test func agreesWithAStraightforwardComputation() async throws {
        try await onThread {
            let bench = try Bench()
            let total = Evaluator.total(try bench.reports(0..<3, lanes: 1), bench.plan.evaluationReport)
            let expected = try bench.straightforward()
            #expect(total.samples == 360)
            #expect(total.value(named: "accuracy") == expected.correct / 360)
            #expect(
                abs(total.loss * 360 - expected.loss) < 1e-5 * expected.loss,
                "\(total.loss), expected \(expected.loss)")
        }
    }

    /// A chunk gets the same bits whichever member computes it, together with any other chunks and on any
    /// number of lanes.
    @Test func chunksAndLanesChangeNoBit() async throws {
        try await onThread {
            let bench = try Bench()
            let whole = try bench.reports(0..<3, lanes: 1)
            #expect(whole.count == 9)
            for lanes in 1...4 {
                for cuts in [[0, 3], [0, 1, 3], [0, 2, 3], [0, 1, 2, 3], [0, 0, 3, 3]] {
                    let parts = try zip(cuts, cuts.dropFirst()).flatMap {
                        try bench.reports($0..<$1, lanes: lanes)
                    }
                    #expect(parts == whole, "cuts \(cuts), lanes \(lanes)")
                }
            }
        }
    }

    @Test func membersShareTheChunks() async throws {
        try await onThread {
            let bench = try Bench()
            let pool = LanePool(lanes: 1)
            defer { pool.close() }
            let evaluator = Evaluator(plan: bench.plan, data: bench.data, lanes: pool)
            for members in 1...6 {
                let shares = (0..<members).map { evaluator.chunks(.validation, rank: $0, members: members) }
                #expect(shares.flatMap(Array.init) == [0, 1, 2])
            }
            #expect(evaluator.chunks(.test, rank: 0, members: 1).isEmpty)
            #expect(evaluator.has(.validation))
            #expect(!evaluator.has(.test))
        }
    }

    /// The sum runs over the tree (0 + 1) + (2 + 3) + 4, which differs in its last bits from a sum in order.
    @Test func totalsGoOverTheTree() {
        let layout = ReportLayout(
            loss: .crossEntropy, metrics: [.accuracy], targets: .classes(10), outputs: 10, isEvaluation: true)
        let losses = [1e16, 1, -1e16, 1, 0.5]
        let expected = ((losses[0] + losses[1]) + (losses[2] + losses[3])) + losses[4]
        #expect(Evaluator.total(losses.flatMap { [$0, 1, 2] }, layout).sums == [expected, 5, 10])
        #expect(Evaluator.total([], layout).sums == [0, 0, 0])
        #expect([0, 1, 128, 129, 360].map(Evaluator.chunkCount) == [0, 1, 1, 2, 3])
    }
}
