/// Decides whether the results of a generation still count, and whether a loss that is not finite ends the
/// run.
///
/// Numbers that are not finite are the job's fault, unless an audit that is still under way finds that a
/// worker computed wrongly before: then the steps are computed again without that worker.
package enum GenerationValidity: Equatable {
    case valid
    /// From this step on, nothing is finite. Audits of earlier steps are under way.
    case diverged(step: Int, reason: String)
    /// An audit has failed. The steps after the newest snapshot are computed again.
    case invalidated

    package enum Action: Equatable {
        /// Take back the results after the newest snapshot.
        case retract
        /// End the run.
        case fail(reason: String)
    }

    /// False if results that arrive now are dropped.
    package var acceptsResults: Bool { self == .valid }

    /// A member, or the sum of all, is no longer finite in `step`.
    ///
    /// - Parameter isAuditing: true if audits of steps before are under way.
    package mutating func diverged(step: Int, reason: String, isAuditing: Bool) -> Action {
        guard isAuditing else { return .fail(reason: reason) }
        self = .diverged(step: step, reason: reason)
        return .retract
    }

    /// An audit has compared something and found nothing.
    ///
    /// - Parameter isAuditing: tells whether audits of steps before the given one are still under way.
    package func auditAgreed(isAuditing: (_ before: Int) -> Bool) -> Action? {
        guard case .diverged(let step, let reason) = self, !isAuditing(step) else { return nil }
        return .fail(reason: reason)
    }

    /// An audit has found that somebody computed wrongly.
    package mutating func auditFailed() -> Action {
        self = .invalidated
        return .retract
    }
}
