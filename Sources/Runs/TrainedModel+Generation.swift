import Checkpoints
import Datasets
import Kernels
import Training

// Language models.
extension TrainedModel {
    /// The model as one that continues sequences of tokens.
    ///
    /// - Parameter sequences: the number of sequences that are continued side by side.
    /// - Throws: `PlanError` if the model is no language model, or `CheckpointError` if a tensor is missing
    ///   or has another shape or type.
    package func generator(sequences: Int, lanes: LanePool) throws -> SequenceGenerator {
        let plan = try plan()
        _ = try SequenceGenerator.vocabulary(of: plan)
        try state.checkOrder(for: plan, path: path)
        let snapshot = try snapshot(plan.network.layout)
        return try SequenceGenerator(
            plan: plan, parameters: snapshot.parameters, statistics: snapshot.statistics,
            sequences: sequences, lanes: lanes)
    }

    /// The tokenizer of the training's texts.
    ///
    /// - Parameter given: the tokenizer of a model that has none of its own.
    /// - Throws: `CheckpointError` if there is none, or two.
    package func tokenizer(or given: Tokenizer? = nil) throws -> Tokenizer {
        guard let own = state.encoding.tokenizer else {
            if let given { return given }
            throw CheckpointError(
                "`\(path)` has no tokenizer, because its model was trained with tokens that were made"
                    + " elsewhere; name the tokenizer's file with --tokenizer FILE")
        }
        guard given == nil || given == own else {
            throw CheckpointError("`\(path)` has a tokenizer of its own; leave --tokenizer out")
        }
        return own
    }

    /// True if the model predicts the next token of a text.
    package var isLanguageModel: Bool { state.sequences?.predictsNextToken ?? false }
}
