import Kernels

/// The memory of weight gradients: one flat vector for each pending node of the reduction tree. A layer
/// writes the gradient of local microbatch i into `leaf(i)` and then calls `merge(after: i, …)` for the same
/// range while it is hot in the cache; local microbatches go in order. After the last local microbatch the
/// vectors named by the program hold the sums of the maximal subtrees of this worker's microbatches.
package final class GradientVectors {
    private let vectors: [FloatBuffer]
    private var program: FoldProgram
    /// The local microbatch that holds the first non-empty microbatch of the whole batch, if it is a local
    /// one.
    package private(set) var firstLocalMicrobatch: Int?

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
    package func begin(_ program: FoldProgram, firstLocalMicrobatch: Int?) {
        precondition(program.registers <= vectors.count, "the fold needs more vectors than were allocated")
        self.program = program
        self.firstLocalMicrobatch = firstLocalMicrobatch
    }

    package func leaf(_ localMicrobatch: Int) -> UnsafeMutablePointer<Float> {
        vectors[program.steps[localMicrobatch].register].pointer
    }

    /// The sum of the k-th maximal subtree.
    package func result(_ k: Int) -> UnsafeMutablePointer<Float> {
        vectors[program.results[k].register].pointer
    }

    /// Adds up the subtrees that a local microbatch completes, within one range that begins at a multiple of
    /// 16.
    package func merge(after localMicrobatch: Int, start: Int, count: Int) {
        for merge in program.steps[localMicrobatch].merges {
            Elementwise.add(
                vectors[merge.source].pointer + start, to: vectors[merge.destination].pointer + start,
                count: count)
        }
    }
}
