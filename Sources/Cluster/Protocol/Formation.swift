import Collectives
import Transport

/// A generation, as told to one of its members.
package struct Formation: Equatable {
    package struct Member: Equatable {
        package var worker: Int
        /// For people.
        package var name: String
        /// Where this member is reached from the receiver's place.
        package var endpoints: [Endpoint]

        package init(worker: Int, name: String, endpoints: [Endpoint]) {
            (self.worker, self.name, self.endpoints) = (worker, name, endpoints)
        }
    }

    package var generation: FrameGeneration
    /// The receiver's.
    package var rank: Int
    /// By rank.
    package var members: [Member]
    package var cuts: [Int]
    /// Owner (rank) of each shard.
    package var owners: [Int]
    /// Steps that are done.
    package var firstStep: Int
    /// Workers on the receiver's machine, among which its cores are shared out.
    package var localWorkers: Int
    /// What the schedule's learning rate is multiplied by.
    package var learningRateFactor: Double
    /// The job has ended with the step before `firstStep`: what is left is to evaluate it.
    package var isOver: Bool
    /// Steps before this one are traced, layer by layer.
    package var tracedUntil: Int
    /// The generation that the state's snapshot is of, if the receiver has taken part in it and kept what it had: the rest alone is sent.
    package var keptSince: FrameGeneration?
    /// Which steps are audited; nil: none.
    package var audit: AuditSchedule?

    package init(
        generation: FrameGeneration, rank: Int, members: [Member], cuts: [Int], owners: [Int], firstStep: Int,
        localWorkers: Int,
        learningRateFactor: Double = 1, isOver: Bool = false, tracedUntil: Int = 0,
        keptSince: FrameGeneration? = nil,
        audit: AuditSchedule? = nil
    ) {
        (self.generation, self.rank, self.members, self.cuts) = (generation, rank, members, cuts)
        (self.owners, self.firstStep, self.localWorkers) = (owners, firstStep, localWorkers)
        (self.learningRateFactor, self.isOver, self.tracedUntil) = (learningRateFactor, isOver, tracedUntil)
        (self.keptSince, self.audit) = (keptSince, audit)
    }

    var assignment: Assignment? { Assignment(cuts: cuts) }

    /// The moments that the sections of the `state` frames hold: section 0 the parameters, then the moments' owned pieces, last the running statistics.
    static func sections(moments: Int) -> Int { moments + 2 }
}

extension Formation: Message {
    package static let name = "formation"

    package func write(to writer: inout MessageWriter) {
        writer.write(generation.incarnation)
        writer.write(generation.counter)
        writer.write(rank)
        writer.write(members) {
            $0.write($1.worker)
            $0.write($1.name)
            $0.write($1.endpoints) { $0.write($1) }
        }
        writer.write(cuts) { $0.write($1) }
        writer.write(owners) { $0.write($1) }
        writer.write(firstStep)
        writer.write(localWorkers)
        writer.write(learningRateFactor)
        writer.write(isOver)
        writer.write(tracedUntil)
        writer.write(keptSince != nil)
        if let keptSince {
            writer.write(keptSince.incarnation)
            writer.write(keptSince.counter)
        }
        writer.write(audit != nil)
        if let audit {
            writer.write(audit.fraction)
            writer.write(audit.disputed != nil)
            if let disputed = audit.disputed { writer.write(disputed) }
        }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        generation = FrameGeneration(incarnation: try reader.read(), counter: try reader.read())
        rank = try reader.readInt()
        members = try reader.readList { reader throws(MalformedMessage) in
            Member(
                worker: try reader.readInt(), name: try reader.readString(),
                endpoints: try reader.readList { reader throws(MalformedMessage) in try reader.readEndpoint()
                })
        }
        cuts = try reader.readList { reader throws(MalformedMessage) in try reader.readInt() }
        owners = try reader.readList { reader throws(MalformedMessage) in try reader.readInt() }
        firstStep = try reader.readInt()
        localWorkers = try reader.readInt()
        learningRateFactor = try reader.readDouble()
        isOver = try reader.readBool()
        tracedUntil = try reader.readInt()
        keptSince =
            try reader.readBool()
            ? FrameGeneration(incarnation: try reader.read(), counter: try reader.read()) : nil
        if try reader.readBool() {
            audit = AuditSchedule(
                fraction: try reader.readDouble(),
                disputed: try reader.readBool() ? try reader.readInt() : nil)
        }
        guard members.indices.contains(rank), owners.allSatisfy(members.indices.contains),
            cuts.count == members.count + 1,
            assignment != nil, (0..<(1 << 48)).contains(firstStep),
            members.allSatisfy({ !$0.endpoints.isEmpty }),
            learningRateFactor.isFinite, learningRateFactor >= 0, (0...1).contains(audit?.fraction ?? 0)
        else {
            throw MalformedMessage(
                description: "the formation is inconsistent; check that both sides run the same version")
        }
    }
}
