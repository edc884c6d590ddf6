import Checkpoints
import Kernels
import TestSupport
import Testing
import Training

@Suite(.serialized) struct PrincipalComponentsTests {
    @Test func eigenvaluesOfNumpy() async throws {
        try await onThread {
            let fixture = try UnsupervisedFixture()
            for name in ["random", "repeated", "single", "rank_deficient", "zero"] {
                let (matrix, expected) = (
                    try fixture["eigen_\(name)/matrix"], try fixture["eigen_\(name)/values"]
                )
                let buffer = DoubleBuffer(count: matrix.count)
                for (i, value) in matrix.enumerated() { buffer.pointer[i] = value }
                let pool = LanePool(lanes: 1)
                let eigen = try #require(
                    SymmetricEigen(buffer, size: expected.count, vectorCount: 0, lanes: pool))
                for (value, other) in zip(eigen.values, expected) {
                    #expect(abs(value - other) < 1e-9, "\(name)")
                }
            }
        }
    }

    @Test func digitsAsScikitLearn() throws {
        let fixture = try UnsupervisedFixture()
        let training = try LocalTraining(
            measuringJob(.principalComponents(.init(components: .count(10), whiten: true))))
        let result = try training.run(members: 1, lanes: 1)
        func value(_ name: String) -> [Float] { training.statistic(name, result.snapshot) }
        #expect(distance(value("mean"), try fixture["pca/mean"]) < 1e-5)
        #expect(distance(value("components"), try fixture["pca/components"]) < 1e-4)
        #expect(
            distance(value("explained_variance_ratio"), try fixture["pca/explained_variance_ratio"]) < 1e-6)
        for (own, other) in zip(value("explained_variance"), try fixture["pca/explained_variance"]) {
            #expect(abs(Double(own) / other - 1) < 1e-5)
        }
        #expect(value("component_count") == [10])
        for (i, (white, plain)) in zip(value("whitening"), value("components")).enumerated() {
            #expect(abs(white * value("explained_variance")[i / 64].squareRoot() - plain) < 1e-5)
        }
        let (error, ratio) = (
            try fixture.number("pca/error"), try fixture["pca/explained_variance_ratio"].reduce(0, +)
        )
        #expect(abs((result.reports[0]?.loss ?? 0) / error - 1) < 1e-5)
        #expect(abs((result.reports[0]?.value(named: "explained_variance_ratio") ?? 0) - ratio) < 1e-6)
        let held = try fixture.number("pca/validation_error")
        #expect(abs((result.evaluations[.validation]?.loss ?? 0) / held - 1) < 1e-5)
    }

    @Test func fractionOfTheVariance() throws {
        let training = try LocalTraining(
            measuringJob(.principalComponents(.init(components: .variance(0.9)))))
        let snapshot = try training.run(members: 2, lanes: 1).snapshot
        let count = Int(try UnsupervisedFixture().number("pca/count_for_0.9"))
        #expect(training.statistic("component_count", snapshot) == [Float(count)])
        let components = training.statistic("components", snapshot)
        #expect(components[(64 * (count - 1))..<(64 * count)].contains { $0 != 0 })
        #expect(components[(64 * count)...].allSatisfy { $0 == 0 })
    }

    /// A checkpoint holds the components in use; one with all rows, as earlier versions wrote, is read too.
    @Test func aFileHoldsTheComponentsInUse() throws {
        let training = try LocalTraining(
            measuringJob(.principalComponents(.init(components: .variance(0.9), whiten: true))))
        let snapshot = try training.run(members: 1, lanes: 1).snapshot
        let layout = training.plan.network.layout
        let count = Int(training.statistic("component_count", snapshot)[0])
        let kept = snapshot.modelTensors(layout)
        let shapes = Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0.shape) })
        #expect(count < 64 && shapes["components"] == [count, 64] && shapes["whitening"] == [count, 64])
        #expect(shapes["explained_variance"] == [count] && shapes["mean"] == [64])
        let all = layout.statistics.map {
            NamedTensor($0.name, shape: $0.shape, floats: $0.toFile(snapshot.statistics))
        }
        let directory = try TemporaryDirectory()
        for (name, tensors) in [("kept", kept), ("all", all)] {
            let store = CheckpointStore(directory: directory.file(name))
            _ = try store.write(step: snapshot.step, model: tensors, optimizer: [], state: [:])
            let checkpoint = try #require(try store.newestValid { Issue.record("\($0)") })
            let read = try Snapshot(checkpoint, layout: layout, momentNames: [], epochTotals: [])
            #expect(read.statistics == snapshot.statistics, "\(name)")
        }
    }

    @Test func membersAndLanes() throws {
        let training = try LocalTraining(
            measuringJob(.principalComponents(.init(components: .count(20))), microbatches: 6))
        let quiet = try training.run(members: 1, lanes: 1)
        for (members, lanes) in [(1, 2), (3, 1), (5, 2), (7, 1)] {
            let result = try training.run(members: members, lanes: lanes)
            #expect(result.snapshot == quiet.snapshot, "members \(members), lanes \(lanes)")
            #expect(result.reports == quiet.reports)
            #expect(result.evaluations == quiet.evaluations)
        }
    }
}
