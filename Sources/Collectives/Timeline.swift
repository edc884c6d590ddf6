import CSystem

/// What a member does in a step and beside it.
package enum Activity: UInt8, Sendable, CaseIterable {
    // The compute thread, one after the other.
    case data = 1
    case forward, backward
    /// After backward: until the step's gradients are averaged and the new parameters are there.
    case gradients
    case snapshot, evaluation, decision
    /// The compute thread, within forward and backward: waiting for the statistics of the other members' microbatches.
    case statistics
    /// The communication thread: finishing gradient sums and applying the optimizer.
    case update
    /// In a traced step, within forward and backward: one layer, its exchanges of statistics included.
    case layerForward, layerBackward
    /// The compute thread, behind backward: another member's microbatches once more.
    case audit
}

/// A time in which one activity went on. Seconds of this machine's monotonic clock.
package struct Span: Equatable, Sendable {
    package var activity: Activity
    package var step: Int
    package var begin: Double
    package var end: Double
    /// Seconds of it that were work: all but for `update`, which pauses while pieces are awaited.
    package var busy: Double
    /// Of a layer's span, the layer's number.
    package var layer: Int

    package init(
        _ activity: Activity, step: Int, begin: Double, end: Double, busy: Double? = nil, layer: Int = 0
    ) {
        (self.activity, self.step, self.begin, self.end, self.layer) = (activity, step, begin, end, layer)
        self.busy = min(busy ?? .infinity, end - begin)
    }
}

/// What a member has been doing, for people: read from the clock where one activity ends and the next begins, two dozen nanoseconds each.
///
/// Owned by the compute thread. Nothing that is computed may read it. Its memory is allocated once; if nobody takes the spans, new ones are dropped.
package final class Timeline {
    private static let capacity = 8192
    private var spans: [Span] = []
    private var current: (activity: Activity, step: Int, begin: Double)?
    private var lastTaken = Timeline.now
    /// Where the next layer begins.
    private var mark = 0.0
    /// Layers are timed in the steps before this one: those that are traced.
    package var layersUntil = 0

    package init() { spans.reserveCapacity(Self.capacity) }

    package static var now: Double { csystem_monotonic_seconds() }

    /// The activity at hand ends and this one begins.
    package func enter(_ activity: Activity, step: Int) {
        let now = Self.now
        close(now)
        (current, mark) = ((activity, step, now), now)
    }

    /// A layer's part of the activity at hand, which began where the one before it ended, is over.
    package func finishLayer(_ layer: Int, isBackward: Bool) {
        guard let current, current.step < layersUntil else { return }
        let now = Self.now
        add(
            Span(
                isBackward ? .layerBackward : .layerForward, step: current.step, begin: mark, end: now,
                layer: layer))
        mark = now
    }

    /// The activity at hand ends.
    package func leave() { close(Self.now) }

    private func close(_ now: Double) {
        guard let current else { return }
        add(Span(current.activity, step: current.step, begin: current.begin, end: now))
        self.current = nil
    }

    package func add(_ span: Span) {
        if spans.count < Self.capacity { spans.append(span) }
    }

    /// Whether it is time to take the spans: every `interval` seconds, or when there are many.
    package func isDue(every interval: Double) -> Bool {
        spans.count > Self.capacity / 2 || (!spans.isEmpty && Self.now - lastTaken >= interval)
    }

    /// The finished spans, which are then forgotten.
    package func take() -> [Span] {
        let taken = Array(spans[...])
        spans.removeAll(keepingCapacity: true)
        lastTaken = Self.now
        return taken
    }
}

/// When the communication thread was busy with updates in a step.
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
