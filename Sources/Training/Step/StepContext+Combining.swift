extension StepContext {
    /// Combines an exchange over all members' microbatches (`Collective.combine`). While the others' are waited for, within `phase`, heartbeats say so: who waits does not hang.
    func combine(_ exchange: Int, step: Int, within phase: TrainingPhase) throws -> UnsafePointer<Double> {
        waited(phase, step, false)
        defer { waited(phase, step, true) }
        return try collective.combine(exchange, step: step)
    }
}
