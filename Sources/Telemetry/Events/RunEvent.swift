/// Everything that a process of a run has to tell, for people and for programs.
///
/// A value: it says what happened, and each sink decides what to do with it. There is one file per family; in
/// it, one switch gives each event its stable name, its level, its fields and its sentence. For example:
///
///     log.record(.worker(.lost(worker, reason: "the connection closed unexpectedly")))
///
/// `deploy/README.md` lists all events; a test compares the list with this code.
package enum RunEvent: Equatable, Sendable {
    case run(Run)
    case ending(Ending)
    case ensemble(Ensemble)
    case training(Training)
    case checkpoint(Checkpoint)
    case worker(Worker)
    case generation(Generation)
    case audit(Audit)
    case timing(Timing)
    case process(Process)
    case network(Network)
    case records(Records)
    case session(Session)

    /// The event as records and sentences need it.
    package var facts: EventFacts {
        switch self {
        case .run(let event): event.facts
        case .ending(let event): event.facts
        case .ensemble(let event): event.facts
        case .training(let event): event.facts
        case .checkpoint(let event): event.facts
        case .worker(let event): event.facts
        case .generation(let event): event.facts
        case .audit(let event): event.facts
        case .timing(let event): event.facts
        case .process(let event): event.facts
        case .network(let event): event.facts
        case .records(let event): event.facts
        case .session(let event): event.facts
        }
    }

    /// The sentence for people, without time, source and level.
    package var sentence: String { facts.sentence }
}
