/// All curves of a run, in the order in which they first had a value.
package struct CurveSet: Equatable, Sendable {
    package private(set) var curves: [Curve] = []
    private var indices: [Key: Int] = [:]
    /// Samples of a step; nil: unknown, and then there is no curve of samples per second.
    private let samplesPerStep: Int?
    /// The step and the training's seconds at the newest point of the throughput's curve.
    private var paced: (step: Int, seconds: Double)?
    /// Seconds between two points of the throughput's curve, at least: the seconds of steps are in
    /// milliseconds.
    private static let shortestPace = 0.1

    private enum Kind: Hashable { case step, train, validation, gradient, deadUnits, single }
    private struct Key: Hashable { let kind: Kind, name: String }

    package init(samplesPerStep: Int? = nil) { self.samplesPerStep = samplesPerStep }

    package static func == (one: Self, other: Self) -> Bool { one.curves == other.curves }

    /// Takes a logged step.
    package mutating func add(_ step: StepSummary) {
        for value in step.values { add(.step, value.name, value.value, step.step) }
        if let rate = step.learningRate { add(.single, "learning_rate", rate, step.step) }
        for norms in step.gradients { add(.gradient, norms.name, norms.l2, step.step) }
        for unit in step.deadUnits { add(.deadUnits, unit.name, unit.value, step.step) }
        addPace(step)
    }

    /// Takes an epoch that has ended.
    package mutating func add(_ epoch: EpochSummary) {
        for value in epoch.trainAndPenalty { add(.train, value.name, value.value, epoch.step) }
        for value in epoch.validation { add(.validation, value.name, value.value, epoch.step) }
    }

    package mutating func forgetChanges() {
        for index in curves.indices where curves[index].changedFrom != nil { curves[index].forgetChanges() }
    }

    private mutating func add(_ kind: Kind, _ name: String, _ value: Double, _ step: Int) {
        let key = Key(kind: kind, name: name)
        let index: Int
        if let known = indices[key] {
            index = known
        } else {
            index = curves.count
            indices[key] = index
            curves.append(Curve(Self.label(key)))
        }
        curves[index].add(value, step: step)
    }

    /// Throughput = samples of the steps since the point before / seconds of training since then, whatever
    /// they were spent on.
    private mutating func addPace(_ step: StepSummary) {
        guard let samplesPerStep, let before = paced, step.step > before.step else {
            return paced = (step.step, step.seconds)
        }
        let seconds = step.seconds - before.seconds
        guard seconds >= Self.shortestPace else { return }
        let samples = Double(samplesPerStep * (step.step - before.step))
        add(.single, "samples_per_second", samples / seconds, step.step)
        paced = (step.step, step.seconds)
    }

    private static func label(_ key: Key) -> Curve.Label {
        let name = key.name
        switch key.kind {
        case .step:
            return Curve.Label(id: "step.\(name)", group: name, name: "training, by step", set: "train")
        case .train:
            return Curve.Label(
                id: "train.\(name)", group: name, name: "training", set: "train", pace: .epoch)
        case .validation:
            return Curve.Label(
                id: "validation.\(name)", group: name, name: "validation", set: "validation", pace: .epoch)
        case .gradient: return Curve.Label(id: "gradient.\(name)", group: "gradient_norms", name: name)
        case .deadUnits: return Curve.Label(id: "dead_units.\(name)", group: "dead_units", name: name)
        case .single:
            let isPace = name == "samples_per_second"
            return Curve.Label(
                id: name, group: name, name: isPace ? "throughput" : "learning rate",
                unit: isPace ? "samples/s" : "")
        }
    }
}
