import Synchronization

/// The records that a sink had to drop, because its disk was full or its queue. The sink counts them; `Log`
/// tells of the first one, and at the run's end of their number. It may be used from any thread.
package final class SinkLosses: Sendable {
    private struct State {
        var count = 0
        /// The count that was told at the end of a run.
        var told = 0
        /// Why the first one was dropped, until somebody has told it.
        var news: String?
    }

    /// The sink, as people know it: the name of its file.
    package let sink: String
    private let state = Mutex(State())

    package init(of sink: String) { self.sink = sink }

    /// The number of records that were dropped.
    package var count: Int { state.withLock { $0.count } }

    /// A record was dropped.
    package func add(_ count: Int = 1, because reason: @autoclosure () -> String) {
        state.withLock { state in
            if state.count == 0 { state.news = reason() }
            state.count += count
        }
    }

    /// The count, if it has changed since it was told last.
    func takeUntold() -> Int? {
        state.withLock { state in
            defer { state.told = state.count }
            return state.count == state.told ? nil : state.count
        }
    }

    /// Why the first record was dropped; nil if there is none, or if it was asked before.
    func takeNews() -> String? {
        state.withLock { state in
            defer { state.news = nil }
            return state.news
        }
    }
}
