import Collectives
import Transport

/// A generation, as one of its members is told of it.
package struct Formation: Equatable, Sendable {
    package struct Member: Equatable, Sendable {
        package var worker: Int
        /// The worker's name for people.
        package var name: String
        /// Addresses at which the receiver reaches this member.
        package var endpoints: [Endpoint]

        package init(worker: Int, name: String, endpoints: [Endpoint]) {
            self.worker = worker
            self.name = name
            self.endpoints = endpoints
        }
    }

    package var generation: FrameGeneration
    /// The receiver's rank.
    package var rank: Int
    /// The members by rank.
    package var members: [Member]
    /// The assignment of microbatches: rank r computes those from `cuts[r]` to before `cuts[r + 1]`.
    package var cuts: [Int]
    /// The owner (rank) of each shard.
    package var owners: [Int]
    /// Steps that are done.
    package var firstStep: Int
    /// Workers on the receiver's machine, which share its cores.
    package var localWorkers: Int
    /// The factor of the schedule's learning rate.
    package var learningRateFactor: Double
    /// The job has ended with the step before `firstStep`, and only its evaluation is left.
    package var isOver: Bool
    /// Steps before this one are traced, layer by layer.
    package var tracedUntil: Int
    /// The generation of the state's snapshot, if the receiver has taken part in it and kept its share: then
    /// the coordinator sends only the rest.
    package var keptSince: FrameGeneration?
    /// The steps that are audited; nil: none.
    package var audit: AuditSchedule?

    package init(
        generation: FrameGeneration, rank: Int, members: [Member], cuts: [Int], owners: [Int], firstStep: Int,
        localWorkers: Int, learningRateFactor: Double = 1, isOver: Bool = false, tracedUntil: Int = 0,
        keptSince: FrameGeneration? = nil, audit: AuditSchedule? = nil
    ) {
        self.generation = generation
        self.rank = rank
        self.members = members
        self.cuts = cuts
        self.owners = owners
        self.firstStep = firstStep
        self.localWorkers = localWorkers
        self.learningRateFactor = learningRateFactor
        self.isOver = isOver
        self.tracedUntil = tracedUntil
        self.keptSince = keptSince
        self.audit = audit
    }

    var assignment: Assignment? { Assignment(cuts: cuts) }
}

extension Formation: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(generation)
        writer.write(rank)
        writer.write(members)
        writer.write(cuts)
        writer.write(owners)
        writer.write(firstStep)
        writer.write(localWorkers)
        writer.write(learningRateFactor)
        writer.write(isOver)
        writer.write(tracedUntil)
        writer.write(keptSince)
        writer.write(audit)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        generation = try reader.read()
        rank = try reader.read()
        members = try reader.read()
        cuts = try reader.read()
        owners = try reader.read()
        firstStep = try reader.readStep()
        localWorkers = try reader.read()
        learningRateFactor = try reader.read()
        isOver = try reader.read()
        tracedUntil = try reader.read()
        keptSince = try reader.read()
        audit = try reader.read()
        guard members.indices.contains(rank), owners.allSatisfy(members.indices.contains),
            cuts.count == members.count + 1, assignment != nil,
            members.allSatisfy({ !$0.endpoints.isEmpty }),
            learningRateFactor.isFinite, learningRateFactor >= 0
        else {
            throw MalformedMessage("the formation of the generation is inconsistent")
        }
    }
}

extension Formation.Member: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(worker)
        writer.write(name)
        writer.write(endpoints)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        worker = try reader.read()
        name = try reader.read()
        endpoints = try reader.read()
    }
}

extension AuditSchedule: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(fraction)
        writer.write(disputed)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(fraction: try reader.read(), disputed: try reader.read())
        guard (0...1).contains(fraction) else { throw reader.malformed }
    }
}
