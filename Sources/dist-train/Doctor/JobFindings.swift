import Cluster
import Jobs
import Kernels
import System
import Training

/// A job's demands on this machine: the numeric platform of its runs, and memory.
enum JobFindings {
    static func all(_ file: JobFile) throws -> [Finding] {
        try adoptCore(file.job.blasCore)
        let data = try file.decodedData()
        let plan = try file.trainingPlan(with: data)
        let demand = MemoryDemand(plan, workers: 1, lanes: Processor.cores, dataBytes: data.byteCount)
        let memory = "job's memory"
        return [
            Finding("job", .good, "\(file.job.name): \(plan.size)"),
            Finding("platform", .good, try Fingerprint(of: plan).platform),
            demand.shortage().map { Finding(memory, failure: $0) }
                ?? Finding(
                    memory, .good, "\(TextFormat.bytes(demand.total)) with one worker on this machine"),
        ]
    }

    /// Starts again with the job's core, as its workers do, so that the platform has the name of its runs.
    private static func adoptCore(_ core: String?) throws {
        guard let core, core != BLAS.coreName, !AdoptedCore.isFixedByUser, Processor.supports(core: core)
        else { return }
        try Executable.reexecute(adding: AdoptedCore.variables(core))
    }
}
