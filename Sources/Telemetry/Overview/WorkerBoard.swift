/// The workers of a run and what they spent their time on: those that are connected, and the last ones that
/// are gone.
package struct WorkerBoard: Equatable, Sendable {
    /// Workers that are gone and still listed.
    package static let mostGone = 100

    package private(set) var workers: [WorkerStatus] = []
    /// The times of all workers, in the order in which they were first told.
    package private(set) var times: [EpochTimes.Worker] = []
    private var waiting: [WorkerName: Double] = [:]
    /// Workers whose times are told by observations: those of their epochs are part of them.
    private var observed: Set<WorkerName> = []

    package init() {}

    /// The fraction of a worker's step time that it waited for slower ones, between the newest observations;
    /// nil: unknown.
    package func waiting(of worker: WorkerName) -> Double? { waiting[worker.process] }

    package mutating func join(_ worker: WorkerName) {
        // Numbers begin anew when a run is resumed.
        workers.removeAll { $0.worker.number == worker.number && !$0.isGone }
        workers.append(WorkerStatus(worker, .joining))
    }

    package mutating func setState(_ state: WorkerStatus.State, of number: Int) {
        guard let index = workers.lastIndex(where: { $0.worker.number == number && !$0.isGone }) else {
            return
        }
        workers[index].state = state
        if workers[index].isGone {
            workers[index].rank = nil
            workers[index].heartbeat = nil
        }
        let gone = workers.count { $0.isGone }
        if gone > Self.mostGone, let oldest = workers.firstIndex(where: \.isGone) {
            waiting[workers[oldest].worker.process] = nil
            workers.remove(at: oldest)
        }
    }

    /// The coordinator that knew these workers has ended.
    package mutating func leaveAll() {
        for worker in workers where !worker.isGone { setState(.left, of: worker.worker.number) }
    }

    package mutating func take(_ observation: Observation) {
        workers = workers.filter(\.isGone) + observation.workers
        let before = Dictionary(
            times.map { ($0.worker.process, $0) }, uniquingKeysWith: { _, newer in newer })
        for worker in observation.times {
            guard let old = before[worker.worker.process] else { continue }
            let (all, waited) = (worker.seconds - old.seconds, worker.waited - old.waited)
            if all > 0 { waiting[worker.worker.process] = max(0, min(1, waited / all)) }
        }
        // An observation tells the times of all workers of this coordinator; those of earlier ones stay
        // before them.
        times.removeAll { observed.contains($0.worker.process) }
        times += observation.times
        observed = Set(observation.times.map(\.worker.process))
        waiting = waiting.filter { observed.contains($0.key) }
    }

    /// Takes the times of an epoch, where observations do not tell them.
    package mutating func take(_ epoch: EpochTimes) {
        for worker in epoch.workers where !observed.contains(worker.worker.process) {
            if let index = times.firstIndex(where: { $0.worker.process == worker.worker.process }) {
                times[index].add(worker)
            } else {
                times.append(worker)
            }
        }
        if times.count > 2 * Self.mostGone { times.removeFirst(times.count - 2 * Self.mostGone) }
    }
}

extension WorkerStatus {
    package var isGone: Bool { state == .left || state == .lost }
}

extension WorkerName {
    /// The name without the address, which some events do not tell.
    fileprivate var process: WorkerName { WorkerName(number, name: name) }
}

extension EpochTimes.Worker {
    /// Seconds of steps.
    fileprivate var seconds: Double { parts.reduce(0) { $0 + $1.value } }
    /// Seconds of steps in which it waited for slower workers.
    fileprivate var waited: Double { parts.first { $0.name == "waiting" }?.value ?? 0 }

    fileprivate mutating func add(_ other: Self) {
        steps += other.steps
        parts.add(other.parts)
        beside.add(other.beside)
    }
}

extension [NamedValue] {
    fileprivate mutating func add(_ others: [NamedValue]) {
        for other in others {
            if let index = firstIndex(where: { $0.name == other.name }) {
                self[index].value += other.value
            } else {
                append(other)
            }
        }
    }
}
