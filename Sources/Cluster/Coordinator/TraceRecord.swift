import Collectives
import System
import Telemetry
import Threads

/// Timelines as a trace of Chrome's format, which Perfetto shows too: "X" (complete) events, a process per
/// worker, a thread for each of its two.
///
/// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (times in microseconds). A
/// bounded run of steps is kept.
package struct TraceRecord {
    /// Steps that are kept, and spans at most: some 100 bytes each in the file.
    package static let mostSteps = 2000
    package static let mostSpans = 400_000

    package let path: String
    private let start: Int
    package var end: Int { start + Self.mostSteps }
    private var spans: [(worker: Int, span: Span)] = []
    private var names: [Int: String] = [:]
    private var lastStep = -1
    private var isFull = false

    package init(path: String, start: Int) { (self.path, self.start) = (path, start) }

    package mutating func add(_ more: [Span], worker: Int, name: String, rank: Int) {
        names[worker] = "worker \(worker), rank \(rank) (\(name))"
        for span in more {
            guard span.step < end, spans.count < Self.mostSpans else {
                isFull = true
                continue
            }
            spans.append((worker, span))
            if Self.isOfStep(span) { lastStep = max(lastStep, span.step) }
        }
    }

    /// The traced steps, as a sentence's part.
    package var extent: String {
        guard lastStep >= 0 else { return "no step" }
        return "steps \(start + 1) to \(lastStep + 1)\(isFull ? " (no more are kept)" : "")"
    }

    private static func isOfStep(_ span: Span) -> Bool {
        switch span.activity {
        case .data, .forward, .backward, .gradients: true
        default: false
        }
    }

    private enum Thread: Int { case compute = 1, communication }

    /// - Parameter layer: a layer's name.
    package func json(layer: (Int) -> String) -> String {
        let origin = spans.map(\.span.begin).min() ?? 0
        // Whole nanoseconds: rounding keeps the order of times, and with it the nesting.
        func time(_ seconds: Double) -> Int { Int(((seconds - origin) * 1e9).rounded(.down)) }
        var lines: [String] = []
        for (worker, name) in names.sorted(by: { $0.key < $1.key }) {
            lines.append(Self.metadata("process_name", worker, nil, value: name))
            lines.append(Self.metadata("thread_name", worker, .compute, value: "compute"))
            lines.append(Self.metadata("thread_name", worker, .communication, value: "communication"))
        }
        lines.append(
            contentsOf: steps.map {
                Self.event(
                    "\"step\"", $0.worker, .compute, step: $0.step, begin: time($0.begin),
                    end: time($0.end))
            })
        for (worker, span) in spans {
            let thread = span.activity == .update ? Thread.communication : .compute
            let busy = span.activity == .update ? Int(span.busy * 1e9) : nil
            let isLayer = span.activity == .layerForward || span.activity == .layerBackward
            let name = isLayer ? LogFormat.quoted(layer(span.layer)) : "\"\(span.activity)\""
            lines.append(
                Self.event(
                    name, worker, thread, step: span.step, begin: time(span.begin), end: time(span.end),
                    busy: busy))
        }
        return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
    }

    /// The steps, each from its first phase to the end of its last one. A worker's part in a generation that
    /// was abandoned stays apart.
    private var steps: [(worker: Int, step: Int, begin: Double, end: Double)] {
        var found: [(worker: Int, step: Int, begin: Double, end: Double)] = []
        var last: [Int: Int] = [:]
        for (worker, span) in spans where Self.isOfStep(span) {
            if let index = last[worker], found[index].step == span.step {
                found[index].end = span.end
            } else {
                last[worker] = found.count
                found.append((worker, span.step, span.begin, span.end))
            }
        }
        return found
    }

    private static func metadata(_ name: String, _ worker: Int, _ thread: Thread?, value: String)
        -> String
    {
        let thread = thread.map { ",\"tid\":\($0.rawValue)" } ?? ""
        return #"{"ph":"M","name":"\#(name)","pid":\#(worker)\#(thread),"#
            + #""args":{"name":\#(LogFormat.quoted(value))}}"#
    }

    private static func event(
        _ name: String, _ worker: Int, _ thread: Thread, step: Int, begin: Int, end: Int,
        busy: Int? = nil
    ) -> String {
        let time = #""ts":\#(microseconds(begin)),"dur":\#(microseconds(end - begin))"#
        let more = busy.map { #","busy_us":\#(microseconds($0))"# } ?? ""
        return #"{"ph":"X","name":\#(name),"pid":\#(worker),"tid":\#(thread.rawValue),"#
            + #"\#(time),"args":{"step":\#(step + 1)\#(more)}}"#
    }

    private static func microseconds(_ nanoseconds: Int) -> String {
        "\(nanoseconds / 1000).\(TextFormat.padded(nanoseconds % 1000, 3, with: "0"))"
    }
}
