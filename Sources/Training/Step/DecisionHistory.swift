import Checkpoints

/// The decision states since the newest snapshot, by the step after whose evaluation each came about.
///
/// A snapshot carries the state from before the evaluation at its step: whoever begins there evaluates again,
/// and decides the same again. So the states after the newest snapshot are kept until the next one.
struct DecisionHistory {
    /// The state in the newest snapshot.
    private var start: DecisionState
    /// In the order of steps.
    private var later: [(step: Int, state: DecisionState)] = []

    init(_ start: DecisionState) { self.start = start }

    var newest: DecisionState { later.last?.state ?? start }

    /// The state before the evaluation at `step`.
    func state(before step: Int) -> DecisionState { later.last { $0.step < step }?.state ?? start }

    mutating func add(_ state: DecisionState, after step: Int) { later.append((step, state)) }

    /// Makes `step`, where a snapshot is complete, the new start.
    mutating func forget(before step: Int) {
        start = state(before: step)
        later.removeAll { $0.step < step }
    }
}
