import System

/// The text of an event for people and for programs.
package enum LogFormat {
    /// `03:45:00 worker: warning: the sentence`. Only warnings and errors are named.
    ///
    /// - Parameters:
    ///   - time: seconds since 1970-01-01 UTC.
    ///   - source: the process that speaks; empty: it is not named.
    ///   - utcOffset: seconds that local time is ahead of UTC.
    ///   - width: lines are broken between words to fit into so many columns; nil: they are not broken.
    package static func human(
        _ facts: EventFacts, time: Double, source: String, utcOffset: Int = 0, style: TerminalStyle = .plain,
        width: Int? = nil
    ) -> String {
        let clock = timeOfDay(time, utcOffset: utcOffset)
        let speaker = source.isEmpty ? "" : " \(source):"
        let level = facts.level <= .info ? "" : " \(facts.level.rawValue):"
        let plain = clock + speaker + level + " " + printable(facts.sentence)
        let text = fitted(plain, width: width, margin: clock.count + 1)
        let color: TerminalStyle.Paint = facts.level == .error ? .red : .yellow
        return style.painted(clock, .dim) + speaker + style.painted(level, .bold, color)
            + text.dropFirst(clock.count + speaker.count + level.count)
    }

    /// Breaks lines that are too long for a terminal between words; what is broken off begins below a margin.
    /// Lines with wider gaps are tables, and commands are there to be copied: both stay whole.
    ///
    /// - Parameters:
    ///   - width: the columns of the terminal; nil: there is none.
    ///   - margin: the width of the margin, and of what stands beside it in the first line.
    package static func fitted(_ text: String, width: Int?, margin: Int) -> String {
        guard let width, width >= 30 else { return text }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            let (head, body) = (String(line.prefix(margin)), String(line.dropFirst(margin)))
            let isWhole = body.contains("  ") || body.contains("dist-train ")
            guard line.count >= width, !isWhole else { return [String(line)] }
            let parts = TextFormat.wrapped(body, width: width - 1 - margin)
            let space = String(repeating: " ", count: margin)
            return [head + parts[0]] + parts.dropFirst().map { space + $0 }
        }
        return lines.joined(separator: "\n")
    }

    /// One JSON object on one line: time (ISO 8601, UTC), level, source, event (its name), the event's
    /// fields, and message (its sentence).
    package static func json(_ facts: EventFacts, time: Double, source: String) -> String {
        let head: [EventField] = [
            EventField("time", .text(Clock.timestamp(time))),
            EventField("level", .text(facts.level.rawValue)),
            EventField("source", .text(source)), EventField("event", .text(facts.name)),
        ]
        return json(.object(head + facts.fields + [EventField("message", .text(facts.sentence))]))
    }

    private static func json(_ value: EventValue) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .integer(let integer): String(integer)
        case .number(let number): number.isFinite ? String(number) : "null"  // JSON has no infinity
        case .flag(let flag): flag ? "true" : "false"
        case .list(let values): "[\(values.map { json($0) }.joined(separator: ","))]"
        case .object(let fields):
            "{\(fields.map { "\(quoted($0.name)):\(json($0.value))" }.joined(separator: ","))}"
        case .null: "null"
        }
    }

    static func timeOfDay(_ seconds: Double, utcOffset: Int) -> String {
        let day = 86_400
        let second = ((Int(seconds.rounded(.down)) + utcOffset) % day + day) % day
        return [second / 3600, second / 60 % 60, second % 60].map { TextFormat.padded($0, 2) }.joined(
            separator: ":")
    }

    /// Text that cannot move a terminal's cursor, because a sentence may quote what a stranger wrote. Lines
    /// after the first one are indented.
    static func printable(_ text: String) -> String { printable(text, lineBreak: "\n         ") }

    /// - Parameter lineBreak: stands between lines.
    package static func printable(_ text: String, lineBreak: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                scalars.append(contentsOf: lineBreak.unicodeScalars)
            } else {
                scalars.append(scalar.value < 32 || (127..<160).contains(scalar.value) ? "?" : scalar)
            }
        }
        return String(scalars)
    }

    /// A JSON string (RFC 8259, section 7).
    package static func quoted(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": scalars.append(contentsOf: "\\\"".unicodeScalars)
            case "\\": scalars.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": scalars.append(contentsOf: "\\n".unicodeScalars)
            case "\t": scalars.append(contentsOf: "\\t".unicodeScalars)
            case _ where scalar.value < 32:
                scalars.append(contentsOf: "\\u00\(TextFormat.hex([UInt8(scalar.value)]))".unicodeScalars)
            default: scalars.append(scalar)
            }
        }
        scalars.append("\"")
        return String(scalars)
    }
}
