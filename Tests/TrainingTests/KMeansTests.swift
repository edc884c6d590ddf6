import Checkpoints
import Datasets
import Jobs
import Kernels
import Testing
import Training

@Suite(.serialized) struct KMeansTests {
    private func last(_ result: LocalTraining.Result) -> Totals? {
        result.reports.max { $0.key < $1.key }?.value
    }
    private func inertia(_ totals: Totals?) -> Double { totals.map { $0.loss * $0.samples } ?? 0 }

    @Test func digitsAsScikitLearn() throws {
        let fixture = try UnsupervisedFixture()
        let training = try LocalTraining(
            measuringJob(.kMeans(.init(clusters: 10, initialization: .first, maxIterations: 300))))
        let result = try training.run(members: 1, lanes: 1)
        #expect(
            distance(training.statistic("centroids", result.snapshot), try fixture["kmeans/centroids"]) < 1e-4
        )
        #expect(distance(training.statistic("counts", result.snapshot), try fixture["kmeans/counts"]) == 0)
        #expect(abs(inertia(last(result)) / (try fixture.number("kmeans/inertia")) - 1) < 1e-6)
        #expect(Double(result.snapshot.step) == (try fixture.number("kmeans/iterations")))
        #expect(
            abs(
                inertia(result.evaluations[.validation]) / (try fixture.number("kmeans/validation_inertia"))
                    - 1) < 1e-6)
    }

    /// Several seeds end with scikit-learn's result, and k-means++ begins with a smaller inertia than random
    /// samples.
    @Test func seeding() throws {
        let range = try UnsupervisedFixture()["kmeans/range"]
        var (seeded, random) = (0.0, 0.0)
        for seed in 1...5 {
            let training = try LocalTraining(
                measuringJob(.kMeans(.init(clusters: 10)), seed: UInt64(seed), validation: false))
            let result = try training.run(members: 1, lanes: 2)
            #expect((range[0] * 0.99...range[1] * 1.01).contains(inertia(last(result))), "seed \(seed)")
            let potentials = (0..<10).map { inertia(result.reports[$0]) }
            #expect(zip(potentials, potentials.dropFirst()).allSatisfy { $0 > $1 })
            seeded += potentials[9]
            let other = try LocalTraining(
                measuringJob(
                    .kMeans(.init(clusters: 10, initialization: .random, maxIterations: 1)),
                    seed: UInt64(seed), validation: false))
            random += inertia(try other.run(members: 1, lanes: 1).reports[0])
        }
        #expect(seeded < 0.95 * random)
    }

    @Test(arguments: [KMeansSpec.Initialization.kMeansPlusPlus, .random]) func membersAndLanes(
        _ start: KMeansSpec.Initialization
    ) throws {
        let spec = KMeansSpec(clusters: 7, initialization: start, maxIterations: 6)
        let training = try LocalTraining(measuringJob(.kMeans(spec), microbatches: 6))
        let quiet = try training.run(members: 1, lanes: 1)
        for (members, lanes) in [(1, 2), (3, 1), (5, 2), (7, 1)] {
            let result = try training.run(members: members, lanes: lanes)
            #expect(result.snapshot == quiet.snapshot, "members \(members), lanes \(lanes)")
            #expect(result.reports == quiet.reports)
            #expect(result.evaluations == quiet.evaluations)
        }
    }

    /// Interruptions in the middle of the seeding and of the iterations.
    @Test(arguments: [3, 12]) func interrupted(at step: Int) throws {
        let training = try LocalTraining(
            measuringJob(.kMeans(.init(clusters: 7, maxIterations: 12)), microbatches: 4))
        let quiet = try training.run(members: 2, lanes: 1)
        let half = try training.run(members: 3, lanes: 1, stopAfter: step)
        #expect(half.snapshot.step == step)
        let rest = try training.run(members: 1, lanes: 2, from: half.snapshot)
        #expect(rest.snapshot == quiet.snapshot)
        for (step, report) in rest.reports { #expect(report == quiet.reports[step]) }
    }

    /// Two of the first centres are samples with the same value. The second cluster is empty, and takes the
    /// farthest sample.
    @Test func emptyCluster() throws {
        let points: [Float] = [0, 0, 10, 11, 12, 50]
        let data = DecodedData(
            train: try Dataset.make(
                floats: points, sampleShape: [1], values: Array(repeating: 0, count: 6), targetWidth: 1),
            validation: nil, test: nil,
            normalization: Normalization(kind: .none, shift: [0], factor: [1]))
        var job = measuringJob(
            .kMeans(.init(clusters: 3, initialization: .first)), microbatches: 2, validation: false)
        job.task = .kMeans(.init(clusters: 3, initialization: .first))
        let training = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        let result = try training.run(members: 2, lanes: 1)
        // After the first iteration: {0, 0}, the farthest sample {50} for the empty cluster, {10, 11, 12}.
        #expect(training.statistic("centroids", result.snapshot) == [0, 50, 11])
        #expect(training.statistic("counts", result.snapshot) == [2, 1, 3])
        #expect(inertia(last(result)) == 2)
    }

    @Test func moreClustersThanSamples() throws {
        #expect(throws: PlanError.self) { try LocalTraining(measuringJob(.kMeans(.init(clusters: 2000)))) }
    }
}
