import Cluster
import Jobs
import Kernels
import System
import Training

/// A job's demands on this machine: the numeric platform of its runs, and memory.
enum JobFindings {
    static func all(_ file: JobFile) throws -> [Finding] {
        try adoptCore(file.job.blasCore)
        let data = try DecodedData(reading: file.job.data)
        let plan = try file.trainingPlan(with: data)
        let sets = [data.train, data.validation, data.test]
        let demand = MemoryDemand(
            plan, workers: 1, lanes: Processor.cores,
            dataBytes: sets.reduce(0) { $0 + ($1?.serialized.count ?? 0) })
        let shortage = demand.shortage(shared: .shared(), each: .ofEachProcess)
        return [
            Finding("job", .good, "\(file.job.name): \(plan.size)"),
            Finding("platform", .good, try Fingerprint(of: plan).platform),
            Finding(
                "job's memory", shortage == nil,
                shortage ?? "\(TextFormat.bytes(demand.total)) with one worker on this machine",
                cure: "see above"),
        ]
    }

    /// Starts again with the job's core, as its workers do, so that the platform has the name of its runs.
    private static func adoptCore(_ core: String?) throws {
        guard let core, core != BLAS.coreName, !AdoptedCore.isFixedByUser, Processor.supports(core: core)
        else { return }
        try Executable.reexecute(adding: AdoptedCore.variables(core))
    }
}
