import Collectives
import Kernels
import Synchronization
import TestSupport
import Testing
import Threads

/// One member whose messages are examined one by one: the test is its communication thread.
@Suite(.serialized) struct ProtocolTests {
    /// Records the messages that a member sends.
    ///
    /// `sent` is touched by the test's thread alone, hence `@unchecked Sendable`.
    final class RecordingLink: GroupLink, @unchecked Sendable {
        struct Message: Equatable {
            var envelope: Envelope
            var bytes: Int
            var receiver: Int
        }
        private(set) var sent: [Message] = []
        let woken = TestSignal()

        func send(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, to member: Int) {
            sent.append(Message(envelope: envelope, bytes: payload.count, receiver: member))
        }
        func wake() { woken.signal() }
    }

    /// One of three members: rank 0 computes microbatches 0…1 (node 0), rank 1 microbatches 2…3 (node 1),
    /// rank 2 none. The vector has five shards.
    private final class Bench {
        let partition: Partition
        let plan: StepPlan
        let state: TestMember
        let collective: Collective
        let link = RecordingLink()

        /// The vector that a gathering Bench gathers.
        let whole: FloatBuffer
        private let compact: FloatBuffer

        init(
            rank: Int, _ owners: OwnerPattern, measurement: GradientMeasurement? = nil,
            gathers: Bool = false
        ) throws {
            partition = owners.partition(usedCount: 5_000, members: 3)
            whole = FloatBuffer(count: partition.flatCount)
            compact = FloatBuffer(count: partition.ownedCounts[rank])
            let assignment = try #require(Assignment(cuts: [0, 2, 4, 4]))
            plan = StepPlan(sizes: [4, 4, 4, 4], assignment: assignment)
            state = TestMember(partition: partition, plans: [plan], rank: rank)
            collective = Collective(
                rank: rank, partition: partition, plans: [plan], planIndex: { _ in 0 },
                exchanges: Synthetic.exchanges,
                report: Synthetic.report, parameters: state.parameters.pointer, gradients: state,
                updater: state,
                measurement: measurement,
                gathering: gathers
                    ? Collective.Gathering(compact: compact.pointer, whole: whole.pointer) : nil,
                firstStep: 7
            ) { _, _ in .finish }
            collective.link = link
        }

        func piece(ownedBy owner: Int) throws -> (index: Int, bytes: Int) {
            let index = try #require(partition.pieces.firstIndex { $0.owner == owner })
            return (index, 4 * partition.pieces[index].range.count)
        }

        func refuses(
            _ envelope: Envelope, bytes: Int, from member: Int, _ words: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let error = #expect(throws: ProtocolViolation.self, sourceLocation: sourceLocation) {
                _ = try collective.destination(envelope, bytes: bytes, from: member)
            }
            let description = error?.description ?? ""
            #expect(
                description.contains("rank \(member)") && description.contains(words),
                sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: OwnerPattern.allCases) func placesWhatIsExpected(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 0, owners)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        let good: [(Envelope, Int, Int)] = [
            (Envelope(.partial, step: 7, index: own.index, part: 1), own.bytes, 1),
            (Envelope(.partial, step: 8, index: own.index, part: 1), own.bytes, 1),
            (Envelope(.parameters, step: 7, index: other.index), other.bytes, 1),
            (Envelope(.statistics, step: 7, index: 0), 8 * 7, 1),
            (Envelope(.statistics, step: 8, index: 1), 8 * 5, 1),
            (Envelope(.report, step: 7), 8 * 3, 1), (Envelope(.report, step: 7), 0, 2),
            (Envelope(.idle, step: 7), 0, 2),
        ]
        for (envelope, bytes, member) in good {
            let place = try bench.collective.destination(envelope, bytes: bytes, from: member)
            #expect(place.count == bytes)
        }
        let parameters = try bench.collective.destination(
            Envelope(.parameters, step: 7, index: other.index), bytes: other.bytes, from: 1)
        let expected = bench.state.parameters.pointer + bench.partition.pieces[other.index].range.lowerBound
        #expect(parameters.baseAddress == UnsafeMutableRawPointer(expected))
    }

    @Test(arguments: OwnerPattern.allCases) func refusesWrongSizes(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 0, owners)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        for change in [-4, 4, -own.bytes] {
            bench.refuses(
                Envelope(.partial, step: 7, index: own.index, part: 1), bytes: own.bytes + change, from: 1,
                "expected \(own.bytes)")
            bench.refuses(
                Envelope(.parameters, step: 7, index: other.index), bytes: other.bytes + change, from: 1,
                "expected \(other.bytes)")
        }
        bench.refuses(Envelope(.statistics, step: 7, index: 0), bytes: 8 * 5, from: 1, "expected 56")
        bench.refuses(Envelope(.report, step: 7), bytes: 8, from: 1, "expected 24")
        bench.refuses(Envelope(.report, step: 7), bytes: 24, from: 2, "expected 0")
        bench.refuses(Envelope(.idle, step: 7), bytes: 1, from: 2, "expected 0")
        let other1 = try Bench(rank: 1, owners)
        other1.refuses(Envelope(.control, step: 7), bytes: 16, from: 0, "expected 32")
    }

    @Test(arguments: OwnerPattern.allCases) func refusesWrongSteps(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 0, owners)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        for step in [0, 6, 9, -1, Int.max] {
            bench.refuses(
                Envelope(.partial, step: step, index: own.index, part: 1), bytes: own.bytes, from: 1,
                "during step 7")
            bench.refuses(Envelope(.statistics, step: step, index: 0), bytes: 56, from: 1, "during step 7")
        }
        // Parameters and control of the next step cannot exist before this step has ended here.
        bench.refuses(
            Envelope(.parameters, step: 8, index: other.index), bytes: other.bytes, from: 1, "during step 7")
        let other1 = try Bench(rank: 1, owners)
        other1.refuses(Envelope(.control, step: 8), bytes: 32, from: 0, "during step 7")
    }

    @Test(arguments: OwnerPattern.allCases) func refusesWhatIsNotTheSenders(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 0, owners)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        let words = "not its to send"
        bench.refuses(
            Envelope(.partial, step: 7, index: other.index, part: 1), bytes: other.bytes, from: 1, words)
        bench.refuses(
            Envelope(.partial, step: 7, index: own.index, part: 0), bytes: own.bytes, from: 1, words)
        bench.refuses(
            Envelope(.partial, step: 7, index: own.index, part: 2), bytes: own.bytes, from: 1, words)
        bench.refuses(
            Envelope(.partial, step: 7, index: own.index, part: 1), bytes: own.bytes, from: 2, words)
        bench.refuses(Envelope(.parameters, step: 7, index: other.index), bytes: other.bytes, from: 2, words)
        bench.refuses(Envelope(.parameters, step: 7, index: own.index), bytes: own.bytes, from: 1, words)
        for index in [-1, bench.partition.pieces.count, Int.max] {
            bench.refuses(
                Envelope(.partial, step: 7, index: index, part: 1), bytes: own.bytes, from: 1, words)
            bench.refuses(Envelope(.parameters, step: 7, index: index), bytes: own.bytes, from: 1, words)
        }
        for exchange in [-1, 2, 3] {  // 2 is the report's index
            bench.refuses(Envelope(.statistics, step: 7, index: exchange), bytes: 24, from: 1, words)
        }
        bench.refuses(Envelope(.idle, step: 7), bytes: 0, from: 1, words)
        bench.refuses(Envelope(.control, step: 7), bytes: 32, from: 1, words)
        let other1 = try Bench(rank: 1, owners)
        other1.refuses(Envelope(.report, step: 7), bytes: 24, from: 0, words)
    }

    /// Cells of a gradient come from a member that owns some, in measured steps, never early and never twice.
    @Test(arguments: OwnerPattern.allCases) func refusesCellsThatNobodyAskedFor(_ owners: OwnerPattern) throws
    {
        let cells = [0..<700, 704..<1024, 1024..<2048, 2048..<3000, 3008..<3072, 3072..<4096, 4096..<5000]
        let measurement = GradientMeasurement(cells: cells, width: 3, delaysUpdates: true) { $0 == 7 }
        let plain = try Bench(rank: 0, owners)
        plain.refuses(Envelope(.norms, step: 7), bytes: 24, from: 1, "not its to send")
        let bench = try Bench(rank: 0, owners, measurement: measurement)
        let owned = bench.partition.pieces.filter { $0.owner == 1 }
        let count = cells.count { cell in owned.contains { $0.range.contains(cell.lowerBound) } }
        #expect(count > 0)
        bench.refuses(Envelope(.norms, step: 7), bytes: 24 * count + 8, from: 1, "expected \(24 * count)")
        bench.refuses(Envelope(.norms, step: 7), bytes: 24 * count, from: 0, "not its to send")
        bench.refuses(Envelope(.norms, step: 8), bytes: 24 * count, from: 1, "during step 7")
        _ = try bench.collective.destination(Envelope(.norms, step: 7), bytes: 24 * count, from: 1)
        try bench.collective.received(Envelope(.norms, step: 7), bytes: 24 * count, from: 1)
        let error = #expect(throws: ProtocolViolation.self) {
            try bench.collective.received(Envelope(.norms, step: 7), bytes: 24 * count, from: 1)
        }
        #expect(error?.description.contains("twice in step 7") == true)
    }

    /// Pieces that are gathered come from their owners, to a member that gathers, once; a member that is a
    /// step ahead may have sent them.
    @Test(arguments: OwnerPattern.allCases) func placesGatheredPieces(_ owners: OwnerPattern) throws {
        let plain = try Bench(rank: 0, owners)
        let bench = try Bench(rank: 0, owners, gathers: true)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        plain.refuses(
            Envelope(.gathered, step: 7, index: other.index), bytes: other.bytes, from: 1, "not its to send")
        for (index, sender) in [(own.index, 1), (own.index, 0), (other.index, 2), (-1, 1), (Int.max, 1)] {
            bench.refuses(
                Envelope(.gathered, step: 7, index: index), bytes: other.bytes, from: sender,
                "not its to send")
        }
        bench.refuses(
            Envelope(.gathered, step: 7, index: other.index), bytes: other.bytes + 4, from: 1,
            "expected \(other.bytes)")
        bench.refuses(
            Envelope(.gathered, step: 9, index: other.index), bytes: other.bytes, from: 1, "during step 7")
        for step in [7, 8] {
            let envelope = Envelope(.gathered, step: step, index: other.index)
            let place = try bench.collective.destination(envelope, bytes: other.bytes, from: 1)
            let expected = bench.whole.pointer + bench.partition.pieces[other.index].range.lowerBound
            #expect(place.baseAddress == UnsafeMutableRawPointer(expected))
            try bench.collective.received(envelope, bytes: other.bytes, from: 1)
            let error = #expect(throws: ProtocolViolation.self) {
                try bench.collective.received(envelope, bytes: other.bytes, from: 1)
            }
            #expect(error?.description.contains("twice in step \(step)") == true)
        }
    }

    /// A message that comes twice would be counted as the arrival of another one.
    @Test(arguments: OwnerPattern.allCases) func refusesWhatCameBefore(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 0, owners)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        let messages: [(Envelope, Int, Int)] = [
            (Envelope(.partial, step: 7, index: own.index, part: 1), own.bytes, 1),
            (Envelope(.partial, step: 8, index: own.index, part: 1), own.bytes, 1),
            (Envelope(.parameters, step: 7, index: other.index), other.bytes, 1),
            (Envelope(.statistics, step: 7, index: 0), 56, 1), (Envelope(.idle, step: 7), 0, 2),
            (Envelope(.report, step: 7), 24, 1),
        ]
        for (envelope, bytes, member) in messages {
            _ = try bench.collective.destination(envelope, bytes: bytes, from: member)
            try bench.collective.received(envelope, bytes: bytes, from: member)
            let error = #expect(
                throws: ProtocolViolation.self, "\(envelope.kind) of step \(envelope.step) again"
            ) {
                _ = try bench.collective.destination(envelope, bytes: bytes, from: member)
                try bench.collective.received(envelope, bytes: bytes, from: member)
            }
            #expect(error?.description.contains("twice in step \(envelope.step)") == true)
        }
    }

    /// A connection asks for no memory for an empty payload. Such a message must not count as one with
    /// content, nor index beyond a table.
    @Test(arguments: OwnerPattern.allCases) func refusesEmptyMessagesThatAreNotMeantToBe(
        _ owners: OwnerPattern
    ) throws {
        let bench = try Bench(rank: 0, owners)
        let (own, other) = (try bench.piece(ownedBy: 0), try bench.piece(ownedBy: 1))
        let messages = [
            Envelope(.partial, step: 7, index: own.index, part: 1),
            Envelope(.partial, step: 7, index: 1_000_000, part: 1),
            Envelope(.parameters, step: 7, index: other.index),
            Envelope(.parameters, step: 7, index: 1_000_000),
            Envelope(.statistics, step: 7, index: 0), Envelope(.report, step: 7), Envelope(.idle, step: 7),
            Envelope(.idle, step: 9),
        ]
        for envelope in messages {
            #expect(throws: ProtocolViolation.self, "\(envelope)") {
                try bench.collective.received(envelope, bytes: 0, from: 1)
            }
        }
        try bench.collective.received(Envelope(.idle, step: 7), bytes: 0, from: 2)
        try bench.collective.received(Envelope(.report, step: 7), bytes: 0, from: 2)
    }

    /// Communication overlaps with backward: the last layers' gradients leave before the first ones' exist.
    @Test(arguments: OwnerPattern.allCases)
    func theFirstBucketLeavesBeforeBackwardEnds(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 1, owners)
        bench.state.computeGradients(bench.plan, step: 7, count: 5_000)
        let pieces = bench.partition.pieces
        let middle = pieces.count / 2
        func remote(_ indices: Range<Int>) -> [Int] { indices.filter { pieces[$0].owner != 1 } }
        let half = pieces[middle].range.lowerBound
        bench.collective.contribute(downTo: half + 16)
        _ = bench.collective.turn()
        #expect(bench.link.sent.map(\.envelope.index) == remote(0..<middle))
        bench.collective.contribute(downTo: half)
        _ = bench.collective.turn()
        let early = bench.link.sent
        #expect(!early.isEmpty)
        #expect(early.map(\.envelope.index) == remote(0..<middle + 1))
        bench.collective.contribute(downTo: 0)
        _ = bench.collective.turn()
        let expected = remote(pieces.indices).map {
            RecordingLink.Message(
                envelope: Envelope(.partial, step: 7, index: $0, part: 1), bytes: 4 * pieces[$0].range.count,
                receiver: pieces[$0].owner)
        }
        #expect(bench.link.sent == expected)
        #expect(expected.count > early.count)
    }

    /// A member without samples says so to all others, once its backward pass (of nothing) is over.
    @Test(arguments: OwnerPattern.allCases) func anIdleMemberSaysSo(_ owners: OwnerPattern) throws {
        let bench = try Bench(rank: 2, owners)
        bench.collective.contribute(downTo: 1024)
        _ = bench.collective.turn()
        #expect(bench.link.sent.isEmpty)
        bench.collective.contribute(downTo: 0)
        _ = bench.collective.turn()
        #expect(bench.link.sent.map(\.receiver) == [0, 1])
        #expect(bench.link.sent.allSatisfy { $0.envelope == Envelope(.idle, step: 7) && $0.bytes == 0 })
    }

    enum Waiting: CaseIterable { case combine, complete }

    @Test(arguments: Waiting.allCases, OwnerPattern.allCases)
    func endWakesWhoWaits(waiting: Waiting, owners: OwnerPattern) throws {
        let bench = try Bench(rank: 0, owners)
        let (collective, link) = (bench.collective, bench.link)
        let reason = GenerationEnded(reason: "rank 1 died")
        let thrown = Mutex<GenerationEnded?>(nil)
        let done = TestSignal()
        let thread = try Thread(named: "waiter") {
            do {
                switch waiting {
                case .combine: _ = try collective.combine(0, step: 7)
                case .complete: _ = try collective.complete(step: 7)
                }
            } catch { thrown.withLock { $0 = error as? GenerationEnded } }
            done.signal()
        }
        #expect(link.woken.wait(for: 1, seconds: 120), "the compute thread has asked and waits")
        #expect(thrown.withLock { $0 } == nil)
        collective.end(reason)
        collective.end(GenerationEnded(reason: "a later reason does not count"))
        try #require(done.wait(for: 1, seconds: 120))
        thread.join()
        #expect(thrown.withLock { $0 } == reason)
        // A later call does not wait either.
        #expect(throws: reason) { _ = try collective.complete(step: 7) }
    }

    /// A message that no correct peer sends ends the member's generation with its reason.
    @Test(arguments: OwnerPattern.allCases) func aViolationReachesTheComputeThread(_ owners: OwnerPattern)
        throws
    {
        let bench = try Bench(rank: 0, owners)
        do {
            _ = try bench.collective.destination(Envelope(.control, step: 7), bytes: 32, from: 1)
            Issue.record("rank 1 has no word on what follows")
        } catch { bench.collective.end(GenerationEnded(reason: "\(error)")) }
        let ended = #expect(throws: GenerationEnded.self) { _ = try bench.collective.complete(step: 7) }
        #expect(ended?.description.contains("rank 1 sent control") == true)
    }
}
