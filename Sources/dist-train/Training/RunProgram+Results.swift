import Configuration
import Jobs
import Runs
import System

// The results that `run` and `coordinator` print on standard output.
extension RunProgram {
    /// The run in the directory, if `--resume=auto` finds that it has reached the end that the job asks for.
    var finishedRun: FinishedRun? {
        guard request.start == .automatic, let directory = request.runDirectory else { return nil }
        return FinishedRun(directory, of: job)
    }

    /// Prints the result of a run.
    /// - Parameter result: the content of `result.json`.
    func show(_ result: ConfigValue, _ job: Job, in directory: String) {
        print(printsJSON ? result.prettyJSON() : RunSummary(of: result, job, in: directory).text())
    }

    /// Prints the result of an ensemble.
    func show(_ result: EnsembleResult) {
        print(printsJSON ? result.value.prettyJSON() : result.text(named: job.job.name))
    }

    /// Prints a result as it was printed when the run reached its end.
    func printAgain(_ finished: FinishedRun) {
        if finished.job.ensemble == nil {
            show(finished.result, finished.job, in: finished.directory)
        } else {
            show(EnsembleResult(path: finished.directory, value: finished.result))
        }
    }
}
