import System

/// The memory that a job needs, compared with what there is: a sentence before it starts instead of a process
/// that is killed in the middle.
package struct MemoryDemand: Equatable, Sendable {
    /// Bytes of each worker: what it computes with, and its lanes' scratch memory.
    package let worker: Int
    /// Worker processes on this machine.
    package let workers: Int
    /// Bytes of the coordinator: data, parameters, a snapshot and the one that arrives.
    package let coordinator: Int

    package init(worker: Int, workers: Int, coordinator: Int) {
        self.worker = worker
        self.workers = workers
        self.coordinator = coordinator
    }

    /// A run whose workers are all on this machine.
    package init(_ plan: TrainingPlan, workers: Int, lanes: Int, dataBytes: Int) {
        let members = min(max(1, workers), plan.geometry.microbatches)
        let memory = WorkerMemory(plan, members: members)
        let vectors = 1 + plan.job.momentNames.count
        self.init(
            worker: memory.total + lanes * memory.perLane, workers: workers,
            coordinator: dataBytes + 8 * vectors * plan.network.layout.parameterSpace)
    }

    package var total: Int { coordinator + workers * worker }

    /// The sentence if there is too little; nil if it suffices.
    ///
    /// - Parameters:
    ///   - shared: limits all processes together.
    ///   - each: limits every process; nil: nothing does.
    package func shortage(shared: MemoryLimit = .shared(), each: MemoryLimit? = .ofEachProcess) -> String? {
        if total > shared.bytes { return sentence(total, shared) }
        if let each, max(coordinator, workers > 0 ? worker : 0) > each.bytes {
            return sentence(max(coordinator, worker), each)
        }
        return nil
    }

    private func sentence(_ needed: Int, _ limit: MemoryLimit) -> String {
        let parts =
            workers > 0
            ? " (\(TextFormat.bytes(coordinator)) for the data and snapshots, \(TextFormat.bytes(worker)) for"
                + (workers == 1 ? " the worker)" : " each of \(workers) workers)") : ""
        return "the job needs \(TextFormat.bytes(needed)) of memory\(parts), and \(limit.clause); take a"
            + " smaller `batch.size` or model, \(workers > 1 ? "fewer workers, " : "")or \(limit.cure)"
    }
}
