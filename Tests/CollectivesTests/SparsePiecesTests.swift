import Collectives
import Kernels
import TestSupport
import Testing

/// The messages that a member sends, and takes, of nodes that are mostly zero: the test is its communication
/// thread.
@Suite(.serialized) struct SparsePiecesTests {
    /// Rank 0 of two members, each of which computes two microbatches: one node.
    private struct Bench {
        static let sparse = 4_096..<61_440
        let partition = OwnerPattern.alternating.partition(usedCount: 70_000, members: 2)
        let plan = StepPlan(sizes: [4, 4, 4, 4], assignment: Assignment(even: 4, members: 2))
        let link = ProtocolTests.RecordingLink()
        let state: TestMember
        let collective: Collective

        init(firstStep: Int, isSparse: Bool = true) {
            state = TestMember(
                partition: partition, plans: [plan], rank: 0, sparse: isSparse ? Self.sparse : 0..<0)
            collective = Collective(
                rank: 0, partition: partition, plans: [plan], planIndex: { _ in 0 },
                exchanges: Synthetic.exchanges, report: Synthetic.report,
                parameters: state.parameters.pointer, gradients: state,
                sparse: isSparse ? [Self.sparse] : [], updater: state, firstStep: firstStep
            ) { _, _ in .finish }
            collective.link = link
        }

        /// The bytes of each piece that rank 0 sends in a step, by the definition of what travels.
        func expectedBytes(step: Int) -> [Int: Int] {
            var bytes: [Int: Int] = [:]
            for (index, piece) in partition.pieces.enumerated() where piece.owner == 1 {
                let isWhole = !piece.range.overlaps(Self.sparse)
                let groups = stride(from: piece.range.lowerBound, to: piece.range.upperBound, by: 16).count {
                    !Self.sparse.contains($0)
                        || ($0..<($0 + 16)).contains { element in
                            (0..<2).contains {
                                Synthetic.isTouched(step: step, microbatch: $0, element: element)
                            }
                        }
                }
                let packed = groups == 0 ? 0 : piece.range.count / 128 + 64 * groups
                bytes[index] = isWhole || packed > 2 * piece.range.count ? 4 * piece.range.count : packed
            }
            return bytes
        }

        /// A piece that rank 0 owns, and that is sparse or not.
        func piece(sparse isSparse: Bool) throws -> (index: Int, count: Int) {
            let index = try #require(
                partition.pieces.firstIndex { $0.owner == 0 && $0.range.overlaps(Self.sparse) == isSparse })
            return (index, partition.pieces[index].range.count)
        }
    }

    /// Steps in which the node touches a few rows, all, and none.
    @Test(arguments: [0, 1, 2]) func sendsWhatIsNotZero(step: Int) {
        let bench = Bench(firstStep: step)
        bench.state.computeGradients(bench.plan, step: step, count: 70_000)
        bench.collective.contribute(downTo: 0)
        _ = bench.collective.turn()
        let sent = bench.link.sent.filter { $0.envelope.kind == .partial }
        let bytes = Dictionary(uniqueKeysWithValues: sent.map { ($0.envelope.index, $0.bytes) })
        #expect(bytes == bench.expectedBytes(step: step))
        let (total, whole) = (
            bytes.values.reduce(0, +),
            bench.partition.pieces.reduce(0) { $0 + ($1.owner == 1 ? 4 * $1.range.count : 0) }
        )
        #expect(step == 1 ? total == whole : total < whole / 2 && total > 0)
    }

    @Test func refusesOtherLengths() throws {
        let bench = Bench(firstStep: 0)
        let (sparse, dense) = (try bench.piece(sparse: true), try bench.piece(sparse: false))
        func place(_ index: Int, _ bytes: Int) throws -> Int {
            try bench.collective.destination(
                Envelope(.partial, step: 0, index: index, part: 1), bytes: bytes, from: 1
            ).count
        }
        let words = sparse.count / 128
        for bytes in [0, words + 64, words + 640, 4 * sparse.count] {
            #expect(try place(sparse.index, bytes) == bytes)
        }
        for bytes in [-64, 4, words, words + 32, 2 * sparse.count + words, 4 * sparse.count - 64] {
            #expect(throws: ProtocolViolation.self) { try place(sparse.index, bytes) }
        }
        for bytes in [0, dense.count / 128 + 64, 4 * dense.count - 4] {
            #expect(throws: ProtocolViolation.self) { try place(dense.index, bytes) }
        }
        let whole = Bench(firstStep: 0, isSparse: false)
        for bytes in [0, words + 64] {
            #expect(throws: ProtocolViolation.self) {
                try whole.collective.destination(
                    Envelope(.partial, step: 0, index: sparse.index, part: 1), bytes: bytes, from: 1)
            }
        }
    }

    /// The words say how many floats follow.
    @Test func refusesOtherCounts() throws {
        let bench = Bench(firstStep: 0)
        let piece = try bench.piece(sparse: true)
        let envelope = Envelope(.partial, step: 0, index: piece.index, part: 1)
        let bytes = piece.count / 128 + 128
        for word: UInt64 in [0, 1, 7, .max] {
            let place = try bench.collective.destination(envelope, bytes: bytes, from: 1)
            place.initializeMemory(as: UInt8.self, repeating: 0)
            place.storeBytes(of: word.littleEndian, as: UInt64.self)
            let error = #expect(throws: ProtocolViolation.self) {
                try bench.collective.received(envelope, bytes: bytes, from: 1)
            }
            #expect(error?.description.contains("rank 1 sent \(bytes) bytes of partial") == true)
        }
        let place = try bench.collective.destination(envelope, bytes: bytes, from: 1)
        place.storeBytes(of: UInt64(3).littleEndian, as: UInt64.self)
        try bench.collective.received(envelope, bytes: bytes, from: 1)
        #expect(throws: ProtocolViolation.self) {
            try bench.collective.received(envelope, bytes: 0, from: 1)
        }
    }
}
