import Configuration

// How long a training goes on and what it keeps: `max_steps`, `checkpoint`, `logging`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func course(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        let maxSteps = fields.optional("max_steps", .int(1...))
        let checkpoint = fields.optional("checkpoint", .object(Self.checkpoint), default: CheckpointPolicy())
        let logging = fields.optional("logging", .object(Self.logging), default: (every: 10, gradients: false))
        return { job in
            (job.maxSteps, job.checkpoint, job.logEvery) = (maxSteps, checkpoint, logging.every)
            job.optimization.logsGradients = logging.gradients
        }
    }

    static func logging(_ fields: ObjectDecoder) -> (every: Int, gradients: Bool)? {
        (fields.optional("every", .int(1...), default: 10), fields.optional("gradients", .bool, default: false))
    }

    static func checkpoint(_ fields: ObjectDecoder) -> CheckpointPolicy? {
        let every = fields.optional(
            "every", Expectation<Int>.int(1...).map(CheckpointPolicy.Interval.steps).or("epoch", is: .epoch), default: .epoch)
        return CheckpointPolicy(every: every, keep: fields.optional("keep", .int(1...), default: 3))
    }
}
