import Synchronization
import Telemetry

/// A terminal that keeps every byte written to it, and a clock that stands still until it is moved.
final class Screen: Sendable {
    private let text = Mutex("")
    private let time = Mutex(1000.0)

    func console(isTerminal: Bool, width: Int = 80) -> Console {
        Console(
            isTerminal: isTerminal, width: { width }, output: { piece in self.text.withLock { $0 += piece } })
    }

    /// The text that was written since the last call.
    func take() -> String {
        text.withLock { text in
            defer { text = "" }
            return text
        }
    }

    var now: @Sendable () -> Double { { self.time.withLock { $0 } } }
    func wait(_ seconds: Double) { time.withLock { $0 += seconds } }
}
