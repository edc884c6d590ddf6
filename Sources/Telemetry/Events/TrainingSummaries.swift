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

/// The result of one step over its whole batch.
package struct StepSummary: Equatable, Sendable {
    /// Steps done, of the whole run; the first step's report says 1.
    package var step: Int
    /// From 1.
    package var epoch: Int
    package var samples: Int
    /// Loss and metrics of the batch, the loss first.
    package var values: [NamedValue]
    /// Nil where nothing is learnt by gradient descent.
    package var learningRate: Double?
    /// Seconds of training until now.
    package var seconds: Double

    package init(
        step: Int, epoch: Int, samples: Int, values: [NamedValue], learningRate: Double? = nil,
        seconds: Double = 0
    ) {
        self.step = step
        self.epoch = epoch
        self.samples = samples
        self.values = values
        self.learningRate = learningRate
        self.seconds = seconds
    }

    var facts: EventFacts {
        EventFacts(
            "step_finished", .debug,
            "step \(TextFormat.grouped(step)) (epoch \(epoch)):"
                + " \(values.map(\.text).joined(separator: ", "))",
            [
                "step": .integer(step), "epoch": .integer(epoch), "samples": .integer(samples),
                "values": .numbers(values), "learning_rate": .optional(learningRate),
                "seconds": .number(seconds),
            ])
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
    /// Loss and metrics of the validation set; empty without one.
    package var validation: [NamedValue]
    package var stoppedEarly: Bool
    /// Seconds of training until now.
    package var seconds: Double

    package init(
        epoch: Int, epochs: Int, step: Int, train: [NamedValue], validation: [NamedValue] = [],
        stoppedEarly: Bool = false, seconds: Double
    ) {
        self.epoch = epoch
        self.epochs = epochs
        self.step = step
        self.train = train
        self.validation = validation
        self.stoppedEarly = stoppedEarly
        self.seconds = seconds
    }

    var facts: EventFacts {
        EventFacts(
            "epoch_finished", .debug, ProgressFormat.line(self),
            [
                "epoch": .integer(epoch), "epochs": .integer(epochs), "step": .integer(step),
                "train": .numbers(train), "validation": validation.isEmpty ? .null : .numbers(validation),
                "stopped_early": .flag(stoppedEarly), "seconds": .number(seconds),
            ])
    }
}
