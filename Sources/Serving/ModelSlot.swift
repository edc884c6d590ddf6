import Threads

/// The place of a model in a server. Another one can take it between two requests: those that have begun keep
/// theirs.
final class ModelSlot: Sendable {
    /// A model that answers samples, and what belongs to it.
    struct Answering: Sendable {
        let model: ServedModel
        let decoder: RequestDecoder
        let writer: AnswerWriter

        init(_ model: ServedModel) {
            self.model = model
            decoder = RequestDecoder(model.form)
            writer = AnswerWriter(model)
        }
    }

    enum Content: Sendable {
        case answering(Answering)
        case language(ServedLanguageModel)

        init(_ served: Served) {
            switch served {
            case .model(let model): self = .answering(Answering(model))
            case .language(let model): self = .language(model)
            }
        }
    }

    let name: String
    private let current: Guarded<Content>

    init(_ model: Served) {
        name = model.name
        current = Guarded(Content(model))
    }

    var content: Content { current.withLock { $0 } }

    var language: ServedLanguageModel? {
        if case .language(let model) = content { model } else { nil }
    }

    /// The model before, if it is a language model, ends once it has answered what it was asked.
    func replace(by model: Served) {
        let before = current.withLock { current in
            defer { current = Content(model) }
            return current
        }
        if case .language(let model) = before { model.end(atOnce: false) }
    }
}
