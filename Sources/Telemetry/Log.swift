import Platform
import Synchronization
import System

/// The log of a process: lines for people on the console, and every record as JSON in `log.jsonl`.
///
/// From any thread. No secret is ever passed to it: a token has no textual form but for its file.
package final class Log: Sendable {
    /// Until there is a file, this many records wait for it.
    static let mostWaiting = 1000

    private struct State {
        var file: AppendFile?
        var waiting: [String] = []
        var hasFailed = false
    }

    package let source: String
    private let console: Console
    private let minimum: LogLevel
    private let wallClock: @Sendable () -> Double
    private let utcOffset: @Sendable (Double) -> Int
    private let state = Mutex(State())

    /// Records below `minimum` go to the file only.
    package init(
        source: String, console: Console = .standardError, minimum: LogLevel = .info,
        wallClock: @escaping @Sendable () -> Double = { Clock.wallSeconds() },
        utcOffset: @escaping @Sendable (Double) -> Int = localOffset
    ) {
        (self.source, self.console, self.minimum) = (source, console, minimum)
        (self.wallClock, self.utcOffset) = (wallClock, utcOffset)
    }

    /// From now on every record goes to `file`, those so far first.
    package func record(in file: AppendFile) {
        let waiting = state.withLock { state in
            state.file = file
            defer { state.waiting = [] }
            return state.waiting
        }
        for line in waiting { append(line) }
    }

    package func debug(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        write(.debug, message, fields)
    }
    package func info(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        write(.info, message, fields)
    }
    package func warning(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        write(.warning, message, fields)
    }
    package func error(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        write(.error, message, fields)
    }

    package func write(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, LogValue> = [:])
    {
        write(
            LogRecord(
                time: wallClock(), level: level, source: source, message: message,
                fields: fields.map { (name: $0.key, value: $0.value) }))
    }

    /// A record of another process, as it came.
    package func write(_ record: LogRecord) {
        if record.level >= minimum {
            console.writeLine(LogFormat.human(record, utcOffset: utcOffset(record.time)))
        }
        append(LogFormat.json(record))
    }

    private func append(_ line: String) {
        let complaint: String? = state.withLock { state in
            guard let file = state.file else {
                if state.waiting.count < Log.mostWaiting { state.waiting.append(line) }
                return nil
            }
            do {
                try file.append(line)
                state.hasFailed = false
                return nil
            } catch {
                // Said once: a full disk must not fill the terminal as well.
                defer { state.hasFailed = true }
                return state.hasFailed ? nil : "\(error)"
            }
        }
        if let complaint {
            console.writeLine("warning: the log is incomplete: \(LogFormat.printable(complaint))")
        }
    }
}

/// Seconds that local time is ahead of UTC at a time.
package func localOffset(_ seconds: Double) -> Int {
    var time = time_t(seconds.rounded(.down))
    var parts = tm()
    localtime_r(&time, &parts)
    return parts.tm_gmtoff
}
