import Collectives

/// Spans of a member's timeline.
package struct TimingMessage: Equatable {
    /// What is added to the worker's clock to get the coordinator's, in seconds: see `ClockOffset`.
    package var offset: Double
    /// All spans of the steps before this one have been sent, with this message.
    package var through: Int
    package var spans: [Span]

    package init(offset: Double, through: Int, spans: [Span]) {
        (self.offset, self.through, self.spans) = (offset, through, spans)
    }

    /// Whether its spans belong to a job of so many steps.
    package func isWithin(steps: Int) -> Bool { spans.allSatisfy { $0.step <= steps } }

    /// By the coordinator's clock.
    package var alignedSpans: [Span] {
        spans.map {
            Span(
                $0.activity, step: $0.step, begin: $0.begin + offset, end: $0.end + offset, busy: $0.busy,
                layer: $0.layer)
        }
    }
}

extension TimingMessage: Message {
    package static let name = "timing"
    /// Seconds that a monotonic clock can show, and two can differ by.
    private static let times = -1e9...1e9

    package func write(to writer: inout MessageWriter) {
        writer.write(offset)
        writer.write(through)
        writer.write(spans) {
            $0.write($1.activity.rawValue)
            $0.write($1.step)
            $0.write($1.begin)
            $0.write($1.end)
            $0.write($1.busy)
            $0.write(UInt32($1.layer))
        }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        offset = try reader.readDouble()
        through = try reader.readInt()
        spans = try reader.readList { reader throws(MalformedMessage) in
            let activity = Activity(rawValue: try reader.read())
            let step = try reader.readInt()
            let (begin, end, busy) = (
                try reader.readDouble(), try reader.readDouble(), try reader.readDouble()
            )
            let layer = Int(try reader.read(UInt32.self))
            guard let activity, (0..<1 << 48).contains(step), Self.times.contains(begin),
                Self.times.contains(end), begin <= end,
                (0...(end - begin)).contains(busy)
            else {
                throw MalformedMessage(
                    description:
                        "a span of a timing message is malformed; check that both sides run the same version")
            }
            return Span(activity, step: step, begin: begin, end: end, busy: busy, layer: layer)
        }
        guard Self.times.contains(offset), through >= 0 else {
            throw MalformedMessage(
                description: "a timing message is malformed; check that both sides run the same version")
        }
    }
}
