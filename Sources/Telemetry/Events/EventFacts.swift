/// The importance of an event. `debug` events are in `log.jsonl` only, unless the terminal is asked to show
/// them.
package enum LogLevel: String, Comparable, Sendable, CaseIterable {
    case debug, info, warning, error

    package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}

/// A field's value, as JSON knows values.
package indirect enum EventValue: Equatable, Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case list([EventValue])
    case object([EventField])
    /// Nothing is known here; JSON's null.
    case null

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
    package var number: Double? {
        switch self {
        case .number(let number): number
        case .integer(let integer): Double(integer)
        default: nil
        }
    }

    /// A worker's number; its name is in the fields of `worker_joined` only.
    static func worker(_ worker: WorkerName) -> EventValue { .integer(worker.number) }

    static func optional(_ text: String?) -> EventValue { text.map { .text($0) } ?? .null }
    static func optional(_ integer: Int?) -> EventValue { integer.map { .integer($0) } ?? .null }
    static func optional(_ number: Double?) -> EventValue { number.map { .number($0) } ?? .null }

    /// An object with a number for each name.
    static func numbers(_ values: [NamedValue]) -> EventValue {
        .object(values.map { EventField($0.name, .number($0.value)) })
    }
}

/// A fact of an event, under a stable name. The name ends with its unit where it has one (`seconds`,
/// `sent_bytes`).
package struct EventField: Equatable, Sendable {
    package let name: String
    package let value: EventValue

    package init(_ name: String, _ value: EventValue) {
        self.name = name
        self.value = value
    }
}

/// The parts that every event has: a stable name, a level, its fields in order, and a sentence for people.
package struct EventFacts: Equatable, Sendable {
    package let name: String
    package let level: LogLevel
    package let fields: [EventField]
    package let sentence: String

    package init(name: String, level: LogLevel, fields: [EventField], sentence: String) {
        self.name = name
        self.level = level
        self.fields = fields
        self.sentence = sentence
    }

    /// The value of a field; nil if the event has no such field.
    package subscript(field: String) -> EventValue? { fields.first { $0.name == field }?.value }

    init(
        _ name: String, _ level: LogLevel, _ sentence: String,
        fields: KeyValuePairs<String, EventValue> = [:]
    ) {
        self.init(
            name: name, level: level, fields: fields.map { EventField($0.key, $0.value) }, sentence: sentence)
    }
}
