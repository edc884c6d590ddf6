import Threads

/// Samples that wait to be computed, and the thread that computes them.
///
/// Requests that wait at the same time are computed together if the model's samples are independent. Nothing
/// waits for further requests.
package final class ComputeQueue: Sendable {
    package struct Work: Sendable {
        let model: ServedModel
        let writer: AnswerWriter
        let samples: ServedSamples
        /// Gets the answer as JSON, or why there is none; on the compute thread.
        let finish: @Sendable (Result<[UInt8], RequestFault>) -> Void
    }

    private struct State {
        var waiting: [Work] = []
        var waitingBytes = 0
        var isEnded = false
    }

    /// Bytes of features that may wait before those who decode are held up.
    private static let mostBytes = 256 << 20

    private let state = Monitor(State())

    package init() {}

    /// Starts the compute thread.
    ///
    /// - Throws: `ThreadError`.
    package func start() throws -> Thread { try Thread(named: "compute") { self.run() } }

    /// Appends work, at once.
    package func put(_ work: Work) {
        state.change { state in
            state.waitingBytes += work.samples.byteCount
            state.waiting.append(work)
        }
    }

    /// Waits until there is room for more work; false: the queue has ended.
    package func waitForRoom() -> Bool {
        state.wait { $0.isEnded ? false : $0.waitingBytes < Self.mostBytes ? true : nil }
    }

    /// Ends the thread after the batch at hand. Work that waits has no client any more.
    package func end() { state.change { $0.isEnded = true } }

    private func run() {
        while true {
            let batch = state.wait(until: Self.batch)
            if batch.isEmpty { return }
            compute(batch)
            state.change { state in
                state.waitingBytes -= batch.reduce(0) { $0 + $1.samples.byteCount }
            }
        }
    }

    /// Takes the oldest work, and what can be computed with it; nothing once the queue has ended, nil while
    /// nothing waits.
    private static func batch(_ state: inout State) -> [Work]? {
        if state.isEnded { return [] }
        guard let first = state.waiting.first else { return nil }
        guard first.model.samplesAreIndependent else { return [state.waiting.removeFirst()] }
        var room = first.model.capacity
        var (batch, left): ([Work], [Work]) = ([], [])
        for work in state.waiting {
            let fits = work.model === first.model && (work.samples.count <= room || batch.isEmpty)
            if fits {
                batch.append(work)
                room -= work.samples.count
            } else {
                left.append(work)
            }
        }
        state.waiting = left
        return batch
    }

    private func compute(_ batch: [Work]) {
        let model = batch[0].model
        var samples = batch[0].samples
        for work in batch.dropFirst() {
            samples.append(work.samples)
        }
        do {
            let rows = try model.answers(to: samples)
            var start = 0
            for work in batch {
                work.finish(.success(work.writer.answer(rows[start..<start + work.samples.count])))
                start += work.samples.count
            }
        } catch {
            for work in batch { work.finish(.failure(RequestFault(status: 500, "\(error)"))) }
        }
    }
}
