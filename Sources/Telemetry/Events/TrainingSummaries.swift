import System

/// A metric's value.
package struct NamedValue: Equatable, Sendable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }

    var text: String { "\(name) \(TextFormat.measure(value))" }
}

/// The norms of one tensor's gradient over a batch.
package struct GradientNorms: Equatable, Sendable {
    package var name: String
    /// The sum of absolute values.
    package var l1: Double
    /// The square root of the sum of squares.
    package var l2: Double
    /// The largest absolute value.
    package var linf: Double

    package init(_ name: String, l1: Double, l2: Double, linf: Double) {
        self.name = name
        self.l1 = l1
        self.l2 = l2
        self.linf = linf
    }

    var field: EventField {
        EventField(name, .numbers([NamedValue("l1", l1), NamedValue("l2", l2), NamedValue("linf", linf)]))
    }
}

/// The result of one step over its whole batch.
package struct StepSummary: Equatable, Sendable {
    /// Steps done, of the whole run; the first step's report says 1.
    package var step: Int
    /// From 1.
    package var epoch: Int
    package var samples: Int
    /// Loss and metrics of the batch, the loss first.
    package var values: [NamedValue]
    /// Loss and metrics of the epoch so far; empty where nobody asks for them.
    package var epochValues: [NamedValue]
    /// Nil where nothing is learnt by gradient descent.
    package var learningRate: Double?
    /// Norms of the weights' gradients in a logged step; empty unless the job logs gradients.
    package var gradients: [GradientNorms]
    /// For each rectifier, the fraction of its units, 0 to 1, that no sample of the batch switched on; empty
    /// unless the job logs gradients.
    package var deadUnits: [NamedValue]
    /// Seconds of training until now.
    package var seconds: Double

    package init(
        step: Int, epoch: Int, samples: Int, values: [NamedValue], epochValues: [NamedValue] = [],
        learningRate: Double? = nil, gradients: [GradientNorms] = [], deadUnits: [NamedValue] = [],
        seconds: Double = 0
    ) {
        self.step = step
        self.epoch = epoch
        self.samples = samples
        self.values = values
        self.epochValues = epochValues
        self.learningRate = learningRate
        self.gradients = gradients
        self.deadUnits = deadUnits
        self.seconds = seconds
    }

    /// The facts of a step that is done.
    var facts: EventFacts {
        EventFacts(
            "step_finished", .debug, sentence,
            fields: [
                "step": .integer(step), "epoch": .integer(epoch), "samples": .integer(samples),
                "values": .numbers(values), "learning_rate": .optional(learningRate),
                "seconds": .number(seconds),
            ])
    }

    /// The facts of a step that the job logs.
    var loggedFacts: EventFacts {
        EventFacts(
            "step_logged", .debug, sentence,
            fields: [
                "step": .integer(step), "epoch": .integer(epoch), "samples": .integer(samples),
                "values": .numbers(values), "learning_rate": .optional(learningRate),
                "gradients": gradients.isEmpty ? .null : .object(gradients.map(\.field)),
                "dead_units": gradients.isEmpty ? .null : .numbers(deadUnits), "seconds": .number(seconds),
            ])
    }

    private var sentence: String {
        let step = TextFormat.grouped(step)
        return "step \(step) (epoch \(epoch)): \(values.map(\.text).joined(separator: ", "))"
    }
}

/// The result of one epoch.
package struct EpochSummary: Equatable, Sendable {
    /// From 1.
    package var epoch: Int
    package var epochs: Int
    /// Steps done with the epoch's end.
    package var step: Int
    /// Loss and metrics over the epoch's batches, the loss first.
    package var train: [NamedValue]
    /// The regularization's part of the objective at the epoch's end; nil if nothing is regularized.
    package var penalty: Double?
    /// Loss and metrics of the validation set; empty without one.
    package var validation: [NamedValue]
    package var stoppedEarly: Bool
    /// Whether it is the best so far by the job's measure; nil if the job has none.
    package var isBest: Bool?
    /// Seconds of training until now.
    package var seconds: Double

    package init(
        epoch: Int, epochs: Int, step: Int, train: [NamedValue], penalty: Double? = nil,
        validation: [NamedValue] = [], stoppedEarly: Bool = false, isBest: Bool? = nil, seconds: Double
    ) {
        self.epoch = epoch
        self.epochs = epochs
        self.step = step
        self.train = train
        self.penalty = penalty
        self.validation = validation
        self.stoppedEarly = stoppedEarly
        self.isBest = isBest
        self.seconds = seconds
    }

    /// The values of the training, and behind them the penalty if there is one, as `metrics.jsonl` and
    /// `metrics.csv` show them.
    package var trainAndPenalty: [NamedValue] { train + (penalty.map { [NamedValue("penalty", $0)] } ?? []) }

    var facts: EventFacts {
        EventFacts(
            "epoch_finished", .debug, sentence,
            fields: [
                "epoch": .integer(epoch), "epochs": .integer(epochs), "step": .integer(step),
                "train": .numbers(train), "penalty": .optional(penalty),
                "validation": validation.isEmpty ? .null : .numbers(validation),
                "stopped_early": .flag(stoppedEarly), "best": isBest.map { .flag($0) } ?? .null,
                "seconds": .number(seconds),
            ])
    }

    private var sentence: String {
        var parts = ["epoch \(epoch)/\(epochs)"]
        parts += train.map(\.text)
        if !validation.isEmpty {
            parts.append("validation \(validation.map(\.text).joined(separator: ", "))")
        }
        parts.append(TextFormat.duration(seconds))
        return parts.joined(separator: "  ")
    }
}
