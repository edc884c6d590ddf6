import Collectives

/// Spans of a member's timeline.
package struct TimingMessage: Equatable, Sendable {
    /// Seconds to add to the worker's clock to get the coordinator's: see `ClockOffset`.
    package var offset: Double
    /// All spans of the steps before this one have been sent, with this message.
    package var through: Int
    package var spans: [Span]

    package init(offset: Double, through: Int, spans: [Span]) {
        self.offset = offset
        self.through = through
        self.spans = spans
    }

    /// Returns whether all spans belong to a job of so many steps.
    package func isWithin(steps: Int) -> Bool { spans.allSatisfy { $0.step <= steps } }

    /// The spans by the coordinator's clock.
    package var alignedSpans: [Span] {
        spans.map {
            Span(
                $0.activity, step: $0.step, begin: $0.begin + offset, end: $0.end + offset, busy: $0.busy,
                layer: $0.layer)
        }
    }
}

extension TimingMessage: MessageValue {
    /// Seconds that a monotonic clock can show, and two can differ by.
    fileprivate static let possibleTimes = -1e9...1e9

    package func write(to writer: inout MessageWriter) {
        writer.write(offset)
        writer.write(through)
        writer.write(spans)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        offset = try reader.read()
        through = try reader.read(in: 0...)
        spans = try reader.read()
        guard Self.possibleTimes.contains(offset) else {
            throw MalformedMessage("two clocks differ by \(offset) s")
        }
    }
}

extension Activity: MessageValue {}

extension Span: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(activity)
        writer.write(step)
        writer.write(begin)
        writer.write(end)
        writer.write(busy)
        writer.write(UInt32(layer))
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        let activity = try reader.read(Activity.self)
        let step = try reader.readStep()
        let begin = try reader.read(Double.self)
        let end = try reader.read(Double.self)
        let busy = try reader.read(Double.self)
        let layer = Int(try reader.read(UInt32.self))
        let times = TimingMessage.possibleTimes
        guard times.contains(begin), times.contains(end), begin <= end, (0...(end - begin)).contains(busy)
        else {
            throw MalformedMessage(
                "a span of time from \(begin) s to \(end) s, \(busy) s of work, is impossible")
        }
        self.init(activity, step: step, begin: begin, end: end, busy: busy, layer: layer)
    }
}
