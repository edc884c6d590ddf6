/// The progress of a run, as the bar shows it.
package struct Progress: Equatable, Sendable {
    /// The number of the epoch at hand, from 1.
    package var epoch: Int
    package var epochs: Int
    /// The number of steps done, of the whole run.
    package var step: Int
    package var steps: Int
    /// Loss and metrics of the epoch so far, the loss first.
    package var values: [NamedValue]
    package var samplesPerSecond: Double?
    package var secondsLeft: Double?
    /// The worker that is much slower than the others, with its speed; nil: none.
    package var slowest: String?
    /// The thing that the training waits for, such as `a worker`; nil: it computes.
    package var waitsFor: String?

    package init(
        epoch: Int, epochs: Int, step: Int, steps: Int, values: [NamedValue] = [],
        samplesPerSecond: Double? = nil, secondsLeft: Double? = nil, slowest: String? = nil,
        waitsFor: String? = nil
    ) {
        self.epoch = epoch
        self.epochs = epochs
        self.step = step
        self.steps = steps
        self.values = values
        self.samplesPerSecond = samplesPerSecond
        self.secondsLeft = secondsLeft
        self.slowest = slowest
        self.waitsFor = waitsFor
    }

    /// The part of the run that is done, 0 … 1.
    package var fraction: Double { steps > 0 ? min(1, max(0, Double(step) / Double(steps))) : 0 }
}
