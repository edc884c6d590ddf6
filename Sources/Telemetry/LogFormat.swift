import System

/// How a record looks, to people and to programs.
package enum LogFormat {
    /// `03:45:00 worker 2: warning: the message`. Only warnings and errors name their level; `utcOffset` is in seconds.
    package static func human(_ record: LogRecord, utcOffset: Int = 0) -> String {
        var line = timeOfDay(record.time, utcOffset: utcOffset)
        if !record.source.isEmpty { line += " \(record.source):" }
        if record.level != .info { line += " \(record.level.rawValue):" }
        return line + " " + printable(record.message)
    }

    /// One JSON object on one line: time (ISO 8601, UTC), level, source, message, then the fields under their names.
    package static func json(_ record: LogRecord) -> String {
        var members = [
            "\"time\":\(quoted(Clock.timestamp(record.time)))", "\"level\":\(quoted(record.level.rawValue))",
        ]
        if !record.source.isEmpty { members.append("\"source\":\(quoted(record.source))") }
        members.append("\"message\":\(quoted(record.message))")
        for (name, value) in record.fields { members.append("\(quoted(name)):\(json(value))") }
        return "{\(members.joined(separator: ","))}"
    }

    private static func json(_ value: LogValue) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .integer(let integer): String(integer)
        case .number(let number): number.isFinite ? String(number) : "null"  // JSON has no infinity
        case .flag(let flag): flag ? "true" : "false"
        }
    }

    static func timeOfDay(_ seconds: Double, utcOffset: Int) -> String {
        let day = 86_400
        let second = ((Int(seconds.rounded(.down)) + utcOffset) % day + day) % day
        return [second / 3600, second / 60 % 60, second % 60].map { TextFormat.padded($0, 2) }.joined(
            separator: ":")
    }

    /// Text that cannot move a terminal's cursor: a message may quote what a stranger wrote. Further lines are indented.
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
