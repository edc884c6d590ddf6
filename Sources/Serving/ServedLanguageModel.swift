import Checkpoints
import Datasets
import Kernels
import Runs
import System
import Training

/// A trained language model, as it continues the texts of requests on a thread of its own.
package final class ServedLanguageModel: Sendable {
    /// The name in requests: that of the run's directory.
    package let name: String
    /// The checkpoint that it came from.
    package let checkpoint: String
    package let step: Int
    let tokenizer: Tokenizer
    /// Tokens that the model sees at once, at most.
    let context: Int
    /// The number of different tokens.
    let vocabulary: Int
    private let queue = CompletionQueue()

    /// - Parameters:
    ///   - tokenizer: that of a model that has none of its own.
    ///   - lanes: the model's own compute threads; they sleep while another one computes.
    /// - Throws: `CheckpointError`, `PlanError`, or `ThreadError`.
    package init(_ model: TrainedModel, named name: String, tokenizer given: Tokenizer?, lanes: Int) throws {
        self.name = name
        checkpoint = model.path
        step = model.step
        tokenizer = try model.tokenizer(or: given)
        let generator = try model.generator(
            sequences: CompletionQueue.places, lanes: LanePool(lanes: lanes))
        context = generator.context
        vocabulary = generator.vocabulary
        // The first pass brings the weights into the form in which the kernels read them: no request waits
        // for it.
        try generator.append((0..<CompletionQueue.places).map { $0 == 0 ? [0] : [] })
        try queue.start(generator)
    }

    deinit { end(atOnce: false) }

    /// The texts that a request asks for, before their first token.
    ///
    /// - Throws: `RequestFault` if the prompt cannot be read, or is too long.
    func texts(_ request: CompletionRequest) throws(RequestFault) -> [TextContinuation] {
        let sampling = TokenSampling(
            temperature: request.temperature, topK: request.topK, topP: request.topP,
            seed: request.seed ?? UInt64.random(in: 0..<1 << 53))
        var texts: [TextContinuation] = []
        for sequence in 0..<request.count {
            do {
                texts.append(
                    try TextContinuation(
                        request.prompt, of: tokenizer, vocabulary: vocabulary, sampling: sampling,
                        sequence: sequence, tokens: request.mostTokens, stops: request.stops))
            } catch {
                throw RequestFault("\(error)")
            }
        }
        guard texts[0].promptTokens <= context else {
            throw RequestFault(
                "the prompt has \(texts[0].promptTokens) tokens, and the model sees \(context) at once; send"
                    + " the end of it")
        }
        return texts
    }

    /// Computes a job; returns false if too many wait.
    func put(_ job: CompletionJob) -> Bool { queue.put(job) }

    /// Ends the model's thread: at once, or when it has answered what was asked.
    func end(atOnce: Bool) { queue.end(atOnce: atOnce) }
}
