import System

/// The seconds that each worker spent on the parts of an epoch's steps.
package struct EpochTimes: Equatable, Sendable {
    /// From 1.
    package var epoch: Int
    package var workers: [Worker]

    package struct Worker: Equatable, Sendable {
        package var worker: WorkerName
        package var steps: Int
        /// Parts of the steps, in seconds summed over the steps; they follow each other.
        package var parts: [NamedValue]
        /// Work beside the steps and between them, in seconds.
        package var beside: [NamedValue]

        package init(_ worker: WorkerName, steps: Int, parts: [NamedValue], beside: [NamedValue]) {
            self.worker = worker
            self.steps = steps
            self.parts = parts
            self.beside = beside
        }

        fileprivate var value: EventValue {
            .object([
                EventField("worker", .worker(worker)), EventField("name", .text(worker.name)),
                EventField("steps", .integer(steps)), EventField("seconds", .numbers(parts)),
                EventField("beside", .numbers(beside)),
            ])
        }
    }

    package init(epoch: Int, workers: [Worker]) {
        self.epoch = epoch
        self.workers = workers
    }

    var facts: EventFacts {
        EventFacts(
            "epoch_times", .debug,
            "times of epoch \(epoch): \(workers.map { perStep($0) }.joined(separator: ", "))",
            fields: ["epoch": .integer(epoch), "workers": .list(workers.map(\.value))])
    }

    private func perStep(_ worker: Worker) -> String {
        let seconds = worker.parts.reduce(0) { $0 + $1.value }
        let milliseconds = 1000 * seconds / Double(max(1, worker.steps))
        return "\(worker.worker) \(TextFormat.fixed(milliseconds, 2)) ms per step"
    }
}
