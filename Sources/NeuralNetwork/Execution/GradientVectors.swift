import Kernels

/// The memory of weight gradients: one flat vector for each pending node of the reduction tree. A layer
/// writes the gradient of local microbatch i into `leaf(i)` and then calls `merge(after: i, …)` for the same
/// range while it is hot in the cache; local microbatches go in order. After the last local microbatch the
/// vectors named by the program hold the sums of the maximal subtrees of this worker's microbatches.
///
/// In the sparse ranges of a layout (`ParameterLayout.sparse`) the vectors are zero between steps wherever
/// the last step did not write: see `sumSparsely`.
package final class GradientVectors {
    fileprivate let vectors: [FloatBuffer]
    fileprivate let sparse: [Range<Int>]
    /// The occupancy of each vector; empty without sparse ranges.
    fileprivate let occupancies: [Occupancy]
    fileprivate private(set) var program: FoldProgram { didSet { resultRegisters = program.resultRegisters } }
    /// A bit for each vector that holds a result of the current step.
    fileprivate private(set) var resultRegisters: UInt64
    /// The local microbatch that holds the first non-empty microbatch of the whole batch, if it is a local
    /// one.
    package private(set) var firstLocalMicrobatch: Int?

    /// - Parameters:
    ///   - count: floats of a flat vector.
    ///   - sparse: the ranges of it of which a step may leave most zero.
    ///   - programs: of all the distinct steps; the first is begun.
    ///   - vector: makes a flat vector.
    package init(
        count: Int, sparse: [Range<Int>], programs: [FoldProgram],
        vector: (Int) -> FloatBuffer = { FloatBuffer(count: $0) }
    ) {
        precondition(!programs.isEmpty, "there is a step to take")
        vectors = (0..<Self.vectors(programs)).map { _ in vector(count) }
        self.sparse = sparse
        occupancies = sparse.isEmpty ? [] : vectors.map { _ in Self.occupancy(count, sparse: sparse) }
        program = programs[0]
        resultRegisters = programs[0].resultRegisters
    }

    /// The occupancy of a vector of zeros whose dense ranges always count as occupied.
    private static func occupancy(_ count: Int, sparse: [Range<Int>]) -> Occupancy {
        let occupancy = Occupancy(count: count)
        var start = 0
        for range in sparse.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            occupancy.insert(start..<range.lowerBound)
            start = range.upperBound
        }
        occupancy.insert(start..<count)
        return occupancy
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

    /// The occupancy of `result(k)`; nil without sparse ranges.
    package func occupancy(ofResult k: Int) -> Occupancy? {
        occupancies.isEmpty ? nil : occupancies[program.results[k].register]
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

extension GradientVectors {
    /// Makes a sparse range zero, wherever the last step wrote in it.
    func clear(_ range: Range<Int>, lanes: LanePool) {
        precondition(sparse.contains(range), "the range is one of the sparse ones")
        lanes.run(vectors.count) { vector, _ in
            self.occupancies[vector].clear(range, of: self.vectors[vector].pointer)
        }
    }

    /// Sums some floats of a sparse range that is cleared, from the first to the last local microbatch, with
    /// the bits of a sum in which all others add zeros. Nothing is done where only zeros would be added.
    ///
    /// - Parameter write: writes the gradient of a local microbatch over what is there; false if it has none.
    /// - Returns: a bit for each vector that is not zero there. They are to be kept (`keep`).
    func sumSparsely(
        start: Int, count: Int,
        write: (_ localMicrobatch: Int, _ leaf: UnsafeMutablePointer<Float>) -> Bool
    ) -> UInt64 {
        func place(_ vector: Int) -> UnsafeMutablePointer<Float> { vectors[vector].pointer + start }
        var written: UInt64 = 0
        for (localMicrobatch, step) in program.steps.enumerated() {
            let bit = UInt64(1) << UInt64(step.register)
            if write(localMicrobatch, place(step.register)) {
                written |= bit
            } else if written & bit != 0 {
                place(step.register).update(repeating: 0, count: count)
                written &= ~bit
            }
            for merge in step.merges {
                let (to, from) = (UInt64(1) << UInt64(merge.destination), UInt64(1) << UInt64(merge.source))
                if written & (to | from) == 0 { continue }
                // A zero is added too: −0 + 0 is +0.
                EmbeddingKernels.add(place(merge.source), count: count, to: place(merge.destination))
                written |= to
            }
        }
        for vector in vectors.indices where written & ~resultRegisters & (1 << UInt64(vector)) != 0 {
            place(vector).update(repeating: 0, count: count)
        }
        return written & resultRegisters
    }

    /// Remembers where the results of `sumSparsely` are not zero.
    func keep(_ range: Range<Int>, in written: UInt64) {
        for vector in vectors.indices where written & (1 << UInt64(vector)) != 0 {
            occupancies[vector].insert(range)
        }
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
