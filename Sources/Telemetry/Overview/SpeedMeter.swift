import Platform

/// The speed of a training's computation: averages over its steps, of which the newest count most. Waiting
/// for workers does not count, and evaluations at the ends of epochs are measured by themselves.
///
/// With weights w = exp(−age / memory), the time of a step is Σ w·seconds / Σ w·steps. A value: the time is a
/// parameter.
package struct SpeedMeter: Sendable {
    /// Seconds after which a step counts for 1/e.
    private let memory: Double
    /// The newest step, and when it was done; nil where a wait lies between it and the next one.
    private var newest: (step: Int, epoch: Int, time: Double)?
    /// When the computation began or went on, and after how many steps, until its first step is done.
    private var begin: (step: Int, time: Double)?
    private var seconds = 0.0
    private var steps = 0.0
    private var samples = 0.0
    /// Seconds of an evaluation at an epoch's end.
    private var evaluation = 0.0

    package init(memory: Double = 30) { self.memory = memory }

    /// The computation begins, or goes on after a wait, with `step` steps done.
    package mutating func start(step: Int, at time: Double) {
        newest = nil
        begin = (step, time)
    }

    /// The time from now to the next `start`, or to the next step, does not count.
    package mutating func pause() {
        newest = nil
        begin = nil
    }

    /// Takes in that `step` steps are done, the last of them in `epoch`, and those since the last call over
    /// `samples` samples.
    package mutating func record(step: Int, epoch: Int, samples: Int, at time: Double) {
        defer {
            newest = (step, epoch, time)
            begin = nil
        }
        let before = newest.map { (step: $0.step, time: $0.time) } ?? begin
        guard let before, time >= before.time else { return }
        // After a roll-back the numbers begin anew.
        let count = Double(max(1, step - before.step))
        var elapsed = time - before.time
        if let newest, epoch != newest.epoch, let usual = secondsPerStep {
            let between = max(0, elapsed - count * usual)
            evaluation = evaluation == 0 ? between : 0.7 * evaluation + 0.3 * between
            elapsed = min(elapsed, count * usual)
        }
        let weight = exp(-elapsed / memory)
        seconds = weight * seconds + elapsed
        steps = weight * steps + count
        self.samples = weight * self.samples + Double(samples)
    }

    private var secondsPerStep: Double? { seconds > 0 ? seconds / steps : nil }

    package var samplesPerSecond: Double? { seconds > 0 ? samples / seconds : nil }

    /// The seconds that so many steps, and the evaluations at the ends of so many epochs, will take; nil
    /// while nothing is measured.
    package func secondsLeft(steps: Int, epochs: Int) -> Double? {
        secondsPerStep.map { $0 * Double(max(0, steps)) + evaluation * Double(max(0, epochs)) }
    }
}
