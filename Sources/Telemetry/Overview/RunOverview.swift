/// Everything that pages and reports show of a run's course, in bounded memory. A value that takes events; a
/// sink keeps one, and a report makes one from the files of a run directory.
///
/// Steps, epochs and observations come as events. All others come as facts, as `log.jsonl` has them, so that
/// the files of a run lead to the same overview as its events.
package struct RunOverview: Sendable {
    package enum State: String, CaseIterable, Sendable {
        case starting, waiting, training, finished, stopped, failed
        /// The run ended without a word.
        case interrupted

        package var isOver: Bool {
            switch self {
            case .starting, .waiting, .training: false
            case .finished, .stopped, .failed, .interrupted: true
            }
        }
    }

    /// The facts of a run that do not change.
    package struct Plan: Equatable, Sendable {
        package var epochs: Int
        package var steps: Int
        /// Samples of a step; nil: unknown.
        package var samplesPerStep: Int?
        /// The metric whose best epoch is marked, such as `validation.accuracy`; nil: none is.
        package var monitor: String?

        package init(epochs: Int, steps: Int, samplesPerStep: Int? = nil, monitor: String? = nil) {
            self.epochs = epochs
            self.steps = steps
            self.samplesPerStep = samplesPerStep
            self.monitor = monitor
        }
    }

    package struct Best: Equatable, Sendable {
        package var value: Double
        package var epoch: Int
        package var step: Int

        package init(value: Double, epoch: Int, step: Int) {
            self.value = value
            self.epoch = epoch
            self.step = step
        }
    }

    /// A data set's metrics after a step.
    package struct Evaluation: Equatable, Sendable {
        package var set: String
        package var step: Int
        package var values: [NamedValue]
    }

    package let plan: Plan
    package var state = State.starting
    /// A sentence about the state: what the run waits for, why it failed, how to resume it.
    package var message: String?
    package private(set) var meter: ProgressMeter
    package var best: Best?
    package private(set) var curves: CurveSet
    package private(set) var board = WorkerBoard()
    package private(set) var timeLine = TimeLine()
    /// The newest evaluation of each set.
    package private(set) var evaluations: [Evaluation] = []

    /// Times in seconds since 1970-01-01 UTC: of the first event and of the newest one.
    package var started: Double?
    package private(set) var newest: Double?
    /// Seconds of training.
    package private(set) var trainingSeconds = 0.0

    /// Workers that were lost.
    package private(set) var deaths = 0
    /// Generations that ended before their time.
    package private(set) var recoveries = 0
    package private(set) var checkpoint: (step: Int, time: Double)?
    /// The newest observation; nil before the first one.
    package private(set) var observation: Observation?

    /// - Parameter begin: the epoch, from 1, and the steps that are done, of a run that is resumed.
    package init(_ plan: Plan, begin: (epoch: Int, step: Int) = (epoch: 1, step: 0)) {
        self.plan = plan
        meter = ProgressMeter(epochs: plan.epochs, steps: plan.steps, begin: begin)
        curves = CurveSet(samplesPerStep: plan.samplesPerStep)
    }

    /// Takes an event at a time in seconds since 1970-01-01 UTC.
    package mutating func take(_ event: RunEvent, at time: Double) {
        switch event {
        case .training(.stepFinished(let step)):
            meter.take(step, at: time)
            trainingSeconds = step.seconds
            newest = time
        case .training(.stepLogged(let step)): takeLogged(step)
        case .training(.epochFinished(let epoch)): take(epoch)
        case .timing(.epoch(let times)): board.take(times)
        case .worker(.observed(let observation)):
            self.observation = observation
            board.take(observation)
            newest = time
        default:
            meter.take(event, at: time)
            take(event.facts, at: time)
        }
    }

    /// All changes of the curves have been shown.
    package mutating func forgetChanges() { curves.forgetChanges() }

    private mutating func takeLogged(_ step: StepSummary) {
        curves.add(step)
        trainingSeconds = max(trainingSeconds, step.seconds)
    }

    private mutating func take(_ epoch: EpochSummary) {
        curves.add(epoch)
        trainingSeconds = max(trainingSeconds, epoch.seconds)
        guard epoch.isBest == true, let monitor = plan.monitor, let value = epoch.value(of: monitor) else {
            return
        }
        best = Best(value: value, epoch: epoch.epoch, step: epoch.step)
    }

    // MARK: Facts

    /// Takes an event that is neither a step, an epoch nor an observation, as `log.jsonl` has it.
    package mutating func take(_ facts: EventFacts, at time: Double) {
        started = started ?? time
        newest = time
        timeLine.add(facts, at: time)
        let worker = facts["worker"]?.integer
        switch facts.name {
        case "workers_missing": (state, message) = (.waiting, facts.sentence)
        case "listening": if state == .starting { state = .waiting }
        case "generation_started":
            (state, message) = (.training, nil)
        case "worker_joined":
            if state == .starting { state = .waiting }
            board.join(
                WorkerName(
                    worker ?? 0, name: facts["name"]?.text ?? "", address: facts["address"]?.text ?? ""))
        case "worker_spare": worker.map { board.setState(.spare, of: $0) }
        case "worker_left": worker.map { board.setState(.left, of: $0) }
        case "worker_refused": worker.map { board.setState(.lost, of: $0) }
        case "worker_lost":
            deaths += 1
            worker.map { board.setState(.lost, of: $0) }
        case "recovery_started": recoveries += 1
        case "checkpoint_written": checkpoint = (facts["step"]?.integer ?? 0, time)
        case "evaluation_finished": takeEvaluation(facts)
        case "run_started": board.leaveAll()
        case "run_resumed":
            // The coordinator before may have ended without a word.
            board.leaveAll()
            (state, message) = (.starting, nil)
        case "run_finished": end(.finished, nil)
        case "run_stopped": end(.stopped, facts.sentence)
        case "run_failed": end(.failed, facts.sentence)
        default: break
        }
    }

    private mutating func end(_ state: State, _ message: String?) {
        (self.state, self.message) = (state, message)
        board.leaveAll()
    }

    private mutating func takeEvaluation(_ facts: EventFacts) {
        guard let set = facts["set"]?.text, case .object(let fields)? = facts["values"] else { return }
        evaluations.removeAll { $0.set == set }
        evaluations.append(
            Evaluation(
                set: set, step: facts["step"]?.integer ?? 0,
                values: fields.compactMap { field in field.value.number.map { NamedValue(field.name, $0) } }))
    }
}

extension EpochSummary {
    /// The value of a monitored metric such as `validation.accuracy`.
    fileprivate func value(of monitor: String) -> Double? {
        for (set, values) in [("train.", train), ("validation.", validation)] where monitor.hasPrefix(set) {
            return values.first { $0.name == monitor.dropFirst(set.count) }?.value
        }
        return nil
    }
}
