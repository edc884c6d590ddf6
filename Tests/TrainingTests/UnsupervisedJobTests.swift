import Jobs
import TestSupport
import Testing
import Training

@Suite struct UnsupervisedJobTests {
    private let data = #"data: {train: {builtin: "digits"}}"#

    @Test(arguments: [
        #"kmeans: {clusters: 4}"#,
        #"kmeans: {clusters: 4, initialization: "first", tolerance: 0.30000000000000004,"#
            + #" max_iterations: 7}, batch: {microbatches: 3}"#,
        #"kmeans: {clusters: 4}, batch: {size: "all", microbatches: 4}, assignment: {cuts: [0, 1, 4]},"#
            + #" max_steps: 3"#,
        #"pca: {components: 5}"#,
        #"pca: {components: 0.95, whiten: true}, numerics: {blas_core: "Zen"}, checkpoint: {keep: 1}"#,
    ])
    func decodesToItself(fields: String) throws {
        let file = try load("{\(data), \(fields)}")
        #expect(try Job(resolvedText: file.resolved.prettyJSON()) == file.job)
        #expect(file.job.task != .training)
    }

    @Test(arguments: [
        (#"kmeans: {clusters: 4}, loss: "mse""#, "a job with `kmeans` has no `loss`"),
        (#"kmeans: {clusters: 4}, pca: {components: 2}"#, "a job has `kmeans` or `pca`, not both"),
        (#"kmeans: {cluster: 4}"#, "did you mean `clusters`?"),
        (#"kmeans: {clusters: 0}"#, "`clusters` must be"),
        (#"pca: {components: 1.5}"#, "or a fraction of the variance between 0 and 1"),
        (#"pca: {}"#, "missing field `components`"),
        (#"pca: {components: 2}, batch: {size: 32}"#, "`size` must be `all`"),
    ])
    func mistakes(fields: String, message: String) throws {
        let said = try #require(try complaint("{\(data), \(fields)}"), "nothing is said about \(fields)")
        #expect(said.contains(message), "\(said)")
    }

    @Test(arguments: [
        ("kmeans: {clusters: 1438}", "the training set has 1437 samples for 1438 clusters"),
        (
            "pca: {components: 65}",
            "65 components are wanted of 1437 samples with 64 features, which have at most 64"
        ),
    ])
    func whatDoesNotFitTheData(fields: String, message: String) throws {
        let job = try load("{\(data), \(fields)}").job
        do {
            _ = try LocalTraining(job)
            Issue.record("nothing was said")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }
}
