import Kernels

/// The memory of weight gradients: one flat vector for each pending node of the reduction tree. A layer
/// writes the gradient of slot i into `leaf(i)` and then calls `merge(after: i, …)` for the same range while
/// it is hot in the cache; slots go in order. After the last slot the vectors named by the program hold the
/// sums of the maximal subtrees of this worker's microbatches.
package final class GradientVectors {
    private let vectors: [FloatBuffer]
    private var program: FoldProgram
    /// The slot that holds the first non-empty microbatch of the whole batch, if it is a local one.
    package private(set) var firstSlot: Int?

    /// - Parameters:
    ///   - count: floats of a flat vector.
    ///   - programs: of all the distinct steps; the first is begun.
    ///   - vector: makes a flat vector.
    package init(
        count: Int, programs: [FoldProgram], vector: (Int) -> FloatBuffer = { FloatBuffer(count: $0) }
    ) {
        precondition(!programs.isEmpty, "there is a step to take")
        vectors = (0..<Self.vectors(programs)).map { _ in vector(count) }
        program = programs[0]
    }

    /// The flat vectors that are needed for such steps.
    package static func vectors(_ programs: [FoldProgram]) -> Int { programs.map(\.registers).max() ?? 0 }

    /// Begins a step whose local microbatches are folded by `program`.
    package func begin(_ program: FoldProgram, firstSlot: Int?) {
        precondition(program.registers <= vectors.count, "the fold needs more vectors than were allocated")
        self.program = program
        self.firstSlot = firstSlot
    }

    package func leaf(_ slot: Int) -> UnsafeMutablePointer<Float> {
        vectors[program.steps[slot].register].pointer
    }

    /// The sum of the k-th maximal subtree.
    package func result(_ k: Int) -> UnsafeMutablePointer<Float> {
        vectors[program.results[k].register].pointer
    }

    /// Adds up the subtrees that slot `slot` completes, within one range that begins at a multiple of 16.
    package func merge(after slot: Int, start: Int, count: Int) {
        for merge in program.steps[slot].merges {
            Elementwise.add(
                vectors[merge.source].pointer + start, to: vectors[merge.destination].pointer + start,
                count: count)
        }
    }
}
