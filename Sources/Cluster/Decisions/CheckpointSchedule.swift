import Checkpoints

/// Decides which snapshots become checkpoints, and when a run that is to stop has stopped.
///
/// A value: events come in, actions come out. Checkpoints are written one after the other. A disk that is
/// slower than the training gets the best and the newest of the snapshots that wait, not all of them.
///
/// For example, a run that is stopped while a generation runs:
///
///     schedule.stopRequested(isRunning: true)             // [.askForSnapshot(endsGeneration: true)]
///     schedule.snapshotTaken(snapshot, isDue: false)      // [.write(snapshot)]
///     schedule.boundaryReached(8, isLast: false)          // []
///     schedule.written(8, failure: nil, isFinished: false) // [.noteWritten(step: 8, …), .stopped(step: 8)]
package struct CheckpointSchedule: Equatable {
    package enum Action: Equatable {
        /// Write this snapshot; `written` answers.
        case write(Snapshot)
        /// Ask the members for a snapshot at the next boundary, which ends the generation or does not.
        case askForSnapshot(endsGeneration: Bool)
        /// The model of this step is the best: mark its checkpoint, now or as soon as it is there.
        case markBest(step: Int)
        /// Log that a checkpoint is there.
        case noteWritten(step: Int, isRequested: Bool)
        /// Log that a checkpoint could not be written.
        case noteFailure(step: Int, reason: String)
        /// Log that a checkpoint is left out, because writing takes longer than steps: the first one.
        case notePassedOver(step: Int)
        /// Log that the run waits for the boundary no longer, and stops with the snapshot of this step.
        case noteBoundaryGivenUp(step: Int)
        /// The run has stopped as asked; the checkpoint of this step is there.
        case stopped(step: Int)
        /// The run is to stop, but without a checkpoint that would be a loss.
        case failed(reason: String)
    }

    /// The end of an attempt to write.
    private struct Written: Equatable {
        let step: Int
        /// The reason; nil after success.
        let failure: String?
    }

    private enum Disk: Equatable {
        /// Nothing is being written.
        case idle(last: Written?)
        /// The snapshot of one step is being written; these follow.
        case writing(step: Int, waiting: [Snapshot])
    }

    private enum Stop: Equatable {
        case notRequested
        /// The run stops at the next boundary.
        case requested
        /// The run has come to the boundary after this step, and stops with its checkpoint.
        case reached(step: Int)
    }

    /// Checkpoints that were left out.
    package struct PassedOver: Equatable {
        package var count: Int
        /// The step of the last one.
        package var step: Int
    }

    private var disk = Disk.idle(last: nil)
    private var stop = Stop.notRequested
    /// True while a checkpoint is asked for of which there is no snapshot yet.
    private var isRequested = false
    /// The step of the snapshot that was taken for the newest request, until it is written.
    private var requestedStep: Int?
    /// The checkpoints that were left out, and the step of the last one of them.
    package private(set) var passedOver = PassedOver(count: 0, step: 0)
    /// The step of the best model so far; nil if there is none.
    package private(set) var best: Int?

    package init() {}

    package var isStopping: Bool { stop != .notRequested }

    /// Why the newest checkpoint could not be written; nil if it was, or if there was nothing to write.
    package var lastFailure: String? { if case .idle(let last) = disk { last?.failure } else { nil } }

    package var isWriting: Bool { if case .writing = disk { true } else { false } }

    // MARK: Events

    /// A snapshot is complete.
    ///
    /// - Parameter isDue: true if the job asks for a checkpoint of this step.
    package mutating func snapshotTaken(_ snapshot: Snapshot, isDue: Bool) -> [Action] {
        let isWanted = isDue || isRequested || isStopping
        if isRequested {
            isRequested = false
            requestedStep = snapshot.step
        }
        return isWanted ? write(snapshot) : []
    }

    /// A checkpoint is asked for, whatever the job says.
    package mutating func checkpointRequested() -> [Action] {
        isRequested = true
        return [.askForSnapshot(endsGeneration: false)]
    }

    /// An attempt to write has ended.
    ///
    /// - Parameters:
    ///   - failure: the reason; nil after success.
    ///   - isFinished: true if the job has reached its end, so that there is nothing to stop.
    package mutating func written(_ step: Int, failure: String?, isFinished: Bool) -> [Action] {
        guard case .writing(_, let waiting) = disk else { return [] }
        let written = Written(step: step, failure: failure)
        let note = note(written)
        if let next = waiting.first {
            disk = .writing(step: next.step, waiting: Array(waiting.dropFirst()))
            return [note, .write(next)]
        }
        disk = .idle(last: written)
        return stop == .reached(step: step) && !isFinished ? [note, end(written)] : [note]
    }

    /// The run is to stop at the next boundary.
    package mutating func stopRequested(isRunning: Bool) -> [Action] {
        guard !isStopping else { return [] }
        stop = .requested
        return isRunning ? [.askForSnapshot(endsGeneration: true)] : []
    }

    /// A generation starts. Requests that the one before did not serve are made anew.
    package func generationStarted() -> [Action] {
        (isStopping ? [.askForSnapshot(endsGeneration: true)] : [])
            + (isRequested ? [.askForSnapshot(endsGeneration: false)] : [])
    }

    /// A generation has ended at the boundary after `step`, and every report up to there has come.
    ///
    /// - Parameter isLast: true if the job ends with this step.
    package mutating func boundaryReached(_ step: Int, isLast: Bool) -> [Action] {
        guard isStopping, !isLast else { return [] }
        stop = .reached(step: step)
        guard case .idle(let last?) = disk, last.step == step else { return [] }
        return [end(last)]
    }

    /// No generation is there, and none can form now: a run that is to stop does so at its newest snapshot.
    package mutating func nobodyTrains(newest: Snapshot) -> [Action] {
        guard stop == .requested else { return [] }
        stop = .reached(step: newest.step)
        return write(newest)
    }

    /// A run that is to stop has waited long enough for a boundary: it stops with the newest snapshot.
    package mutating func boundaryGivenUp(newest: Snapshot) -> [Action] {
        guard isStopping, stop != .reached(step: newest.step) else { return [] }
        stop = .reached(step: newest.step)
        let note = Action.noteBoundaryGivenUp(step: newest.step)
        switch disk {
        case .idle(let last?) where last.step == newest.step && last.failure == nil: return [note, end(last)]
        case .writing(let step, let waiting) where (waiting.last?.step ?? step) == newest.step: return [note]
        case .idle, .writing: return [note] + write(newest)
        }
    }

    /// A generation has ended before its time; the next one begins with the snapshot of `step`.
    package mutating func rolledBack(to step: Int) {
        if case .reached(let reached) = stop, step < reached { stop = .requested }
    }

    /// An evaluation may have changed which model is the best.
    package mutating func updateBest(_ step: Int?) -> [Action] {
        guard let step, step != best else { return [] }
        best = step
        return [.markBest(step: step)]
    }

    // MARK: Transitions

    private mutating func write(_ snapshot: Snapshot) -> [Action] {
        switch disk {
        case .idle:
            disk = .writing(step: snapshot.step, waiting: [])
            return [.write(snapshot)]
        case .writing(let step, let waiting):
            disk = .writing(step: step, waiting: waiting.filter { $0.step == best } + [snapshot])
            guard let dropped = waiting.first(where: { $0.step != best }) else { return [] }
            passedOver = PassedOver(count: passedOver.count + 1, step: dropped.step)
            return passedOver.count == 1 ? [.notePassedOver(step: dropped.step)] : []
        }
    }

    private mutating func note(_ written: Written) -> Action {
        if let failure = written.failure { return .noteFailure(step: written.step, reason: failure) }
        let isAnswer = requestedStep.map { written.step >= $0 } ?? false
        if isAnswer { requestedStep = nil }
        return .noteWritten(step: written.step, isRequested: isAnswer)
    }

    private func end(_ written: Written) -> Action {
        written.failure.map {
            .failed(reason: "stopped, but the checkpoint could not be written: \($0)")
        } ?? .stopped(step: written.step)
    }
}
