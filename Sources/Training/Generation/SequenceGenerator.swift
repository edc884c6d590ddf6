import Jobs
import Kernels
import NeuralNetwork

/// Continues sequences of tokens with a trained language model, one token after the other.
///
/// Layers keep what later positions need (keys and values, states of cells), so that a step computes new
/// positions alone. Its logits have the bits that the whole sequence would give. When the model's most
/// positions are reached, the sequence goes on from its newest half: the model forgets what was before.
///
///     let generator = try SequenceGenerator(plan: plan, parameters: p, statistics: s, sequences: 1, lanes:
///         lanes)
///     try generator.append([[15, 2, 7]])
///     let next = sampling.choose(generator.logits(0), sequence: 0, position: 0)
package final class SequenceGenerator {
    /// The most positions that the model sees at once.
    package let context: Int
    /// The number of different tokens.
    package let vocabulary: Int
    private let network: Network
    private let parameters: FloatBuffer
    private let statistics: FloatBuffer
    /// The tokens that the layers' memory holds, by sequence.
    private var seen: [[Int]]
    /// A copy of each sequence's last logits.
    private let last: FloatBuffer

    /// Positions of a sequence that are computed in one pass, at most.
    private static let positionsPerPass = 64

    /// - Parameters:
    ///   - parameters, statistics: flat vectors of a snapshot.
    ///   - sequences: the number of sequences that are continued side by side.
    /// - Throws: `PlanError` if the model is no language model, or looks ahead.
    package init(
        plan: TrainingPlan, parameters: [Float], statistics: [Float], sequences: Int, lanes: LanePool
    ) throws(PlanError) {
        vocabulary = try Self.vocabulary(of: plan)
        context = plan.network.inputShape.positions
        network = Network(
            plan: plan.network, localMicrobatches: 1, rows: sequences, lanes: lanes, purpose: .inference,
            Network.Options(continuesSequences: true, mostPositions: Self.positionsPerPass))
        self.parameters = FloatBuffer(copying: parameters)
        self.statistics = FloatBuffer(copying: statistics)
        seen = Array(repeating: [], count: sequences)
        last = FloatBuffer(count: sequences * FlatVector.aligned(vocabulary))
    }

    /// The number of different tokens of a language model.
    ///
    /// - Throws: `PlanError` if the model is none, or looks ahead.
    package static func vocabulary(of plan: TrainingPlan) throws(PlanError) -> Int {
        guard case .tokens(let vocabulary) = plan.targets else {
            throw PlanError(
                "this model writes no text: it was not trained to predict the next token of one")
        }
        guard plan.network.continuesSequences else {
            let layer = plan.network.layers.first { !$0.continuesSequences }?.name
            throw PlanError(
                "this model writes no text, because its layer `\(layer ?? "")` cannot go on from token to"
                    + " token: train one with causal attention, or with recurrent layers of one direction",
                layer: layer)
        }
        return vocabulary
    }

    /// The tokens of a sequence that the model still sees.
    package func visible(_ sequence: Int) -> [Int] { seen[sequence] }

    /// Begins a sequence anew.
    package func reset(_ sequence: Int) { seen[sequence] = [] }

    /// Appends tokens to the sequences. The logits of those that get some are then the ones behind the last.
    ///
    /// - Parameter tokens: for every sequence the tokens, each below `vocabulary`; none leaves it as it is.
    /// - Throws: what `Network.forward` throws.
    package func append(_ tokens: [[Int]]) throws {
        precondition(tokens.count == seen.count, "there are tokens for every sequence")
        precondition(
            tokens.allSatisfy { $0.allSatisfy { (0..<vocabulary).contains($0) } },
            "tokens are of the vocabulary")
        var waiting = tokens
        // Sequences without room begin again with the newest half of what they hold.
        for sequence in seen.indices where seen[sequence].count + waiting[sequence].count > context {
            waiting[sequence] = (seen[sequence] + waiting[sequence]).suffix((context + 1) / 2)
            seen[sequence] = []
        }
        while waiting.contains(where: { !$0.isEmpty }) {
            try compute(waiting.map { Array($0.prefix(Self.positionsPerPass)) })
            waiting = waiting.map { Array($0.dropFirst(Self.positionsPerPass)) }
        }
    }

    /// The logits of the token that comes next in a sequence.
    package func logits(_ sequence: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(
            start: last.pointer + sequence * FlatVector.aligned(vocabulary), count: vocabulary)
    }

    /// Computes the next positions of each sequence; none where a sequence has no tokens left.
    private func compute(_ tokens: [[Int]]) throws {
        for (row, token) in tokens.joined().enumerated() { network.input.row(0, row).pointee = Float(token) }
        let rows = SequenceRows(lengths: [tokens.map(\.count)], past: [seen.map(\.count)])
        let pass = network.makePass(
            rows: MicrobatchRows([seen.count]), sequences: rows, parameters: parameters.pointer,
            statistics: statistics.pointer, training: nil)
        try network.forward(pass)
        for (sequence, added) in tokens.enumerated() where !added.isEmpty {
            let end = rows.offsets(0)[sequence + 1]
            (last.pointer + sequence * FlatVector.aligned(vocabulary)).update(
                from: network.output.row(0, end - 1), count: vocabulary)
            seen[sequence] += added
        }
    }
}
