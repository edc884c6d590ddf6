/// A measure over the steps of a run, in bounded memory.
///
/// Values are gathered in at most 512 buckets of `stride` values each. When all buckets are full, neighbours
/// are merged and the stride doubles. The smallest and the greatest value of each bucket are kept, so that
/// thinning loses no peak. For example, 1,000,000 values end in 488 buckets of 2,048.
package struct Curve: Equatable, Sendable {
    package static let mostBuckets = 512

    /// The counter on the horizontal axis whose values follow each other evenly; x is in steps in both cases.
    package enum Pace: String, Sendable { case step, epoch }

    /// The place of a curve among the others.
    package struct Label: Equatable, Sendable {
        /// Unique within a run, such as `validation.loss`.
        package var id: String
        /// Curves of one group share a chart.
        package var group: String
        package var name: String
        /// `train` or `validation`; empty for a measure of neither.
        package var set: String
        package var pace: Pace
        package var unit: String

        package init(
            id: String, group: String, name: String, set: String = "", pace: Pace = .step, unit: String = ""
        ) {
            self.id = id
            self.group = group
            self.name = name
            self.set = set
            self.pace = pace
            self.unit = unit
        }
    }

    package let label: Label
    /// Values per bucket; the last bucket may have fewer.
    package private(set) var stride = 1
    /// The step of each bucket's last value.
    package private(set) var x: [Int] = []
    /// Each bucket's last value.
    package private(set) var y: [Double] = []
    /// Each bucket's smallest value, and its greatest one.
    package private(set) var low: [Double] = []
    package private(set) var high: [Double] = []
    /// The first bucket that has changed since `forgetChanges`; nil: none has.
    package private(set) var changedFrom: Int?
    /// Values in the last bucket.
    private var filled = 0

    package init(_ label: Label) { self.label = label }

    /// Adds the value after `step` steps. A step that is there already comes again because it was computed
    /// wrongly: it and all later ones are removed first, and with them the other values of its bucket.
    package mutating func add(_ value: Double, step: Int) {
        if let last = x.last, step <= last { cut(from: step) }
        if filled < stride, let end = x.indices.last {
            (x[end], y[end]) = (step, value)
            // These return the number, where the other one is a NaN.
            low[end] = Double.minimum(low[end], value)
            high[end] = Double.maximum(high[end], value)
            filled += 1
        } else {
            if x.count == Self.mostBuckets { merge() }
            x.append(step)
            y.append(value)
            low.append(value)
            high.append(value)
            filled = 1
        }
        noteChange(x.count - 1)
    }

    /// All changes have been shown.
    package mutating func forgetChanges() { changedFrom = nil }

    private mutating func noteChange(_ index: Int) { changedFrom = min(changedFrom ?? index, index) }

    private mutating func cut(from step: Int) {
        let kept = x.firstIndex { $0 >= step } ?? x.count
        let gone = x.count - kept
        x.removeLast(gone)
        y.removeLast(gone)
        low.removeLast(gone)
        high.removeLast(gone)
        // All buckets but the last one are full.
        filled = stride
        noteChange(kept)
    }

    private mutating func merge() {
        let (x, y, low, high) = (x, y, low, high)
        // The first bucket of each pair.
        let pairs = (0..<x.count / 2).map { 2 * $0 }
        self.x = pairs.map { x[$0 + 1] }
        self.y = pairs.map { y[$0 + 1] }
        self.low = pairs.map { Double.minimum(low[$0], low[$0 + 1]) }
        self.high = pairs.map { Double.maximum(high[$0], high[$0 + 1]) }
        stride *= 2
        filled = stride
        changedFrom = 0
    }
}
