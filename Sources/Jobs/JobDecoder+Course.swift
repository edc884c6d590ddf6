import Configuration

// How long a training goes on and what it keeps: `max_steps`, `early_stopping`, `checkpoint`, `logging`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func course(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        let maxSteps = fields.optional("max_steps", .int(1...))
        let earlyStopping = fields.optional("early_stopping", .object(Self.earlyStopping))
        let checkpoint = fields.optional("checkpoint", .object(Self.checkpoint), default: CheckpointPolicy())
        let logging = fields.optional(
            "logging", .object(Self.logging), default: (every: 10, gradients: false))
        return { job in
            (job.maxSteps, job.earlyStopping) = (maxSteps, earlyStopping)
            (job.checkpoint, job.logEvery) = (checkpoint, logging.every)
            job.optimization.logsGradients = logging.gradients
        }
    }

    static func logging(_ fields: ObjectDecoder) -> (every: Int, gradients: Bool)? {
        (
            fields.optional("every", .int(1...), default: 10),
            fields.optional("gradients", .bool, default: false)
        )
    }

    static func checkpoint(_ fields: ObjectDecoder) -> CheckpointPolicy? {
        let every = fields.optional(
            "every", Expectation<Int>.int(1...).map(CheckpointPolicy.Interval.steps).or("epoch", is: .epoch),
            default: .epoch)
        let keep = fields.optional("keep", .int(1...), default: 3)
        return CheckpointPolicy(every: every, keep: keep, best: fields.optional("best", best))
    }

    /// The name of what is monitored, or an object with its `mode`.
    private static var best: Expectation<MetricMonitor> {
        MetricMonitor.expectation.or(.object { fields in monitor(fields, default: "validation.loss") })
    }

    static func earlyStopping(_ fields: ObjectDecoder) -> EarlyStopping? {
        let monitor = monitor(fields, default: "validation.loss")
        let patience = fields.optional("patience", .int(1...), default: 5)
        let delta = fields.optional("minimum_delta", .number(.atLeast(0)), default: 0)
        return monitor.map { EarlyStopping(monitor: $0, patience: patience, minimumDelta: delta) }
    }

    /// `monitor` and, where its name does not tell, `mode`.
    static func monitor(_ fields: ObjectDecoder, default name: String) -> MetricMonitor? {
        let text = fields.optional("monitor", .nonEmptyString, default: name)
        let mode = fields.optional("mode", .oneOf(MetricMonitor.Mode.self))
        if let monitor = MetricMonitor.parse(text, mode: mode) { return monitor }
        fields.error(
            "`monitor` must be `train.` or `validation.` and a metric's name", atValueOf: "monitor",
            label: MetricMonitor.parse(text, mode: .min) == nil
                ? "for example \"validation.loss\"" : "say with `mode` whether \"min\" or \"max\" is good")
        return nil
    }
}
