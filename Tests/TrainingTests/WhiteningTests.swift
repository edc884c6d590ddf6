import Checkpoints
import Datasets
import Jobs
import Kernels
import NeuralNetwork
import TestSupport
import Testing
import Training

@Suite(.serialized) struct WhiteningTests {
    private func training(_ normalize: String, steps: Int = 3) throws -> LocalTraining {
        let text = config([
            "data":
                "{train: {builtin: \"digits\"}, validation: {builtin: \"digits\"}, normalize: \(normalize)}",
            "batch": "{size: 100, microbatches: 4}", "optimizer": "{adam: {learning_rate: 0.03}}",
            "max_steps": "\(steps)",
        ])
        return try LocalTraining(load(text).job)
    }

    /// The covariance of the training set after the whitening of a snapshot, in doubles.
    private func covariance(_ training: LocalTraining, _ snapshot: Snapshot) -> (Int, [Double]) {
        let (mean, matrix) = (
            training.statistic("whitening.mean", snapshot), training.statistic("whitening.matrix", snapshot)
        )
        let (n, d) = (training.data.train.count, training.data.train.sampleSize)
        let outputs = matrix.count / d
        var rows = [Float](repeating: 0, count: n * d)
        rows.withUnsafeMutableBufferPointer {
            training.data.train.gather(
                Array(0..<n)[...], normalization: training.data.normalization, into: $0.baseAddress!)
        }
        var sums = [Double](repeating: 0, count: outputs * outputs)
        for r in 0..<n {
            let y = (0..<outputs).map { o in
                (0..<d).reduce(0.0) {
                    $0 + Double(rows[r * d + $1] - mean[$1]) * Double(matrix[$1 * outputs + o])
                }
            }
            for i in 0..<outputs { for j in 0...i { sums[i * outputs + j] += y[i] * y[j] / Double(n - 1) } }
        }
        return (outputs, sums)
    }

    @Test func zcaOfNumpy() throws {
        let training = try training(#"{zca_whitening: {epsilon: 1e-2}}"#)
        let snapshot = try training.run(members: 1, lanes: 1).snapshot
        #expect(
            distance(
                training.statistic("whitening.matrix", snapshot), try UnsupervisedFixture()["whitening/zca"])
                < 1e-4)
        #expect(training.plan.network.layers[0].output == TensorShape([8, 8, 1]))
    }

    @Test func pcaWhitensToTheIdentity() throws {
        let training = try training(#"{pca_whitening: {epsilon: 1e-9, components: 40}}"#)
        let (outputs, found) = covariance(training, try training.run(members: 1, lanes: 1).snapshot)
        #expect(outputs == 40)
        for i in 0..<outputs {
            for j in 0...i { #expect(abs(found[i * outputs + j] - (i == j ? 1 : 0)) < 1e-3, "\(i), \(j)") }
        }
    }

    /// The covariance is measured once, with the same bits for any number of members; after an interruption
    /// it comes from the checkpoint.
    @Test(arguments: ["{zca_whitening: {epsilon: 0.1}}", "{pca_whitening: {components: 10}}"])
    func membersLanesAndResume(normalize: String) throws {
        let training = try training(normalize, steps: 18)
        let quiet = try training.run(members: 1, lanes: 1)
        for (members, lanes) in [(1, 2), (3, 1), (5, 2)] {
            let result = try training.run(members: members, lanes: lanes)
            #expect(result.snapshot == quiet.snapshot, "members \(members), lanes \(lanes)")
            #expect(result.reports == quiet.reports)
            #expect(result.evaluations == quiet.evaluations)
        }
        let half = try training.run(members: 2, lanes: 1, stopAfter: 7).snapshot
        #expect(try training.run(members: 3, lanes: 1, from: half).snapshot == quiet.snapshot)
        #expect((quiet.evaluations[.validation]?.value(named: "accuracy") ?? 0) > 0.5)
    }
}
