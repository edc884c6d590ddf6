import Platform
import Synchronization
import System

/// Shows events as sentences on a console, as far as its verbosity goes.
final class TerminalLog: EventSink {
    private let console: Console
    private let verbosity: Verbosity
    private let utcOffset: @Sendable (Double) -> Int
    /// The complaint about missing workers that was shown last, which is repeated every 10 s.
    private let complaint = Mutex("")

    init(_ console: Console, verbosity: Verbosity, utcOffset: @escaping @Sendable (Double) -> Int) {
        self.console = console
        self.verbosity = verbosity
        self.utcOffset = utcOffset
    }

    func receive(_ event: RunEvent, at time: Double, from source: String) {
        if case .generation(.started) = event { complaint.withLock { $0 = "" } }
        guard let least = event.shownFrom, verbosity >= least else { return }
        // The program shows a person the link itself.
        if case .run(.pageListening) = event, console.isTerminal, verbosity < .verbose { return }
        let facts = event.facts
        if case .worker(.missing) = event, isRepeated(facts.sentence) { return }
        // One process speaks on its terminal; in a file several may.
        let isAlone = console.isTerminal && verbosity < .verbose
        console.writeLine(
            LogFormat.human(
                facts, time: time, source: isAlone ? "" : source, utcOffset: utcOffset(time),
                style: console.style, width: console.isTerminal ? console.width : nil))
    }

    /// Whether the progress line says it already, since this sentence was shown.
    private func isRepeated(_ sentence: String) -> Bool {
        complaint.withLock { shown in
            defer { shown = sentence }
            return shown == sentence && console.isTerminal
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
