import Configuration
import HTTP
import Threads

/// Answers the requests of a server: predictions, texts, the list of models, its state, and the page to try
/// it.
///
/// Short lists of numbers are read on the server's thread, everything else on the decoders', and all is
/// computed on the compute thread.
final class ModelRouter: Sendable {
    /// Bytes of the longest body that is read on the server's thread.
    private static let shortBody = 1 << 16
    private static let paths = (
        models: "/v1/models", predict: "/v1/predict", complete: "/v1/completions"
    )

    let slots: [ModelSlot]
    private let queue: ComputeQueue
    private let decoders: Mailbox<(@Sendable () -> Void)?>
    private let needsKey: Bool

    init(
        _ slots: [ModelSlot], queue: ComputeQueue, decoders: Mailbox<(@Sendable () -> Void)?>, needsKey: Bool
    ) {
        self.slots = slots
        self.queue = queue
        self.decoders = decoders
        self.needsKey = needsKey
    }

    @Sendable func handle(_ exchange: HTTPExchange) {
        let request = exchange.request
        switch request.path {
        case Self.paths.predict: predictWithTheOnlyModel(exchange)
        case Self.paths.complete: complete(exchange)
        case "/": get(exchange) { TryPage.response }
        case Self.paths.models: get(exchange) { .json(list) }
        default: handleNamed(exchange, request.path)
        }
    }

    private func get(_ exchange: HTTPExchange, _ response: () -> HTTPResponse) {
        exchange.respond(exchange.request.isRead ? response() : .notAllowed("GET, HEAD"))
    }

    private func handleNamed(_ exchange: HTTPExchange, _ path: String) {
        let prefix = Self.paths.models + "/"
        guard path.hasPrefix(prefix) else { return exchange.respond(.notFound) }
        let rest = path.dropFirst(prefix.count)
        let isPrediction = rest.hasSuffix("/predict")
        let name = isPrediction ? rest.dropLast("/predict".count) : rest
        guard let slot = slots.first(where: { $0.name == name }) else {
            return exchange.respond(
                Self.answer(
                    RequestFault(
                        status: 404, "there is no model of this name; \(Self.paths.models) lists them")))
        }
        if isPrediction {
            predict(exchange, slot.content)
        } else {
            get(exchange) { .json(ModelDescription.json(of: slot.content).compactJSON() + "\n") }
        }
    }

    /// The answer of `/v1/models`: the models as the page reads them, and as OpenAI's interface has them.
    private var list: String {
        let models = slots.map { ModelDescription.json(of: $0.content) }
        let data = slots.map { slot -> ConfigValue in
            .object([
                ("id", .string(slot.name)), ("object", .string("model")), ("created", .int(0)),
                ("owned_by", .string("dist-train")),
            ])
        }
        let answer: ConfigValue = .object([
            ("models", .array(models)), ("needs_key", .bool(needsKey)), ("object", .string("list")),
            ("data", .array(data)),
        ])
        return answer.compactJSON() + "\n"
    }

    private static func answer(_ fault: RequestFault) -> HTTPResponse {
        let text = ConfigValue.object([("error", .string(fault.description))]).compactJSON()
        return .json(text + "\n", status: fault.status)
    }

    // MARK: - Predictions

    private func predictWithTheOnlyModel(_ exchange: HTTPExchange) {
        guard slots.count == 1 else {
            let names = slots.map { "\(Self.paths.models)/\($0.name)/predict" }.joined(separator: ", ")
            return exchange.respond(
                Self.answer(RequestFault(status: 404, "there are several models; ask one of them: \(names)")))
        }
        predict(exchange, slots[0].content)
    }

    private func predict(_ exchange: HTTPExchange, _ content: ModelSlot.Content) {
        let request = exchange.request
        guard request.method == .post else { return exchange.respond(.notAllowed("POST")) }
        guard case .answering(let content) = content else {
            return exchange.respond(
                Self.answer(
                    RequestFault(
                        status: 404, "this model continues texts; send them to \(Self.paths.complete)")))
        }
        let isList = content.model.form.table == nil && request.body.first == UInt8(ascii: "{")
        if isList, request.body.count <= Self.shortBody {
            decode(exchange, content)
        } else {
            decoders.put { [self] in
                guard queue.waitForRoom() else { return }
                decode(exchange, content)
            }
        }
    }

    /// Lets a decoder's thread do something.
    func decode(_ work: @escaping @Sendable () -> Void) { decoders.put(work) }

    private func decode(_ exchange: HTTPExchange, _ content: ModelSlot.Answering) {
        let request = exchange.request
        let samples: ServedSamples
        do throws(RequestFault) {
            samples = try content.decoder.samples(request.body, mediaType: request.mediaType)
        } catch {
            return exchange.respond(Self.answer(error))
        }
        queue.put(
            ComputeQueue.Work(model: content.model, writer: content.writer, samples: samples) { result in
                switch result {
                case .success(let bytes): exchange.respond(.of("application/json", bytes))
                case .failure(let fault): exchange.respond(Self.answer(fault))
                }
            })
    }
}

extension HTTPRequest {
    /// Whether it asks for a page without changing anything.
    var isRead: Bool { method == .get || method == .head }
}
