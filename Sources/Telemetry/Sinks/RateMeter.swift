/// Samples and steps per second over the last seconds. A value: the time is a parameter.
package struct RateMeter: Sendable {
    private struct Mark {
        var time: Double
        var step: Int
        var samples: Int
    }

    /// The time over which a rate is measured, in seconds.
    private let window: Double
    private var marks: [Mark] = []

    package init(window: Double = 10) { self.window = window }

    /// Takes in that `step` steps are done, the last of them over `samples` samples. After a roll-back, when
    /// `step` is smaller than before, the measurement starts anew.
    package mutating func record(step: Int, samples: Int, at time: Double) {
        if let last = marks.last, step <= last.step || time < last.time { marks = [] }
        let mark = Mark(time: time, step: step, samples: (marks.last?.samples ?? 0) + samples)
        // Marks lie a twentieth of the window apart; between them the last one moves along.
        if marks.count >= 2, time - marks[marks.count - 2].time < window / 20 {
            marks[marks.count - 1] = mark
        } else {
            marks.append(mark)
        }
        // The newest mark that is old enough stays as the beginning.
        if let begin = marks.lastIndex(where: { $0.time <= time - window }), begin > 0 {
            marks.removeFirst(begin)
        }
    }

    package var samplesPerSecond: Double? { rate { Double($1.samples - $0.samples) } }
    package var stepsPerSecond: Double? { rate { Double($1.step - $0.step) } }

    private func rate(_ difference: (Mark, Mark) -> Double) -> Double? {
        guard let first = marks.first, let last = marks.last, last.time > first.time else { return nil }
        return difference(first, last) / (last.time - first.time)
    }
}
