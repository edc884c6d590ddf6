import Kernels

/// The owner's memory and queue: other members' nodes of the owned pieces, and the pieces whose nodes are all
/// there.
struct Reduction {
    /// Floats that are reduced and updated without a break. Urgent frames are served in between, and the sums
    /// stay in the cache.
    private static let sliceSize = 16 * 1024
    private static let blockSize = 4096
    /// Slices between two turns of the event loop.
    static let slicesPerTurn = 4

    struct Slice {
        let piece: Int
        let range: Range<Int>
        let isLast: Bool
        /// True if the sum is finished and was kept, and the slice is now updated from it.
        var isUpdate = false
    }

    private let rank: Int
    /// One compact vector for each node of another member.
    private let inboxes: [FloatBuffer]
    /// The occupancy of each inbox.
    private let occupancies: [Occupancy]
    /// A block of zeros.
    private let zeros = FloatBuffer(count: blockSize)
    /// Pointers into the memory of other members, by inbox and piece; nil if the node arrives as a copy.
    private var mapped: [UnsafePointer<Float>?]
    private let pieces: Int
    private let scratch: FloatBuffer
    private let control: DoubleBuffer
    private var queue: [Int] = []
    /// The pieces whose sums were kept and are to be applied.
    private var updates: [Int] = []
    /// Floats of the first queued piece that are done.
    private var done = 0

    init(rank: Int, partition: Partition, plans: [StepPlan], report: StatisticsOperation) {
        self.rank = rank
        let remote = plans.map { $0.nodes.count - $0.nodesOf[rank].count }.max() ?? 0
        inboxes = (0..<remote).map { _ in FloatBuffer(count: partition.ownedCounts[rank]) }
        occupancies = inboxes.map { Occupancy(count: $0.count) }
        pieces = partition.pieces.count
        mapped = Array(repeating: nil, count: remote * pieces)
        let depth = plans.map(\.finish.scratches).max() ?? 1
        scratch = FloatBuffer(count: max(1, depth) * Self.blockSize)
        control = DoubleBuffer(count: 1 + report.width)
        queue.reserveCapacity(partition.pieces.count)
        updates.reserveCapacity(partition.pieces.count)
    }

    var controlFrame: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: control.pointer, count: control.count * MemoryLayout<Double>.stride)
    }

    /// Returns the inbox of a node. Nodes of other members are numbered without this member's own.
    private func inboxIndex(_ node: Int, _ plan: StepPlan) -> Int {
        let mine = plan.nodesOf[rank]
        return node < mine.lowerBound ? node : node - mine.count
    }

    /// Returns the memory for a node of a piece that arrives as a copy.
    mutating func inbox(node: Int, _ index: Int, _ piece: Partition.Piece, plan: StepPlan)
        -> UnsafeMutableRawBufferPointer
    {
        mapped[inboxIndex(node, plan) * pieces + index] = nil
        return UnsafeMutableRawBufferPointer(
            start: inboxes[inboxIndex(node, plan)].pointer + piece.compact,
            count: piece.range.count * MemoryLayout<Float>.stride)
    }

    /// Takes over a node of a piece that has arrived: whole in its inbox, or packed elsewhere. It returns
    /// false if the packed floats are not as many as they should be.
    func placed(node: Int, _ piece: Partition.Piece, plan: StepPlan, packed: UnsafeRawBufferPointer?) -> Bool
    {
        let inbox = inboxIndex(node, plan)
        let range = piece.compact..<(piece.compact + piece.range.count)
        if let packed {
            return occupancies[inbox].unpack(packed, into: range, of: inboxes[inbox].pointer)
        }
        occupancies[inbox].insert(range)
        return true
    }

    /// Registers a node of a piece that is read in its sender's memory, without a copy.
    mutating func referencePeerMemory(
        node: Int, _ index: Int, plan: StepPlan, from memory: UnsafePointer<Float>
    ) {
        mapped[inboxIndex(node, plan) * pieces + index] = memory
    }

    var hasWork: Bool { !queue.isEmpty || !updates.isEmpty }
    mutating func enqueue(_ piece: Int) { queue.append(piece) }
    mutating func enqueueUpdate(_ piece: Int) { updates.append(piece) }

    mutating func nextSlice(_ partition: Partition) -> Slice? {
        // Updates wait for all sums of their step: only one of the two queues is in use at a time.
        let isUpdate = queue.isEmpty
        guard let index = isUpdate ? updates.first : queue.first else { return nil }
        let range = partition.pieces[index].range
        let start = range.lowerBound + done
        let end = min(range.upperBound, start + Self.sliceSize)
        let isLast = end == range.upperBound
        done = isLast ? 0 : done + Self.sliceSize
        if isLast {
            if isUpdate { updates.removeFirst() } else { queue.removeFirst() }
        }
        return Slice(piece: index, range: start..<end, isLast: isLast, isUpdate: isUpdate)
    }

    /// Sums all nodes over one slice of a piece, depth first, and passes every finished block to `body`: its
    /// range, its offset in the compact vectors, and the sum.
    func finishTree(
        _ index: Int, _ piece: Partition.Piece, slice: Range<Int>, plan: StepPlan,
        gradients: any GradientSource,
        _ body: (Range<Int>, Int, UnsafeMutablePointer<Float>) -> Void
    ) {
        for start in stride(from: slice.lowerBound, to: slice.upperBound, by: Self.blockSize) {
            let range = start..<min(slice.upperBound, start + Self.blockSize)
            let compact = piece.compact + start - piece.range.lowerBound
            run(plan.finish, count: range.count) { node in
                isZero(range, of: node, index, piece, plan: plan, gradients: gradients)
                    ? UnsafePointer(zeros.pointer)
                    : vector(of: node, index, piece, plan: plan, gradients: gradients)
                        + (start - piece.range.lowerBound)
            }
            body(range, compact, scratch.pointer)
        }
    }

    /// Returns the floats of a piece in one of its nodes.
    func vector(
        of node: Int, _ index: Int, _ piece: Partition.Piece, plan: StepPlan,
        gradients: any GradientSource
    ) -> UnsafePointer<Float> {
        let mine = plan.nodesOf[rank]
        if mine.contains(node) {
            return gradients.nodeVector(node - mine.lowerBound) + piece.range.lowerBound
        }
        let inbox = inboxIndex(node, plan)
        return mapped[inbox * pieces + index] ?? UnsafePointer(inboxes[inbox].pointer) + piece.compact
    }

    /// True if a node is known to be zero in some blocks of a piece, so that its memory need not be read.
    private func isZero(
        _ range: Range<Int>, of node: Int, _ index: Int, _ piece: Partition.Piece, plan: StepPlan,
        gradients: any GradientSource
    ) -> Bool {
        let mine = plan.nodesOf[rank]
        if mine.contains(node) {
            return gradients.occupancy(node - mine.lowerBound)?.isEmpty(range) ?? false
        }
        let inbox = inboxIndex(node, plan)
        guard mapped[inbox * pieces + index] == nil else { return false }
        let start = piece.compact + range.lowerBound - piece.range.lowerBound
        return occupancies[inbox].isEmpty(start..<(start + range.count))
    }

    /// Runs the program over one block; the root's sum is in the first scratch vector afterwards.
    private func run(_ program: FinishProgram, count: Int, input: (Int) -> UnsafePointer<Float>) {
        func vector(_ index: Int) -> UnsafeMutablePointer<Float> { scratch.pointer + index * Self.blockSize }
        for instruction in program.instructions {
            switch instruction {
            case .copy(let source, let to): vector(to).update(from: input(source), count: count)
            case .sum(let left, let right, let to):
                Elementwise.sum(input(left), input(right), into: vector(to), count: count)
            case .add(let source, let to): Elementwise.add(input(source), to: vector(to), count: count)
            case .addScratch(let source, let to):
                Elementwise.add(vector(source), to: vector(to), count: count)
            }
        }
    }
}
