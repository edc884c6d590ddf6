import Configuration
import System

/// The lines of `log.jsonl`: see `LogFormat.json`.
package enum LogLine {
    /// The facts of the event that a line tells, and its time in seconds since 1970-01-01 UTC; nil if it is
    /// no such line.
    package static func facts(of line: ConfigValue) -> (facts: EventFacts, time: Double)? {
        guard let name = line["event"]?.text, let level = line["level"]?.text.flatMap(LogLevel.init),
            let time = line["time"]?.text.flatMap(Clock.seconds(ofTimestamp:)),
            let sentence = line["message"]?.text
        else { return nil }
        let fields = (line.members ?? []).filter { !ofEveryLine.contains($0.key) }.map {
            EventField($0.key, value($0.value))
        }
        return (EventFacts(name: name, level: level, fields: fields, sentence: sentence), time)
    }

    private static let ofEveryLine: Set<String> = ["time", "level", "source", "event", "message"]

    private static func value(_ value: ConfigValue) -> EventValue {
        switch value.kind {
        case .null: .null
        case .bool(let flag): .flag(flag)
        case .number(let number): Int(number.literal).map { .integer($0) } ?? .number(number.value)
        case .string(let text): .text(text)
        case .array(let elements): .list(elements.map(self.value))
        case .object(let members): .object(members.map { EventField($0.key, self.value($0.value)) })
        }
    }
}
