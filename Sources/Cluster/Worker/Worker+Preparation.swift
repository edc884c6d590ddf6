import Datasets
import Kernels
import System
import Telemetry
import Training
import Transport

// The preparation of a worker for a job: its OpenBLAS core, and its data.

extension Worker {
    /// Starts the process over with the job's OpenBLAS core, if this process computes with another one and
    /// its processor supports the job's.
    func adoptCore(_ core: String) throws {
        if core != BLAS.coreName, AdoptedCore.isFixedByUser {
            log.record(.session(.coreKept(core: BLAS.coreName, wanted: core)))
        }
        guard core != BLAS.coreName, !AdoptedCore.isFixedByUser, Processor.supports(core: core)
        else { return }
        log.record(.session(.coreChanged(core: core, from: BLAS.coreName)))
        var additions = AdoptedCore.variables(core)
        if Environment.value(InheritedDescriptors.token) != nil || InheritedDescriptors.tokenWasRead {
            additions[InheritedDescriptors.token] = "\(try InheritedDescriptors.pass(credentials.token))"
        }
        try Executable.reexecute(adding: additions)
    }

    /// Returns the job's data sets, from the cache or from the coordinator.
    ///
    /// - Parameter wait: waits until the data set that was asked for is here.
    func data(_ welcome: Welcome, _ link: WorkerLink, wait: () throws -> Void) throws -> DecodedData {
        let cache = try DataCache(options.cacheDirectory)
        var sets: [DatasetTicket.Role: Dataset] = [:]
        for (index, ticket) in welcome.datasets.enumerated() {
            if let known = loadedData.first(where: { $0.ticket.hash == ticket.hash }) {
                sets[ticket.role] = known.dataset
                continue
            }
            let dataset = try cache.dataset(ticket) {
                let limit = PhysicalMemory.limit
                guard ticket.byteCount <= limit.bytes else {
                    throw SystemError(
                        """
                        the job's data take \(TextFormat.bytes(ticket.byteCount)), and \(limit.clause); \
                        \(limit.cure)
                        """)
                }
                log.record(.session(.fetchingData(set: "\(ticket.role)", bytes: ticket.byteCount)))
                let memory = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: ticket.byteCount, alignment: 64)
                defer { memory.deallocate() }
                link.fetch(index, ticket, into: memory)
                try wait()
                return Array(memory)
            }
            loadedData.append((ticket, dataset))
            sets[ticket.role] = dataset
        }
        guard let train = sets[.train] else {
            throw MalformedMessage("the coordinator named no training data")
        }
        guard welcome.normalization.shift.count == train.form.channelCount,
            [sets[.validation], sets[.test]].allSatisfy({
                $0?.sampleShape ?? train.sampleShape == train.sampleShape
            })
        else {
            throw MalformedMessage("the coordinator's data do not fit together")
        }
        return DecodedData(
            train: train, validation: sets[.validation], test: sets[.test],
            normalization: welcome.normalization)
    }

    /// Refuses a job of which even the smallest part needs more memory than there is.
    func requireMemory(_ plan: TrainingPlan) throws {
        let most = plan.geometry.microbatches
        let demand = MemoryDemand(plan, workers: most, lanes: lanes(localWorkers: 1), dataBytes: 0)
        let alone = MemoryDemand(worker: demand.worker, workers: 1, coordinator: 0)
        if let shortage = alone.shortage() { throw SystemError(shortage) }
    }

    /// The number of lanes, for a machine with so many workers.
    func lanes(localWorkers: Int) -> Int {
        options.lanes ?? max(1, Processor.cores / max(1, localWorkers))
    }
}
