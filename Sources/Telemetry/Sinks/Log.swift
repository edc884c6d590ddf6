import Synchronization
import System

/// The events of a process: everything that happens is recorded here, and each sink makes of it what it
/// shows.
///
/// Sinks from the beginning are the terminal and, once there is a run directory, `log.jsonl`. A `Log` may be
/// used from any thread. No secret is ever passed to it: a token has no textual form but for its file. For
/// example:
///
///     let log = Log(source: "coordinator")
///     log.write(to: try AppendFile(directory.logPath))
///     log.record(.checkpoint(.requested))
package final class Log: Sendable {
    package let source: String
    private let file: LogFile
    private let sinks: Mutex<[any EventSink]>
    private let wallClock: @Sendable () -> Double

    /// - Parameters:
    ///   - verbosity: how much the terminal shows; `log.jsonl` has everything.
    ///   - wallClock: seconds since 1970-01-01 UTC.
    ///   - utcOffset: seconds that local time is ahead of UTC at a time.
    package init(
        source: String, console: Console = .standardError, verbosity: Verbosity = .normal,
        wallClock: @escaping @Sendable () -> Double = { Clock.wallSeconds() },
        utcOffset: @escaping @Sendable (Double) -> Int = localOffset
    ) {
        self.source = source
        self.wallClock = wallClock
        file = LogFile()
        sinks = Mutex([TerminalLog(console, verbosity: verbosity, utcOffset: utcOffset), file])
    }

    /// Hands an event to every sink. A sink that has dropped its first record meanwhile is told of, to all.
    package func record(_ event: RunEvent) {
        let (time, sinks) = (wallClock(), sinks.withLock { $0 })
        for sink in sinks { sink.receive(event, at: time, from: source) }
        for sink in sinks {
            guard let losses = sink.losses, let reason = losses.takeNews() else { continue }
            record(.records(.dropping(sink: losses.sink, reason: reason)))
        }
    }

    /// The number of records that each sink has dropped; sinks that have dropped none are left out.
    package var dropped: [(sink: String, count: Int)] {
        sinks.withLock { $0 }.compactMap(\.losses).map { ($0.sink, $0.count) }.filter { $0.count > 0 }
    }

    /// Tells at a run's end of the records that were dropped.
    package func recordLosses() {
        for losses in sinks.withLock({ $0 }).compactMap(\.losses) {
            guard let count = losses.takeUntold(), count > 0 else { continue }
            record(.records(.dropped(sink: losses.sink, count: count)))
        }
    }

    /// Every event goes to this file from now on; the events that have waited for a file go there first.
    package func write(to file: AppendFile) { self.file.open(file) }

    /// The sink receives all later events.
    package func add(_ sink: any EventSink) { sinks.withLock { $0.append(sink) } }

    /// The sink receives no later events.
    package func remove(_ sink: any EventSink) { sinks.withLock { $0.removeAll { $0 === sink } } }
}
