import Collectives
import Dispatch
import Kernels
import Threads

/// Synthetic gradients and statistics. They are a pure function of their indices, and their magnitudes differ
/// so much that the order of a sum shows in its bits.
struct Synthetic: Sendable {
    static let exchanges: [StatisticsOperation] = [.moments(channels: 3), .sum(width: 5)]
    static let report = StatisticsOperation.sum(width: 3)

    static func gradient(step: Int, microbatch: Int, element: Int) -> Float {
        var hash = UInt64(truncatingIfNeeded: element) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ UInt64(truncatingIfNeeded: step * 64 + microbatch + 1)) &* 0xD6E8_FEB8_6659_FD93
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        let mantissa = Float(Int64(bitPattern: hash) >> 40)
        return mantissa * Float(sign: .plus, exponent: -20 - Int(hash & 15), significand: 1)
    }

    /// The gradient of an element of a sparse range: rows of 48 floats, of which a microbatch touches a few,
    /// all or none.
    static func sparseGradient(step: Int, microbatch: Int, element: Int) -> Float {
        isTouched(step: step, microbatch: microbatch, element: element)
            ? gradient(step: step, microbatch: microbatch, element: element) : 0
    }

    static func isTouched(step: Int, microbatch: Int, element: Int) -> Bool {
        switch step % 4 {
        case 0, 3: (element / 48 * 31 + microbatch * 7 + step) % 90 < (microbatch % 3 == 1 ? 0 : 4)
        case 1: true
        default: false
        }
    }

    static func statistics(_ operation: StatisticsOperation, step: Int, exchange: Int, microbatch: Int)
        -> [Double]
    {
        var random = RandomStream(seed: 8, purpose: .test, major: step * 64 + microbatch, minor: exchange)
        var values = (0..<operation.width).map { _ in random.normal() * 10 }
        if case .moments(let channels) = operation {
            values[0] = Double(1 + random.below(30))
            for c in 0..<channels { values[1 + channels + c] = abs(values[1 + channels + c]) }
        }
        return values
    }
}

/// One member's memory. Gradients are folded as the program says; an update adds the sum to the parameters.
// shared by the two threads of its Collective, as in training
final class TestMember: GradientSource, ParameterUpdate, @unchecked Sendable {
    let parameters: FloatBuffer
    private let vectors: [FloatBuffer]
    private var fold: FoldProgram
    private let partition: Partition
    private let rank: Int
    private let sparse: Range<Int>
    /// The occupancy of each node in the current step.
    private var occupancies: [Occupancy] = []
    /// The number of floats that updates have touched: each owned float once per step.
    private(set) var updated = 0

    init(partition: Partition, plans: [StepPlan], rank: Int, sparse: Range<Int> = 0..<0) {
        self.sparse = sparse
        self.partition = partition
        self.rank = rank
        let folds = plans.map { FoldProgram($0.tree, $0.leaves(of: rank)) }
        vectors = (0..<(folds.map(\.registers).max() ?? 0)).map { _ in FloatBuffer(count: partition.flatCount)
        }
        parameters = FloatBuffer(count: partition.flatCount)
        fold = folds[0]
    }

    /// Runs the backward pass: writes each microbatch's gradient and merges.
    func computeGradients(_ plan: StepPlan, step: Int, count: Int) {
        fold = FoldProgram(plan.tree, plan.leaves(of: rank))
        if !sparse.isEmpty { findOccupancies(plan, step: step) }
        for (instruction, microbatch) in zip(fold.steps, plan.microbatchesOf[rank]) {
            let leaf = vectors[instruction.register].pointer
            for i in 0..<count {
                leaf[i] =
                    sparse.contains(i)
                    ? Synthetic.sparseGradient(step: step, microbatch: microbatch, element: i)
                    : Synthetic.gradient(step: step, microbatch: microbatch, element: i)
            }
            for merge in instruction.merges {
                let (to, from) = (vectors[merge.destination].pointer, vectors[merge.source].pointer)
                for i in 0..<count { to[i] += from[i] }
            }
        }
    }

    /// Finds where this member's nodes are not zero, from what their microbatches touch.
    private func findOccupancies(_ plan: StepPlan, step: Int) {
        let filled = plan.microbatchesOf.flatMap { $0 }
        occupancies = plan.nodes[plan.nodesOf[rank]].map { node in
            let occupancy = Occupancy(count: partition.flatCount)
            occupancy.insert(0..<sparse.lowerBound)
            occupancy.insert(sparse.upperBound..<partition.flatCount)
            for i in sparse
            where node.leaves.contains(where: {
                Synthetic.isTouched(step: step, microbatch: filled[$0], element: i)
            }) {
                occupancy.insert(i..<(i + 1))
            }
            return occupancy
        }
    }

    func occupancy(_ k: Int) -> Occupancy? { sparse.isEmpty ? nil : occupancies[k] }

    func nodeVector(_ k: Int) -> UnsafePointer<Float> {
        UnsafePointer(vectors[fold.results[k].register].pointer)
    }

    func update(_ range: Range<Int>, compact: Int, gradient: UnsafeMutablePointer<Float>, step: Int) {
        for (k, i) in range.enumerated() { parameters.pointer[i] += gradient[k] }
        updated += range.count
    }
}

/// Computes a sum by the definition of the tree, sequentially.
func treeSum<T>(_ leaves: ArraySlice<T>, _ merge: (T, T) -> T) -> T {
    guard leaves.count > 1 else { return leaves[leaves.startIndex] }
    var power = 1
    while 2 * power < leaves.count { power *= 2 }
    return merge(treeSum(leaves.prefix(power), merge), treeSum(leaves.dropFirst(power), merge))
}

/// Runs `body` on `count` threads. After `seconds` it calls `giveUp`, which must make them end, and returns
/// false.
func runOnThreads(
    _ count: Int, seconds: Int = 120, giveUp: @escaping @Sendable () -> Void,
    _ body: @escaping @Sendable (Int) -> Void
) throws -> Bool {
    let done = TestSignal()
    let threads = try (0..<count).map { index in
        try Thread(named: "member \(index)") {
            body(index)
            done.signal()
        }
    }
    let inTime = done.wait(for: count, seconds: seconds)
    if !inTime { giveUp() }
    for thread in threads { thread.join() }
    return inTime
}

/// Counts signals; every wait has a limit.
final class TestSignal: Sendable {
    private let signals = DispatchSemaphore(value: 0)

    func signal() { signals.signal() }

    /// Waits for `wanted` signals that no earlier wait has taken. It returns false if they do not come in
    /// time.
    func wait(for wanted: Int, seconds: Int) -> Bool {
        let deadline = DispatchTime.now() + .seconds(seconds)
        return (0..<wanted).allSatisfy { _ in signals.wait(timeout: deadline) == .success }
    }
}
