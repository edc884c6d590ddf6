import Configuration
import Training

/// The content of `result.json`.
package struct RunResult: Sendable {
    package var steps: Int
    package var epochs: Int
    package var train: Totals?
    /// The regularization's part of the objective; nil if nothing is regularized.
    package var penalty: Double?
    package var validation: Totals?
    package var test: Totals?
    package var stateSHA256: String
    package var isExact: Bool
    package var platform: String
    package var workers: Int
    package var recoveries: Int
    /// Seconds of training, over all interruptions.
    package var seconds: Double
    /// The part of `seconds` since the run was resumed; nil if it was not.
    package var secondsSinceResume: Double? = nil
    /// True if rules ended the job before its last epoch; nil if it has no rules.
    package var stoppedEarly: Bool? = nil
    package var best: Best? = nil
    package var origin: Origin? = nil

    /// Where and when the run was.
    package struct Origin: Sendable {
        package var name: String
        package var directory: String
        /// Nil if the targets are values.
        package var classNames: [String]?
        /// As UTC in ISO 8601; nil if that is not known.
        package var started: String?
        package var ended: String

        package init(
            name: String, directory: String, classNames: [String]?, started: String?, ended: String
        ) {
            self.name = name
            self.directory = directory
            self.classNames = classNames
            self.started = started
            self.ended = ended
        }

        fileprivate var members: [(String, ConfigValue)] {
            [
                ("name", .string(name)), ("run_directory", .string(directory)),
                ("class_names", classNames.map { .array($0.map { .string($0) }) } ?? .null),
                ("started", started.map { .string($0) } ?? .null), ("ended", .string(ended)),
            ]
        }
    }

    package init(
        steps: Int, epochs: Int, train: Totals?, penalty: Double?, validation: Totals?, test: Totals?,
        stateSHA256: String, isExact: Bool, platform: String, workers: Int, recoveries: Int, seconds: Double,
        stoppedEarly: Bool?, best: Best?, origin: Origin? = nil
    ) {
        self.steps = steps
        self.epochs = epochs
        self.train = train
        self.penalty = penalty
        self.validation = validation
        self.test = test
        self.stateSHA256 = stateSHA256
        self.isExact = isExact
        self.platform = platform
        self.workers = workers
        self.recoveries = recoveries
        self.seconds = seconds
        self.stoppedEarly = stoppedEarly
        self.best = best
        self.origin = origin
    }

    /// The evaluation whose checkpoint is kept as the best.
    package struct Best: Sendable {
        package var monitor: String
        package var value: Double
        package var epoch: Int
        package var step: Int
        package var checkpoint: String

        package init(monitor: String, value: Double, epoch: Int, step: Int, checkpoint: String) {
            self.monitor = monitor
            self.value = value
            self.epoch = epoch
            self.step = step
            self.checkpoint = checkpoint
        }

        package var configValue: ConfigValue {
            .object([
                ("monitor", .string(monitor)), ("value", .number(value)), ("epoch", .int(epoch)),
                ("step", .int(step)), ("checkpoint", .string(checkpoint)),
            ])
        }
    }

    /// A set's results.
    package static func metrics(_ totals: Totals, penalty: Double? = nil) -> ConfigValue {
        .object(metricMembers(totals, penalty: penalty))
    }

    /// The loss, the metrics, the penalty and the confusion matrix of a set.
    package static func metricMembers(_ totals: Totals, penalty: Double? = nil) -> [(String, ConfigValue)] {
        let confusion = totals.confusionMatrix.map { matrix in
            ("confusion_matrix", ConfigValue.array(matrix.map { .array($0.map { .int($0) }) }))
        }
        return totals.members + (penalty.map { [("penalty", .number($0))] } ?? [])
            + (confusion.map { [$0] } ?? [])
    }

    package var value: ConfigValue {
        func metrics(_ totals: Totals?, penalty: Double? = nil) -> ConfigValue {
            totals.map { Self.metrics($0, penalty: penalty) } ?? .null
        }
        var more: [(String, ConfigValue)] = []
        if let secondsSinceResume { more.append(("seconds_since_resume", .number(secondsSinceResume))) }
        if let stoppedEarly { more.append(("stopped_early", .bool(stoppedEarly))) }
        if let best { more.append(("best", best.configValue)) }
        if let origin { more += origin.members }
        return .object(
            [
                ("steps", .int(steps)), ("epochs", .int(epochs)), ("train", metrics(train, penalty: penalty)),
                ("validation", metrics(validation)),
                ("test", metrics(test)), ("state_sha256", .string(stateSHA256)), ("exact", .bool(isExact)),
                ("platform", .string(platform)), ("workers", .int(workers)), ("recoveries", .int(recoveries)),
                ("seconds", .number(seconds)),
            ] + more)
    }
}

extension Totals {
    /// The loss and the metrics, as members of a JSON object.
    package var members: [(String, ConfigValue)] { values.map { ($0.name, .number($0.value)) } }
}
