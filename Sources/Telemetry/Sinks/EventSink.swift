/// A destination of events: the terminal, `log.jsonl`, the progress line. A new one is one class in one file,
/// which `Log.add` is told of.
package protocol EventSink: AnyObject, Sendable {
    /// Takes an event, on the thread on which it happened. It must not block, and it never stops a run: what
    /// it cannot keep it drops and counts.
    ///
    /// - Parameters:
    ///   - time: seconds since 1970-01-01 UTC.
    ///   - source: the process that tells it, such as `coordinator` or `worker`.
    func receive(_ event: RunEvent, at time: Double, from source: String)

    /// The count of what it has dropped; nil for a sink that drops nothing.
    var losses: SinkLosses? { get }
}

extension EventSink {
    package var losses: SinkLosses? { nil }
}
