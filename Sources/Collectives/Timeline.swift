import CSystem

/// An activity of a member in a step or beside it.
package enum Activity: UInt8, Sendable, CaseIterable {
    // The compute thread's activities, one after the other.
    case data = 1
    case forward, backward
    /// After backward: until the step's gradients are averaged and the new parameters have arrived.
    case gradients
    case snapshot, evaluation, decision
    /// The compute thread, within forward and backward: waits for the statistics of other members'
    /// microbatches.
    case statistics
    /// The communication thread: finishes gradient sums and applies the optimizer.
    case update
    /// In a traced step, within forward and backward: one layer, with its exchanges of statistics.
    case layerForward, layerBackward
    /// The compute thread, after backward: recomputes another member's microbatches.
    case audit
}

/// The time of one activity, in seconds of this machine's monotonic clock.
package struct Span: Equatable, Sendable {
    package var activity: Activity
    package var step: Int
    package var begin: Double
    package var end: Double
    /// Seconds of work in the span. It is the whole span except for `update`, which pauses while pieces are
    /// awaited.
    package var busy: Double
    /// The layer's number in a layer's span; otherwise 0.
    package var layer: Int

    package init(
        _ activity: Activity, step: Int, begin: Double, end: Double, busy: Double? = nil, layer: Int = 0
    ) {
        self.activity = activity
        self.step = step
        self.begin = begin
        self.end = end
        self.layer = layer
        self.busy = min(busy ?? .infinity, end - begin)
    }
}

/// Records what a member does, for people. The clock is read where one activity ends and the next begins,
/// about 24 ns each.
///
/// Owned by the compute thread. Nothing that is computed may read it. Its memory is allocated once; if nobody
/// takes the spans, new ones are dropped.
package final class Timeline {
    private static let capacity = 8192
    private var spans: [Span] = []
    private var current: (activity: Activity, step: Int, begin: Double)?
    private var lastTaken = Timeline.now
    /// The begin of the next layer's span, in seconds.
    private var mark = 0.0
    /// The first step whose layers are not timed: those before it are traced.
    package var layersUntil = 0

    package init() { spans.reserveCapacity(Self.capacity) }

    package static var now: Double { csystem_monotonic_seconds() }

    /// Ends the current activity and begins this one.
    package func enter(_ activity: Activity, step: Int) {
        let now = Self.now
        close(now)
        current = (activity, step, now)
        mark = now
    }

    /// Ends a layer's part of the current activity. It began where the layer before it ended.
    package func finishLayer(_ layer: Int, isBackward: Bool) {
        guard let current, current.step < layersUntil else { return }
        let now = Self.now
        add(
            Span(
                isBackward ? .layerBackward : .layerForward, step: current.step, begin: mark, end: now,
                layer: layer))
        mark = now
    }

    /// Ends the current activity.
    package func leave() { close(Self.now) }

    private func close(_ now: Double) {
        guard let current else { return }
        add(Span(current.activity, step: current.step, begin: current.begin, end: now))
        self.current = nil
    }

    package func add(_ span: Span) {
        if spans.count < Self.capacity { spans.append(span) }
    }

    /// True if the spans should be taken: every `interval` seconds, or when there are many.
    package func isDue(every interval: Double) -> Bool {
        spans.count > Self.capacity / 2 || (!spans.isEmpty && Self.now - lastTaken >= interval)
    }

    /// Returns the finished spans and forgets them.
    package func take() -> [Span] {
        let taken = Array(spans[...])
        spans.removeAll(keepingCapacity: true)
        lastTaken = Self.now
        return taken
    }
}

/// The time that the communication thread spent on updates in a step.
struct UpdateTime {
    private(set) var begin = 0.0
    private(set) var end = 0.0
    private(set) var busy = 0.0

    mutating func add(_ from: Double, _ to: Double) {
        if busy == 0 { begin = from }
        end = to
        busy += to - from
    }

    func span(step: Int) -> Span { Span(.update, step: step, begin: begin, end: end, busy: busy) }
}
