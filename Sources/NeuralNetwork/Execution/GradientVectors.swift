import Kernels

/// The memory of weight gradients: one flat vector for each pending node of the reduction tree. A layer
/// writes the gradient of local microbatch i into `leaf(i)` and then calls `merge(after: i, …)` for the same
/// range while it is hot in the cache; local microbatches go in order. After the last local microbatch the
/// vectors named by the program hold the sums of the maximal subtrees of this worker's microbatches.
package final class GradientVectors {
    fileprivate let vectors: [FloatBuffer]
    fileprivate private(set) var program: FoldProgram { didSet { resultRegisters = program.resultRegisters } }
    /// A bit for each vector that holds a result of the current step.
    fileprivate private(set) var resultRegisters: UInt64
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
        resultRegisters = programs[0].resultRegisters
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

    /// Flat vectors of the current step that hold no result at its end.
    package var temporaryVectors: Int { program.registers - resultRegisters.nonzeroBitCount }

    /// One range of the gradient whose sums one task computes from the first to the last local microbatch.
    ///
    /// - Parameters:
    ///   - start: a multiple of 16.
    ///   - temporaries: memory for sums that are no results, `temporaryVectors` times `count` rounded up to a
    ///     multiple of 16. It stays in the cache, where the flat vectors would not. Nil takes those.
    package func block(
        start: Int, count: Int, temporaries: UnsafeMutablePointer<Float>? = nil
    ) -> GradientBlock {
        if let temporaries {
            let space = FlatVector.aligned(count)
            // Vectors are added in whole groups of 16; what pads them stays zero.
            for vector in 0..<temporaryVectors {
                for i in count..<space { temporaries[vector * space + i] = 0 }
            }
        }
        return GradientBlock(gradients: self, start: start, count: count, temporaries: temporaries)
    }

    /// Adds up the subtrees that a local microbatch completes, within one range that begins at a multiple of
    /// 16.
    package func merge(after localMicrobatch: Int, start: Int, count: Int) {
        block(start: start, count: count).merge(after: localMicrobatch)
    }
}

/// A range of the gradient. The sums that are no results may have memory of their own.
package struct GradientBlock {
    fileprivate let gradients: GradientVectors
    fileprivate let start: Int
    fileprivate let count: Int
    fileprivate let temporaries: UnsafeMutablePointer<Float>?

    /// The memory for the gradient of a local microbatch.
    package func leaf(_ localMicrobatch: Int) -> UnsafeMutablePointer<Float> {
        register(gradients.program.steps[localMicrobatch].register)
    }

    /// Adds up the subtrees that a local microbatch completes.
    package func merge(after localMicrobatch: Int) {
        for merge in gradients.program.steps[localMicrobatch].merges {
            Elementwise.add(register(merge.source), to: register(merge.destination), count: count)
        }
    }

    private func register(_ number: Int) -> UnsafeMutablePointer<Float> {
        let results = gradients.resultRegisters
        guard let temporaries, results & (1 << UInt64(number)) == 0 else {
            return gradients.vectors[number].pointer + start
        }
        let below = ~results & ((1 << UInt64(number)) - 1)
        return temporaries + below.nonzeroBitCount * FlatVector.aligned(count)
    }
}

extension FoldProgram {
    /// A bit for each register that holds a result at the end. There are at most 64 registers, because a tree
    /// of n leaves has at most log₂ n + 1 pending nodes.
    fileprivate var resultRegisters: UInt64 { results.reduce(0) { $0 | 1 << UInt64($1.register) } }
}
