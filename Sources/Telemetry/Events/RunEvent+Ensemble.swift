extension RunEvent {
    /// The members of an ensemble, which are trained one after another.
    package enum Ensemble: Equatable, Sendable {
        /// The training of a member begins. `member` counts from 0.
        case memberStarted(member: Int, members: Int, seed: Int)
        /// A member was trained to its end before, and is not trained again.
        case memberSkipped(member: Int)
    }
}

extension RunEvent.Ensemble {
    var facts: EventFacts {
        switch self {
        case .memberStarted(let member, let members, let seed):
            EventFacts(
                "ensemble_member_started", .info, "member \(member) of \(members) (seed \(seed))",
                fields: ["member": .integer(member), "members": .integer(members), "seed": .integer(seed)])
        case .memberSkipped(let member):
            EventFacts(
                "ensemble_member_skipped", .info, "member \(member) is trained already",
                fields: ["member": .integer(member)])
        }
    }
}
