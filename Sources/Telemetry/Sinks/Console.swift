import Platform
import Synchronization

/// A terminal or file for people, shared by log lines and the progress bar: lines appear above the bar, and
/// the bar stays whole. It may be used from any thread.
package final class Console: Sendable {
    /// Moves the cursor to the start of the line, and clears the line.
    private static let eraseLine = "\r\u{1b}[K"

    /// True if a bar can be redrawn in place.
    package let isTerminal: Bool
    package let style: TerminalStyle
    private let currentWidth: @Sendable () -> Int
    private let bar: Mutex<String>
    private let output: @Sendable (String) -> Void

    /// - Parameters:
    ///   - width: the number of columns, asked at every redraw, because windows change.
    ///   - output: takes text as it is.
    package init(
        isTerminal: Bool, style: TerminalStyle = .plain, width: @escaping @Sendable () -> Int = { 80 },
        output: @escaping @Sendable (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.style = style
        self.currentWidth = width
        self.output = output
        bar = Mutex("")
    }

    /// Made at its first use, when it must be known what the command line says of colours.
    package static let standardError = Console(
        isTerminal: TerminalStyle.standardError.canRedraw, style: .standardError,
        width: { terminalWidth(STDERR_FILENO) }, output: { writeAll(STDERR_FILENO, $0) })

    /// Shows nothing.
    package static let silent = Console(isTerminal: false) { _ in }

    /// The columns of the terminal that standard output is; nil if it is none.
    package static var standardOutputWidth: Int? {
        isatty(STDOUT_FILENO) == 1 ? terminalWidth(STDOUT_FILENO) : nil
    }

    /// The number of columns.
    package var width: Int { currentWidth() }

    /// Writes a line of its own, above the bar.
    package func writeLine(_ line: String) {
        bar.withLock { bar in
            output(bar.isEmpty ? line + "\n" : Console.eraseLine + line + "\n" + bar)
        }
    }

    /// Writes a message that begins with its severity, such as `warning: `, on a line of its own.
    package func write(message: String) {
        let fitted = LogFormat.fitted(message, width: isTerminal ? width : nil, margin: 9)
        writeLine(style.painted(error: fitted))
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

/// Writes all of `text`, or as much as the descriptor takes: telemetry never stops a run.
private func writeAll(_ descriptor: Int32, _ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
