extension StepContext {
    /// Combines an exchange over all members' microbatches (`Collective.combine`). While it waits for the
    /// others within
    /// `phase`, heartbeats tell so: a member that waits does not hang.
    func combine(_ exchange: Int, step: Int, within phase: TrainingPhase) throws -> UnsafePointer<Double> {
        waited(phase, step, false)
        defer { waited(phase, step, true) }
        return try collective.combine(exchange, step: step)
    }
}
