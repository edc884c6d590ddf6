import Synchronization
import Telemetry

/// The run that a page shows: a sink that keeps its overview.
///
/// Events come on the coordinator's loop, and only change a value under a lock; whoever shows the run copies
/// that value and makes text of the copy on a thread of its own.
package final class LivePage: EventSink {
    private struct State {
        var document: RunDocument
        /// Whether another run is shown since the last `takeChanges`.
        var isOther = false
    }

    /// A run at a moment, and what of it has changed.
    struct Moment {
        let document: RunDocument
        /// Whether it is another run than the last time, so that a change says too little.
        let isOther: Bool
    }

    private let state: Mutex<State>
    /// Tells what sinks have left out.
    private let losses: @Sendable () -> [(sink: String, count: Int)]

    /// - Parameter losses: tells what the sinks of the run have left out.
    package init(
        _ document: RunDocument, losses: @escaping @Sendable () -> [(sink: String, count: Int)] = { [] }
    ) {
        state = Mutex(State(document: document))
        self.losses = losses
    }

    package func receive(_ event: RunEvent, at time: Double, from source: String) {
        state.withLock { $0.document.overview.take(event, at: time) }
    }

    /// Shows another run from now on: the next member of an ensemble.
    package func show(_ document: RunDocument) {
        state.withLock { state in
            state.document = document
            state.isOther = true
        }
    }

    /// The run as it is now.
    var document: RunDocument {
        var document = state.withLock { $0.document }
        document.dropped = losses()
        return document
    }

    /// The run as it is now, whose changes count as shown from then on.
    func takeChanges() -> Moment {
        var (document, isOther) = state.withLock { state in
            defer {
                state.document.overview.forgetChanges()
                state.isOther = false
            }
            return (state.document, state.isOther)
        }
        document.dropped = losses()
        return Moment(document: document, isOther: isOther)
    }
}
