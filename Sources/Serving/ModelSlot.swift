import Threads

/// The place of a model in a server. Another one can take it between two requests: those that have begun keep
/// theirs.
final class ModelSlot: Sendable {
    /// A model and what belongs to it.
    struct Content: Sendable {
        let model: ServedModel
        let decoder: RequestDecoder
        let writer: AnswerWriter

        init(_ model: ServedModel) {
            self.model = model
            decoder = RequestDecoder(model.form)
            writer = AnswerWriter(model)
        }
    }

    let name: String
    private let current: Guarded<Content>

    init(_ model: ServedModel) {
        name = model.name
        current = Guarded(Content(model))
    }

    var content: Content { current.withLock { $0 } }

    func replace(by model: ServedModel) { current.withLock { $0 = Content(model) } }
}
