import HTTP
import System
import Training

// Texts that language models continue. Requests are read on the decoders' threads, because a long prompt
// takes a while to become tokens.
extension ModelRouter {
    func complete(_ exchange: HTTPExchange) {
        guard exchange.request.method == .post else { return exchange.respond(.notAllowed("POST")) }
        decode { [self] in
            do throws(RequestFault) {
                let request = try CompletionRequest(exchange.request.body)
                let model = try languageModel(request.model)
                try begin(try model.texts(request), of: model, request, exchange)
            } catch {
                exchange.respond(CompletionWriter.answer(error))
            }
        }
    }

    /// Finds the model that a request names, or the only one.
    private func languageModel(_ name: String?) throws(RequestFault) -> ServedLanguageModel {
        let models = slots.compactMap(\.language)
        let names = models.map { "`\($0.name)`" }.joined(separator: ", ")
        guard !models.isEmpty else {
            throw RequestFault(
                status: 404, "no language model is served here; the models take samples at /v1/predict")
        }
        guard let name else {
            guard models.count == 1 else {
                throw RequestFault("there are several language models; set `model` to one of \(names)")
            }
            return models[0]
        }
        guard let model = models.first(where: { $0.name == name }) else {
            throw RequestFault(
                status: 404, "there is no language model `\(name.prefix(60))`; there is \(names)")
        }
        return model
    }

    private func begin(
        _ texts: [TextContinuation], of model: ServedLanguageModel, _ request: CompletionRequest,
        _ exchange: HTTPExchange
    ) throws(RequestFault) {
        let writer = CompletionWriter(
            id: "cmpl-" + String(UInt64.random(in: 0 ... .max), radix: 16), model: model.name,
            created: Int(Clock.wallSeconds()))
        var stream: EventStream?
        if request.isStreamed {
            // Too many streams are open: that has been answered.
            guard let opened = exchange.openStream(isPosted: true) else { return }
            stream = opened
        }
        let job = CompletionJob(texts, exchange, stream, writer)
        guard model.put(job) else {
            return job.fail(
                RequestFault(status: 503, "too many texts are asked for at one time; try again later"))
        }
    }
}
