import Configuration

extension MetricsLine {
    /// The event that a line was made of; nil if it is none. A line tells neither the samples of a step nor
    /// whether an epoch was the best; `epochs` is 0.
    package static func event(of line: ConfigValue) -> RunEvent? {
        // Lines of earlier versions have no kind.
        switch line["kind"]?.text ?? (line["train"] == nil ? "step" : "epoch") {
        case "step": step(line).map { .training(.stepLogged($0)) }
        case "epoch": epoch(line).map { .training(.epochFinished($0)) }
        case "times": times(line).map { .timing(.epoch($0)) }
        default: nil
        }
    }

    private static let ofEveryStep: Set<String> = [
        "kind", "step", "epoch", "learning_rate", "gradients", "dead_units", "seconds",
    ]

    private static func step(_ line: ConfigValue) -> StepSummary? {
        guard let step = line["step"]?.integer, let epoch = line["epoch"]?.integer else { return nil }
        return StepSummary(
            step: step, epoch: epoch, samples: 0,
            values: (line.members ?? []).filter { !ofEveryStep.contains($0.key) }.compactMap(value),
            learningRate: line["learning_rate"]?.double,
            gradients: (line["gradients"]?.members ?? []).map { norms in
                func norm(_ name: String) -> Double { norms.value[name]?.double ?? .nan }
                return GradientNorms(norms.key, l1: norm("l1"), l2: norm("l2"), linf: norm("linf"))
            },
            deadUnits: values(line["dead_units"]), seconds: line["seconds"]?.double ?? 0)
    }

    private static func epoch(_ line: ConfigValue) -> EpochSummary? {
        guard let step = line["step"]?.integer, let epoch = line["epoch"]?.integer else { return nil }
        let train = values(line["train"])
        return EpochSummary(
            epoch: epoch, epochs: 0, step: step, train: train.filter { $0.name != "penalty" },
            penalty: train.first { $0.name == "penalty" }?.value, validation: values(line["validation"]),
            stoppedEarly: line["stopped_early"] == .bool(true), seconds: line["seconds"]?.double ?? 0)
    }

    private static func times(_ line: ConfigValue) -> EpochTimes? {
        guard let epoch = line["epoch"]?.integer else { return nil }
        return EpochTimes(
            epoch: epoch,
            workers: (line["workers"]?.elements ?? []).compactMap { worker in
                guard let number = worker["worker"]?.integer else { return nil }
                return EpochTimes.Worker(
                    WorkerName(number, name: worker["name"]?.text ?? ""),
                    steps: worker["steps"]?.integer ?? 0, parts: values(worker["seconds"]),
                    beside: values(worker["beside"]))
            })
    }

    private static func values(_ object: ConfigValue?) -> [NamedValue] {
        (object?.members ?? []).compactMap(value)
    }

    /// A number that is not finite was written as null.
    private static func value(_ member: ConfigMember) -> NamedValue? {
        if member.value.isNull { return NamedValue(member.key, .nan) }
        return member.value.double.map { NamedValue(member.key, $0) }
    }
}
