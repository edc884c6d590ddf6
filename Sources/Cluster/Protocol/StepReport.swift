/// Rank 0's report of a step.
package struct StepReport: Equatable, Sendable {
    /// The step's number; the first one is 0.
    package var step: Int
    /// Seconds of rank 0's clock when it had decided what follows the step. Only differences between them
    /// have a meaning. The coordinator's clock would add the time that the message waits for two threads.
    package var clock: Double
    /// The sums of `TrainingPlan.trainReport` and, in a step that is logged, the diagnostics behind them.
    package var values: [Double]

    package init(step: Int, clock: Double, values: [Double]) {
        self.step = step
        self.clock = clock
        self.values = values
    }
}

extension StepReport: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(step)
        writer.write(clock)
        writer.write(values)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        step = try reader.readStep()
        clock = try reader.read()
        values = try reader.read()
    }
}
