import Platform
import Synchronization

/// Standard error, shared by log lines and the progress bar: lines appear above the bar, and the bar stays whole.
/// From any thread.
package final class Console: Sendable {
    /// Back to the start of the line, and clear it.
    private static let eraseLine = "\r\u{1b}[K"

    /// Whether a bar can be redrawn in place.
    package let isTerminal: Bool
    private let currentWidth: @Sendable () -> Int
    private let bar: Mutex<String>
    private let output: @Sendable (String) -> Void

    /// `output` takes text as it is; `width` is asked at every redraw, since windows change.
    package init(
        isTerminal: Bool, width: @escaping @Sendable () -> Int = { 80 },
        output: @escaping @Sendable (String) -> Void
    ) {
        (self.isTerminal, currentWidth, self.output) = (isTerminal, width, output)
        bar = Mutex("")
    }

    package static let standardError = Console(
        isTerminal: isatty(STDERR_FILENO) == 1, width: { terminalWidth(STDERR_FILENO) },
        output: { writeAll(STDERR_FILENO, $0) })

    /// Columns.
    package var width: Int { currentWidth() }

    /// A line of its own, above the bar.
    package func writeLine(_ line: String) {
        bar.withLock { bar in
            output(bar.isEmpty ? line + "\n" : Console.eraseLine + line + "\n" + bar)
        }
    }

    /// Draws the bar in place of the last one; an empty text removes it. Only on a terminal.
    package func drawBar(_ text: String) {
        guard isTerminal else { return }
        bar.withLock { bar in
            guard bar != text else { return }
            bar = text
            output(Console.eraseLine + text)
        }
    }
}

private func terminalWidth(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
}

/// Telemetry never stops a run: what standard error does not take is lost.
private func writeAll(_ descriptor: Int32, _ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
