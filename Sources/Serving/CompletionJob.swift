import HTTP
import System
import Training

/// A request for texts, from its arrival to its answer: its texts grow on the thread of its model alone
/// (hence `@unchecked Sendable`).
final class CompletionJob: @unchecked Sendable {
    private enum Answer {
        case whole(HTTPExchange)
        case streamed(EventStream)
    }

    /// The texts, and what was written of each.
    private(set) var texts: [TextContinuation]
    private var written: [String]
    private let answer: Answer
    private let writer: CompletionWriter
    let arrived = Clock.monotonicSeconds()

    /// - Parameter stream: nil to answer `exchange` with everything at the end.
    init(
        _ texts: [TextContinuation], _ exchange: HTTPExchange, _ stream: EventStream?,
        _ writer: CompletionWriter
    ) {
        self.texts = texts
        self.writer = writer
        written = texts.map { _ in "" }
        answer = stream.map { .streamed($0) } ?? .whole(exchange)
    }

    /// False if nobody waits for the texts any more.
    var isWanted: Bool { if case .streamed(let stream) = answer { stream.isOpen } else { true } }

    func hasEnded(_ text: Int) -> Bool { texts[text].ending != nil }

    func takeTokens(of text: Int) -> [Int] { texts[text].takeTokens() }

    /// Draws the next token of a text.
    func advance(_ text: Int, _ logits: UnsafeBufferPointer<Float>) {
        let piece = texts[text].advance(logits)
        switch answer {
        case .whole: written[text] += piece
        case .streamed(let stream):
            guard !piece.isEmpty || hasEnded(text) else { return }
            stream.send(
                writer.event(CompletionWriter.Choice(index: text, text: piece, ending: texts[text].ending)))
        }
    }

    /// Answers with the texts as they are.
    func finish() {
        switch answer {
        case .whole(let exchange):
            let choices = texts.indices.map {
                CompletionWriter.Choice(index: $0, text: written[$0], ending: texts[$0].ending ?? .length)
            }
            exchange.respond(
                writer.whole(
                    choices, promptTokens: texts[0].promptTokens,
                    drawnTokens: texts.reduce(0) { $0 + $1.drawnTokens }))
        case .streamed(let stream):
            for (index, text) in texts.enumerated() where text.ending == nil {
                stream.send(
                    writer.event(CompletionWriter.Choice(index: index, text: "", ending: .length)))
            }
            stream.send(CompletionWriter.lastEvent)
            stream.end()
        }
    }

    func fail(_ fault: RequestFault) {
        switch answer {
        case .whole(let exchange): exchange.respond(CompletionWriter.answer(fault))
        case .streamed(let stream):
            stream.send(CompletionWriter.event(fault))
            stream.end()
        }
    }
}
