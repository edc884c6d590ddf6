import Platform

/// Shows events as sentences on a console. The progress line shows steps and epochs, so that they are left
/// out here.
final class TerminalLog: EventSink {
    private let console: Console
    private let minimum: LogLevel
    private let utcOffset: @Sendable (Double) -> Int

    init(_ console: Console, minimum: LogLevel, utcOffset: @escaping @Sendable (Double) -> Int) {
        self.console = console
        self.minimum = minimum
        self.utcOffset = utcOffset
    }

    func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepFinished), .training(.stepLogged), .training(.epochFinished): return
        default: break
        }
        let facts = event.facts
        guard facts.level >= minimum else { return }
        console.writeLine(LogFormat.human(facts, time: time, source: source, utcOffset: utcOffset(time)))
    }
}

/// Seconds that local time is ahead of UTC at a time.
package func localOffset(_ seconds: Double) -> Int {
    var time = time_t(seconds.rounded(.down))
    var parts = tm()
    localtime_r(&time, &parts)
    return parts.tm_gmtoff
}
