import Configuration
import NeuralNetwork

// `schedule`: how the learning rate goes on.
extension JobDecoder {
    private static let schedules = [
        "constant", "step", "multi_step", "exponential", "cosine", "reduce_on_plateau",
    ]

    static var schedule: Expectation<Schedule> {
        Expectation<Schedule>.variant("a schedule", among: schedules) { choice in
            let fields = choice.fields
            let warmup = fields.optional("warmup_steps", .int(0...1_000_000_000), default: 0)
            return shape(choice.name, fields).map { Schedule($0, warmupSteps: warmup) }
        }
    }

    private static func shape(_ name: String, _ fields: ObjectDecoder) -> Schedule.Shape? {
        func factor(_ usual: Double) -> Double {
            fields.optional("factor", .number(.above(0, to: 1)), default: usual)
        }
        switch name {
        case "step":
            let every = interval(fields)
            let factor = factor(0.1)
            return every.map { .step(every: $0.count, unit: $0.unit, factor: factor) }
        case "multi_step":
            let milestones = milestones(fields)
            let factor = factor(0.1)
            return milestones.map { .multiStep(milestones: $0.places, unit: $0.unit, factor: factor) }
        case "exponential":
            let unit = fields.optional("per", .oneOf(["epoch", "step"]), default: "epoch")
            let factor = fields.required("factor", .number(.above(0, to: 1)))
            return factor.map { .exponential(factor: $0, unit: unit == "epoch" ? .epochs : .steps) }
        case "cosine":
            return .cosine(
                minimum: fields.optional("minimum", .number(.nonNegative), default: 0),
                over: fields.optional("total_steps", .int(1...)))
        case "reduce_on_plateau": return .reduceOnPlateau(plateau(fields))
        default: return .constant
        }
    }

    /// `every_epochs: 30` or `every_steps: 1000`.
    private static func interval(_ fields: ObjectDecoder) -> (count: Int, unit: Schedule.Unit)? {
        guard let choice = fields.exactlyOne(of: ["every_epochs", "every_steps"], what: "an interval") else {
            return nil
        }
        let count = Expectation<Int>.int(1...).read(choice.value, fields.diagnostics)
        return count.map { ($0, choice.key == "every_epochs" ? .epochs : .steps) }
    }

    /// `epochs: [30, 60]` or `steps: […]`: after so many of them.
    private static func milestones(_ fields: ObjectDecoder) -> (places: [Int], unit: Schedule.Unit)? {
        guard let choice = fields.exactlyOne(of: ["epochs", "steps"], what: "a list of milestones") else {
            return nil
        }
        guard
            let places = Expectation<[Int]>.array(of: .int(1...), count: 1...1000).read(
                choice.value, fields.diagnostics)
        else {
            return nil
        }
        guard zip(places, places.dropFirst()).allSatisfy({ $0 < $1 }) else {
            fields.diagnostics.error("milestones must rise", at: choice.value)
            return nil
        }
        return (places, choice.key == "epochs" ? .epochs : .steps)
    }

    private static func plateau(_ fields: ObjectDecoder) -> PlateauPolicy {
        let monitor = monitor(fields, default: "validation.loss") ?? MetricMonitor(.validation, "loss", .min)
        return PlateauPolicy(
            monitor: monitor.name, higherIsBetter: monitor.mode == .max,
            factor: fields.optional("factor", .number(.above(0, below: 1)), default: 0.1),
            patience: fields.optional("patience", .int(0...1_000_000), default: 10),
            threshold: fields.optional("threshold", .number(.from(0, below: 1)), default: 1e-4),
            minimumLearningRate: fields.optional("min_learning_rate", .number(.nonNegative), default: 0))
    }
}
