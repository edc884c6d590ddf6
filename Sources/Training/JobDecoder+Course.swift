import Configuration

// How long a training goes on and what it keeps: `max_steps`, `checkpoint`, `logging`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func course(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        let maxSteps = fields.optional("max_steps", .int(1...))
        let checkpoint = fields.optional("checkpoint", .object(Self.checkpoint), default: CheckpointPolicy())
        let logEvery = fields.optional("logging", .object { $0.optional("every", .int(1...), default: 10) }, default: 10)
        return { job in (job.maxSteps, job.checkpoint, job.logEvery) = (maxSteps, checkpoint, logEvery) }
    }

    static func checkpoint(_ fields: ObjectDecoder) -> CheckpointPolicy? {
        let every = fields.optional(
            "every", Expectation<Int>.int(1...).map(CheckpointPolicy.Interval.steps).or("epoch", is: .epoch), default: .epoch)
        return CheckpointPolicy(every: every, keep: fields.optional("keep", .int(1...), default: 3))
    }
}
