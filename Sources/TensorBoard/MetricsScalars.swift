import Configuration

/// The points of curves that a line of `metrics.jsonl` has. Each number of the line is one, in its full
/// precision; what is not finite, which the line tells as null, is NaN.
///
/// Curves that are compared stand in one group, which is the part of a tag before its first `/`: `loss/step`
/// (the batch of a logged step), `loss/train` and `loss/validation` (an epoch's end), and so for each metric.
struct MetricsScalars {
    /// A line, as the event files know it.
    struct Mark: Hashable {
        enum Kind: Hashable { case step, epoch, times }

        var kind: Kind
        /// The step; of times the epoch, which is all that such a line tells.
        var step: Int
    }

    private let batchSize: Int
    /// The logged step before, and the seconds of training until then.
    private var before: (step: Int, seconds: Double)?

    init(batchSize: Int) { self.batchSize = batchSize }

    /// The points of a line; nil if it is none of a run.
    mutating func points(_ line: ConfigValue) -> (mark: Mark, values: [BoardValue])? {
        if line["workers"] != nil { return Self.times(line) }
        guard let step = line["step"]?.integer else { return nil }
        if line["train"] != nil {
            return (Mark(kind: .epoch, step: step), Self.epoch(line))
        }
        return (Mark(kind: .step, step: step), Self.step(line) + throughput(step, line))
    }

    private static func step(_ line: ConfigValue) -> [BoardValue] {
        (line.members ?? []).flatMap { member in
            switch member.key {
            case "kind", "step": [BoardValue]()
            case "epoch", "learning_rate": scalars(member.key, member.value)
            case "gradients":
                (member.value.members ?? []).flatMap { tensor in
                    (tensor.value.members ?? []).flatMap {
                        scalars("gradient_\($0.key)/\(tensor.key)", $0.value)
                    }
                }
            case "dead_units":
                (member.value.members ?? []).flatMap { scalars("dead_units/\($0.key)", $0.value) }
            default: scalars("\(member.key)/step", member.value)
            }
        }
    }

    private static func epoch(_ line: ConfigValue) -> [BoardValue] {
        ["train", "validation"].flatMap { set in
            (line[set]?.members ?? []).flatMap { scalars("\($0.key)/\(set)", $0.value) }
        } + scalars("seconds/epoch", line["seconds"] ?? .null)
    }

    private static func times(_ line: ConfigValue) -> (Mark, [BoardValue])? {
        guard let epoch = line["epoch"]?.integer else { return nil }
        let values = (line["workers"]?.elements ?? []).flatMap { worker -> [BoardValue] in
            guard let number = worker["worker"]?.integer else { return [] }
            func parts(_ key: String, _ name: String) -> [BoardValue] {
                (worker[key]?.members ?? []).flatMap {
                    scalars("times/worker \(number) \(name)\($0.key)", $0.value)
                }
            }
            return scalars("times/worker \(number) steps", worker["steps"] ?? .null) + parts("seconds", "")
                + parts("beside", "beside ")
        }
        return (Mark(kind: .times, step: epoch), values)
    }

    /// Steps and samples per second since the logged step before. A resumed run may have gone back in time.
    private mutating func throughput(_ step: Int, _ line: ConfigValue) -> [BoardValue] {
        guard let seconds = line["seconds"]?.double else { return [] }
        defer { before = (step, seconds) }
        guard let before, step > before.step, seconds > before.seconds else { return [] }
        let rate = Double(step - before.step) / (seconds - before.seconds)
        return [
            BoardValue("throughput/steps_per_second", .scalar(rate)),
            BoardValue("throughput/samples_per_second", .scalar(rate * Double(batchSize))),
        ]
    }

    private static func scalars(_ tag: String, _ value: ConfigValue) -> [BoardValue] {
        if value.isNull { return [BoardValue(tag, .scalar(.nan))] }
        return value.double.map { [BoardValue(tag, .scalar($0))] } ?? []
    }
}
