import Configuration
import NeuralNetwork

/// The numbers of all schedules; each has some of them.
private struct ScheduleFields: Sendable {
    /// A number of steps or epochs.
    struct Interval: Equatable, Sendable {
        var count: Int
        var unit: Schedule.Unit
    }

    struct Milestones: Equatable, Sendable {
        var counts: [Int]
        var unit: Schedule.Unit
    }

    var interval = Interval(count: 1, unit: .epochs)
    var milestones = Milestones(counts: [1], unit: .epochs)
    var unit = Schedule.Unit.epochs
    var factor = 0.1
    var minimum = 0.0
    var totalSteps: Int?
    var plateau = PlateauPolicy()
    var warmupSteps = 0

    static let warmup = Field(
        "warmup_steps", \ScheduleFields.warmupSteps, .int(0...1_000_000_000),
        "The rate rises in a straight line during the first so many steps.", example: "500")
    static let reduction = Field(
        "factor", \ScheduleFields.factor, .number(.above(0, to: 1)),
        "Factor of the learning rate at each of these moments.", example: "0.5")
}

// `schedule`: how the learning rate changes during a training.
extension Schedule {
    static let codec = Codec<Schedule>.variant(
        "a schedule",
        [
            shape("constant", "The rate stays as it is.", to: { _ in .constant }) { shape in
                shape == .constant ? ScheduleFields() : nil
            } fields: {
            },
            step, multiStep, exponential, cosine, plateau,
        ])

    private static func shape(
        _ name: String, _ sentence: String, example: String? = nil,
        to: @escaping @Sendable (ScheduleFields) -> Shape,
        from: @escaping @Sendable (Shape) -> ScheduleFields?,
        @FieldBuilder<ScheduleFields> fields: () -> [Field<ScheduleFields>]
    ) -> Choice<Schedule> {
        let fields = fields()
        let object = ObjectCodec(ScheduleFields()) {
            fields
            ScheduleFields.warmup
        }
        return Choice(
            name, sentence, example: example, object, to: { Schedule(to($0), warmupSteps: $0.warmupSteps) },
            from: { schedule in
                var fields = from(schedule.shape)
                fields?.warmupSteps = schedule.warmupSteps
                return fields
            })
    }

    private static var step: Choice<Schedule> {
        shape(
            "step", "Multiplies the rate again and again, at equal distances.",
            example: "{every_epochs: 30, factor: 0.1}",
            to: { .step(every: $0.interval.count, unit: $0.interval.unit, factor: $0.factor) },
            from: { shape in
                guard case .step(let count, let unit, let factor) = shape else { return nil }
                return ScheduleFields(interval: .init(count: count, unit: unit), factor: factor)
            },
            fields: {
                Field.choice(
                    "an interval", \.interval,
                    [
                        interval(
                            "every_epochs", .epochs, "Epochs from one change to the next.", example: "30"),
                        interval(
                            "every_steps", .steps, "Steps from one change to the next.", example: "1000"),
                    ])
                ScheduleFields.reduction
            })
    }

    private static func interval(_ name: String, _ unit: Unit, _ sentence: String, example: String)
        -> Choice<ScheduleFields.Interval>
    {
        Choice(
            name, .int(1...), sentence, example: example, to: { .init(count: $0, unit: unit) },
            from: { $0.unit == unit ? $0.count : nil })
    }

    private static var multiStep: Choice<Schedule> {
        shape(
            "multi_step", "Multiplies the rate at given moments.", example: "{epochs: [60, 90], factor: 0.1}",
            to: {
                .multiStep(milestones: $0.milestones.counts, unit: $0.milestones.unit, factor: $0.factor)
            },
            from: { shape in
                guard case .multiStep(let counts, let unit, let factor) = shape else { return nil }
                return ScheduleFields(milestones: .init(counts: counts, unit: unit), factor: factor)
            },
            fields: {
                Field.choice(
                    "a list of milestones", \.milestones,
                    [
                        milestones("epochs", .epochs, "After so many epochs; rising.", example: "[60, 90]"),
                        milestones("steps", .steps, "After so many steps; rising.", example: "[5000, 8000]"),
                    ])
                ScheduleFields.reduction
            })
    }

    private static func milestones(_ name: String, _ unit: Unit, _ sentence: String, example: String)
        -> Choice<ScheduleFields.Milestones>
    {
        let rising = Codec<[Int]>.array(of: .int(1...), count: 1...1000).checked { counts in
            zip(counts, counts.dropFirst()).allSatisfy { $0 < $1 } ? nil : ("must rise", nil)
        }
        return Choice(
            name, rising, sentence, example: example, to: { .init(counts: $0, unit: unit) },
            from: { $0.unit == unit ? $0.counts : nil })
    }

    private static var exponential: Choice<Schedule> {
        shape(
            "exponential", "Multiplies the rate after every epoch or step.", example: "{factor: 0.95}",
            to: { .exponential(factor: $0.factor, unit: $0.unit) },
            from: { shape in
                guard case .exponential(let factor, let unit) = shape else { return nil }
                return ScheduleFields(unit: unit, factor: factor)
            },
            fields: {
                Field(
                    "per", \.unit,
                    Codec<String>.oneOf(["epoch", "step"]).map(
                        to: { $0 == "epoch" ? Unit.epochs : .steps },
                        from: { $0 == .epochs ? "epoch" : "step" }),
                    "After each of which the rate is multiplied.", example: "\"step\"")
                Field(
                    required: "factor", \.factor, .number(.above(0, to: 1)), "Factor of the learning rate.",
                    example: "0.95")
            })
    }

    private static var cosine: Choice<Schedule> {
        shape(
            "cosine", "The rate falls along half a cosine wave.", example: "{minimum: 1e-5}",
            to: { .cosine(minimum: $0.minimum, over: $0.totalSteps) },
            from: { shape in
                guard case .cosine(let minimum, let steps) = shape else { return nil }
                return ScheduleFields(minimum: minimum, totalSteps: steps)
            },
            fields: {
                Field(
                    "minimum", \.minimum, .number(.nonNegative), "The learning rate at the end.",
                    example: "1e-5")
                Field(
                    "total_steps", \.totalSteps, .int(1...),
                    "The step at which the minimum is reached; it stays from there on.", example: "10000",
                    default: "the job's last step")
            })
    }

    private static var plateau: Choice<Schedule> {
        shape(
            "reduce_on_plateau", "Multiplies the rate when a metric no longer improves.",
            example: "{monitor: \"validation.loss\", patience: 10}", to: { .reduceOnPlateau($0.plateau) },
            from: { shape in
                guard case .reduceOnPlateau(let policy) = shape else { return nil }
                return ScheduleFields(plateau: policy)
            },
            fields: {
                Field.inline(\.plateau.watched, MonitorFields.codec)
                Field(
                    "factor", \.plateau.factor, .number(.above(0, below: 1)), "Factor of the learning rate.",
                    example: "0.5")
                Field(
                    "patience", \.plateau.patience, .int(0...1_000_000),
                    "Evaluations in a row without an improvement that are tolerated.", example: "5")
                Field(
                    "threshold", \.plateau.threshold, .number(.from(0, below: 1)),
                    "An improvement is a change of the best value by more than this fraction.",
                    example: "0.001")
                Field(
                    "min_learning_rate", \.plateau.minimumLearningRate, .number(.nonNegative),
                    "The rate falls no lower.", example: "1e-6")
            })
    }
}

extension PlateauPolicy {
    fileprivate var watched: MonitorFields {
        get { MonitorFields(name: monitor, mode: higherIsBetter ? .max : .min) }
        set {
            guard let value = newValue.monitor else { return }
            monitor = value.name
            higherIsBetter = value.mode == .max
        }
    }
}
