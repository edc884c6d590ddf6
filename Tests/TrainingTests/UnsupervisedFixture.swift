import Checkpoints
import Datasets
import Jobs
import Kernels
import System
import TestSupport
import Testing
import Training

/// The numbers of Tests/Fixtures/unsupervised; make_fixtures.py there describes them.
struct UnsupervisedFixture {
    private var tensors: [String: [Double]] = [:]

    init() throws {
        let text = try File.readText(
            ProjectFiles.path("Tests/Fixtures/unsupervised/unsupervised.txt"), limit: 1 << 24)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            tensors[String(words[0])] = try words.dropFirst(2).map { try #require(Double($0)) }
        }
    }

    subscript(name: String) -> [Double] {
        get throws { try #require(tensors[name], "the fixture has \(name)") }
    }
    func number(_ name: String) throws -> Double { try self[name][0] }
}

/// A job on the embedded digits, without normalisation.
func measuringJob(_ task: Job.Task, seed: UInt64 = 1, microbatches: Int? = nil, validation: Bool = true)
    -> Job
{
    var job = Job(
        name: "measuring", seed: seed, data: DataSpec(train: .digits, validation: validation ? .digits : nil),
        layers: [],
        loss: .meanSquaredError, optimizer: .gradientDescent(learningRate: 1, momentum: 0), batchSize: nil,
        microbatches: microbatches,
        epochs: task.steps)
    job.task = task
    return job
}

extension LocalTraining {
    init(_ job: Job) throws {
        let data = try DecodedData(reading: job.data)
        self.init(plan: try TrainingPlan(job, data.facts), data: data)
    }

    /// A running statistic of the last snapshot.
    func statistic(_ name: String, _ snapshot: Snapshot) -> [Float] {
        Array(snapshot.statistics[plan.network.layout.statistic(name)])
    }
}

/// The largest difference.
func distance(_ values: [Float], _ expected: [Double]) -> Double {
    guard values.count == expected.count else { return .infinity }
    return zip(values, expected).map { abs(Double($0) - $1) }.reduce(0) { $0 < $1 || $1.isNaN ? $1 : $0 }
}
