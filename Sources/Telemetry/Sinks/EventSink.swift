/// A destination of events: the terminal, `log.jsonl`, the progress line. A new one is one class in one file,
/// which `Log.add` is told of.
package protocol EventSink: AnyObject, Sendable {
    /// Takes an event, on the thread on which it happened. It must not block, and it never stops a run.
    ///
    /// - Parameters:
    ///   - time: seconds since 1970-01-01 UTC.
    ///   - source: the process that tells it, such as `coordinator` or `worker`.
    func receive(_ event: RunEvent, at time: Double, from source: String)

    /// The sink's name and what it has left out so far, for pages; nil for a sink that leaves nothing out.
    var dropped: DroppedCount? { get }
}

extension EventSink {
    package var dropped: DroppedCount? { nil }
}

/// The number of events or messages that a sink has left out.
package struct DroppedCount: Equatable, Sendable {
    package var sink: String
    package var count: Int

    package init(_ sink: String, _ count: Int) {
        self.sink = sink
        self.count = count
    }
}
