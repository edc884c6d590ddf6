import Platform
import Synchronization
import System

/// When output is coloured: the values of `--color`.
package enum ColorChoice: String, CaseIterable, Sendable {
    case auto, always, never
}

/// The abilities of a stream's reader: colours, lines that are redrawn, and characters beyond ASCII.
///
/// A value, so that its decisions can be tested as a table. NO_COLOR is that of https://no-color.org.
package struct TerminalStyle: Equatable, Sendable {
    package let hasColor: Bool
    /// A line can be redrawn in place.
    package let canRedraw: Bool
    /// Block characters may be shown, as those of a sparkline.
    package let isUnicode: Bool

    /// Neither colours nor anything else that a file should not hold.
    package static let plain = TerminalStyle(hasColor: false, canRedraw: false, isUnicode: false)

    package init(hasColor: Bool, canRedraw: Bool, isUnicode: Bool) {
        self.hasColor = hasColor
        self.canRedraw = canRedraw
        self.isUnicode = isUnicode
    }

    /// - Parameters:
    ///   - isTerminal: whether the stream is one.
    ///   - variable: the environment; nil for a variable that is not set.
    package init(_ choice: ColorChoice, isTerminal: Bool, variable: (String) -> String?) {
        let canRedraw = isTerminal && variable("TERM") != "dumb"
        let isUnwanted = !(variable("NO_COLOR") ?? "").isEmpty
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty } ?? ""
        let hasColor =
            switch choice {
            case .always: true
            case .never: false
            case .auto: canRedraw && !isUnwanted
            }
        self.init(
            hasColor: hasColor, canRedraw: canRedraw,
            isUnicode: ["utf-8", "utf8"].contains { locale.lowercased().contains($0) })
    }

    // MARK: The streams of this process

    private static let chosen = Mutex(ColorChoice.auto)

    /// Follows what the command line says, from now on.
    package static func choose(_ choice: ColorChoice) { chosen.withLock { $0 = choice } }

    package static var standardOutput: TerminalStyle { of(STDOUT_FILENO) }
    package static var standardError: TerminalStyle { of(STDERR_FILENO) }

    private static func of(_ descriptor: Int32) -> TerminalStyle {
        TerminalStyle(
            chosen.withLock { $0 }, isTerminal: isatty(descriptor) == 1, variable: Environment.value)
    }

    // MARK: Painting

    /// Attributes and colours, by their numbers in ECMA-48 ("select graphic rendition").
    package enum Paint: Int, Sendable {
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    /// The text in colours, if there are any.
    package func painted(_ text: String, _ paints: Paint...) -> String {
        guard hasColor, !text.isEmpty else { return text }
        let codes = paints.map { "\($0.rawValue)" }.joined(separator: ";")
        return "\u{1b}[\(codes)m\(text)\u{1b}[0m"
    }

    /// A message that begins with its severity, such as `error: `, which is painted.
    package func painted(error message: String) -> String {
        for (word, color) in Self.severities where message.hasPrefix(word) {
            return painted(word, .bold, color) + message.dropFirst(word.count)
        }
        return message
    }

    private static let severities: [(word: String, color: Paint)] = [
        ("error:", .red), ("warning:", .yellow), ("note:", .cyan),
    ]

    /// The report on the mistakes of a config, with its severities, places and underlines in colours.
    package func painted(report: String) -> String {
        guard hasColor else { return report }
        var severity = Paint.red
        return report.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            for (word, color) in Self.severities where line.hasPrefix(word) {
                severity = color
                return painted(word, .bold, color) + painted(String(line.dropFirst(word.count)), .bold)
            }
            if line.hasPrefix("  --> ") { return painted(String(line), .cyan) }
            let rest = line.hasPrefix("   |") ? line.dropFirst(4) : ""
            guard rest.first(where: { $0 != " " }) == "^" else { return String(line) }
            return "   |" + painted(String(rest), severity)
        }.joined(separator: "\n")
    }
}
