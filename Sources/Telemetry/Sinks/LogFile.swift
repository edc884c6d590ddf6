import Synchronization
import System

/// `log.jsonl`: one JSON object per event. Steps are left out; they are the lines of `metrics.jsonl`.
final class LogFile: EventSink {
    /// The most events that wait until there is a file.
    static let mostWaiting = 1000

    private struct State {
        var file: AppendFile?
        var waiting: [String] = []
    }

    private let state = Mutex(State())
    let losses: SinkLosses? = SinkLosses(of: "log.jsonl")

    /// Events go to `file` from now on, those that have waited first.
    func open(_ file: AppendFile) {
        let waiting = state.withLock { state in
            state.file = file
            defer { state.waiting = [] }
            return state.waiting
        }
        for line in waiting { append(line) }
    }

    func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepFinished), .training(.stepLogged), .worker(.observed): break
        default: append(LogFormat.json(event.facts, time: time, source: source))
        }
    }

    private func append(_ line: String) {
        state.withLock { state in
            guard let file = state.file else {
                // A process without a run directory keeps its first events for nobody.
                if state.waiting.count < LogFile.mostWaiting { state.waiting.append(line) }
                return
            }
            do { try file.append(line) } catch { losses?.add(because: "\(error)") }
        }
    }
}
