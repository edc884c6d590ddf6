import Configuration

/// An event of a trace file.
package struct TraceEvent: Equatable {
    package var name: String
    package var process: Int
    package var thread: Int
    /// The begin in nanoseconds.
    package var begin: Int
    package var end: Int
    package var step: Int

    package struct Malformed: Error, CustomStringConvertible { package let description: String }

    /// Returns the complete ("X") events. Each of them must lie wholly within or wholly beside every other
    /// one of its thread.
    package static func checked(_ events: [ConfigValue]) throws -> [TraceEvent] {
        let spans = try events.filter { $0["ph"] == "X" }.map(TraceEvent.init)
        for thread in Dictionary(grouping: spans, by: { [$0.process, $0.thread] }).values {
            var open: [TraceEvent] = []
            for event in thread.sorted(by: { ($0.begin, -$0.end) < ($1.begin, -$1.end) }) {
                while let last = open.last, last.end <= event.begin { open.removeLast() }
                if let last = open.last, event.end > last.end {
                    throw Malformed(description: "\(event) begins within \(last) and ends behind it")
                }
                open.append(event)
            }
        }
        return spans
    }

    private init(_ event: ConfigValue) throws {
        func number(_ value: ConfigValue?) throws -> Double {
            guard case .number(let number)? = value?.kind, number.value >= 0 else {
                throw Malformed(description: "no number in \(event)")
            }
            return number.value
        }
        guard case .string(let name)? = event["name"]?.kind else {
            throw Malformed(description: "no name in \(event)")
        }
        self.name = name
        process = Int(try number(event["pid"]))
        thread = Int(try number(event["tid"]))
        begin = Int((try number(event["ts"]) * 1000).rounded())
        end = begin + Int((try number(event["dur"]) * 1000).rounded())
        step = Int(try number(event["args"]?["step"]))
    }
}
