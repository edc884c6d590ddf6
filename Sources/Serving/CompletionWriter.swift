import Configuration
import HTTP
import Training

/// Writes the answers of `/v1/completions`.
struct CompletionWriter: Sendable {
    let id: String
    let model: String
    /// Seconds since 1970.
    let created: Int

    /// A text of an answer, or a piece of one.
    struct Choice: Sendable {
        let index: Int
        var text: String
        /// Nil while the text grows.
        var ending: TextContinuation.Ending?

        fileprivate var json: ConfigValue {
            .object([
                ("text", .string(text)), ("index", .int(index)), ("logprobs", .null),
                ("finish_reason", ending.map { .string($0.rawValue) } ?? .null),
            ])
        }
    }

    func whole(_ choices: [Choice], promptTokens: Int, drawnTokens: Int) -> HTTPResponse {
        let usage: ConfigValue = .object([
            ("prompt_tokens", .int(promptTokens)), ("completion_tokens", .int(drawnTokens)),
            ("total_tokens", .int(promptTokens + drawnTokens)),
        ])
        return .json(json(choices, [("usage", usage)]).compactJSON() + "\n")
    }

    func event(_ choice: Choice) -> [UInt8] {
        EventStream.encoded(event: nil, data: json([choice], []).compactJSON())
    }

    static let lastEvent = EventStream.encoded(event: nil, data: "[DONE]")

    private func json(_ choices: [Choice], _ more: [(String, ConfigValue)]) -> ConfigValue {
        .object(
            [
                ("id", .string(id)), ("object", .string("text_completion")), ("created", .int(created)),
                ("model", .string(model)), ("choices", .array(choices.map(\.json))),
            ] + more)
    }

    /// An error in OpenAI's form.
    static func answer(_ fault: RequestFault) -> HTTPResponse {
        .json(error(fault) + "\n", status: fault.status)
    }

    /// An error behind the beginning of a stream.
    static func event(_ fault: RequestFault) -> [UInt8] {
        EventStream.encoded(event: nil, data: error(fault))
    }

    private static func error(_ fault: RequestFault) -> String {
        let error: ConfigValue = .object([
            ("message", .string(fault.description)),
            ("type", .string(fault.status < 500 ? "invalid_request_error" : "server_error")),
            ("param", .null), ("code", .null),
        ])
        return ConfigValue.object([("error", error)]).compactJSON()
    }
}
