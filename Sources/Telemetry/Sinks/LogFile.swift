import Synchronization
import System

/// `log.jsonl`: one JSON object per event. Steps are left out; they are the lines of `metrics.jsonl`.
final class LogFile: EventSink {
    /// The most events that wait until there is a file.
    static let mostWaiting = 1000

    private struct State {
        var file: AppendFile?
        var waiting: [String] = []
        var hasFailed = false
        /// Lines that could not be written, or for which there was no room before there was a file.
        var dropped = 0
    }

    private let console: Console
    private let state = Mutex(State())

    /// - Parameter console: shows it if the file cannot be written.
    init(console: Console) { self.console = console }

    /// Events go to `file` from now on, those that have waited first.
    func open(_ file: AppendFile) {
        let waiting = state.withLock { state in
            state.file = file
            defer { state.waiting = [] }
            return state.waiting
        }
        for line in waiting { append(line) }
    }

    var dropped: DroppedCount? { DroppedCount("log.jsonl", state.withLock { $0.dropped }) }

    func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepFinished), .training(.stepLogged), .worker(.observed): break
        default: append(LogFormat.json(event.facts, time: time, source: source))
        }
    }

    private func append(_ line: String) {
        let complaint: String? = state.withLock { state in
            guard let file = state.file else {
                if state.waiting.count < LogFile.mostWaiting {
                    state.waiting.append(line)
                } else {
                    state.dropped += 1
                }
                return nil
            }
            do {
                try file.append(line)
                state.hasFailed = false
                return nil
            } catch {
                state.dropped += 1
                // Shown once: a full disk must not fill the terminal as well.
                defer { state.hasFailed = true }
                return state.hasFailed ? nil : "\(error)"
            }
        }
        if let complaint {
            console.writeLine("warning: the log is incomplete: \(LogFormat.printable(complaint))")
        }
    }
}
