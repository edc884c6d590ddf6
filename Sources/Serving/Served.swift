import Datasets
import Runs

/// A model that a server has: one that answers samples, or one that continues texts.
package enum Served: Sendable {
    case model(ServedModel)
    case language(ServedLanguageModel)

    /// Loads the models of a run directory or a checkpoint.
    ///
    /// - Parameters:
    ///   - tokenizer: that of language models that have none of their own.
    ///   - lanes: the model's own compute threads.
    /// - Throws: `CheckpointError` or `SystemError` if there is none, or it is damaged; `PlanError` for a
    ///   language model that cannot continue texts.
    package static func load(
        at path: String, named name: String, tokenizer: Tokenizer? = nil, lanes: Int, warn: (String) -> Void
    ) throws -> Served {
        let models = try TrainedModel.checkpoints(at: path, reporting: warn).map { try TrainedModel($0) }
        if models.count == 1, models[0].isLanguageModel {
            return .language(
                try ServedLanguageModel(models[0], named: name, tokenizer: tokenizer, lanes: lanes))
        }
        return .model(try ServedModel(models, named: name, lanes: lanes))
    }

    package var name: String {
        switch self {
        case .model(let model): model.name
        case .language(let model): model.name
        }
    }

    package var step: Int {
        switch self {
        case .model(let model): model.step
        case .language(let model): model.step
        }
    }

    /// The checkpoints that it came from.
    package var checkpoints: [String] {
        switch self {
        case .model(let model): model.checkpoints
        case .language(let model): [model.checkpoint]
        }
    }
}
