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

/// A fact beside a message, under a name: for programs that read the log.
package enum LogValue: Equatable, Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
}

/// One event of a run.
package struct LogRecord: Equatable, Sendable {
    /// Seconds since 1970-01-01 UTC.
    package var time: Double
    package var level: LogLevel
    /// Who says it: "coordinator", "worker 2". Empty: nobody in particular.
    package var source: String
    /// A sentence for people.
    package var message: String
    package var fields: [(name: String, value: LogValue)]

    package init(
        time: Double, level: LogLevel, source: String, message: String,
        fields: [(name: String, value: LogValue)] = []
    ) {
        (self.time, self.level, self.source, self.message, self.fields) = (
            time, level, source, message, fields
        )
    }

    package static func == (a: LogRecord, b: LogRecord) -> Bool {
        a.time == b.time && a.level == b.level && a.source == b.source && a.message == b.message
            && a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
    }
}
