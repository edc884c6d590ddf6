import Checkpoints
import Configuration
import Jobs
import System

/// A run that has reached the end that a job asks for, as far as its directory tells: no data are read.
package struct FinishedRun {
    package let directory: String
    package let job: Job
    /// The content of `result.json`, of one run or of an ensemble.
    package let result: ConfigValue

    /// Finds a finished run; nil if the directory has none, or if the job asks for more steps or is another
    /// one than the run's. Going on with the run then tells what is to be told.
    package init?(_ directory: String, of job: JobFile) {
        guard let result = RunEntry.object(Path.join(directory, "result.json")),
            let run = try? JobFile.load(resolvedFile: Path.join(directory, "job.json5")),
            let given = try? job.inheriting(from: run).withClassWeights(of: run.job),
            JobResolution.differences(run.resolved, given.resolved).isEmpty,
            let steps = Self.steps(of: result), !given.job.asksForMore(than: run.job, whichDid: steps)
        else { return nil }
        self.directory = directory
        self.job = given.job
        self.result = result
    }

    /// The steps of a run, or of the shortest run of an ensemble.
    private static func steps(of result: ConfigValue) -> Int? {
        (result["members"]?.elements ?? [result]).map { $0["steps"]?.integer ?? 0 }.min()
    }
}

extension JobFile {
    /// The job with the class weights that a run has computed from its data, if it asks for balanced ones.
    fileprivate func withClassWeights(of run: Job) -> JobFile {
        guard job.loss.classWeights == .balanced else { return self }
        var job = job
        job.loss.classWeights = run.loss.classWeights
        return replacing(job)
    }
}

extension Job {
    /// Whether the job goes on where a finished run of another one ended.
    /// - Parameter steps: those of the run.
    fileprivate func asksForMore(than run: Job, whichDid steps: Int) -> Bool {
        let wasLimited = run.maxSteps.map { steps >= $0 } ?? false
        return steps < maxSteps ?? .max && (wasLimited || epochs > run.epochs)
    }
}
