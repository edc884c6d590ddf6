/// A request to `/v1/completions`: a text to continue, in the form of OpenAI's interface
/// (https://platform.openai.com/docs/api-reference/completions).
package struct CompletionRequest: Sendable, Equatable {
    /// Nil: the only language model.
    package var model: String?
    package var prompt = ""
    package var mostTokens = 16
    package var temperature = 1.0
    package var topP: Double?
    /// Not a part of OpenAI's interface.
    package var topK: Int?
    /// Texts that are wanted.
    package var count = 1
    package var stops: [String] = []
    /// Nil: any.
    package var seed: UInt64?
    /// True if the text is wanted piece by piece, as it is made.
    package var isStreamed = false

    package init() {}

    /// The most that a request may ask for.
    package enum Limits {
        package static let tokens = 16_384
        package static let texts = 4
        package static let stops = 4
        package static let stopBytes = 256
        package static let promptBytes = 1 << 20
    }

    /// Reads the body of a request.
    ///
    /// - Throws: `RequestFault` with the place of the mistake.
    package init(_ body: [UInt8]) throws(RequestFault) {
        let result = body.withUnsafeBufferPointer { bytes in
            Result<CompletionRequest, RequestFault> { () throws(RequestFault) in
                var reader = JSONReader(bytes)
                var request = CompletionRequest()
                try request.read(&reader)
                return request
            }
        }
        self = try result.get()
    }

    private mutating func read(_ reader: inout JSONReader) throws(RequestFault) {
        try reader.require("{", "of {\"prompt\": \"…\"}")
        var known: Set<String> = []
        if !reader.take("}") {
            repeat {
                let name = try reader.string()
                try reader.require(":", "behind a name")
                guard known.insert(name).inserted else {
                    throw reader.fault("`\(name.prefix(60))` is there twice; leave one out")
                }
                if reader.next() == UInt8(ascii: "n") {
                    _ = try reader.word()
                } else {
                    try read(name, &reader)
                }
            } while try reader.another(or: "}")
        }
        try reader.requireEnd()
    }

    private mutating func read(_ name: String, _ reader: inout JSONReader) throws(RequestFault) {
        switch name {
        case "model": model = try reader.string()
        case "prompt": try readPrompt(&reader)
        case "max_tokens": mostTokens = try Self.whole(name, 1...Limits.tokens, &reader)
        case "temperature": temperature = try Self.number(name, 0...100, &reader)
        case "top_p": topP = try Self.number(name, 0...1, &reader)
        case "top_k": topK = try Self.whole(name, 1...1 << 24, &reader)
        case "n": count = try Self.whole(name, 1...Limits.texts, &reader)
        case "stop": try readStops(&reader)
        case "seed": seed = UInt64(bitPattern: Int64(try Self.whole(name, -(1 << 53)...1 << 53, &reader)))
        case "stream": isStreamed = try Self.truth(name, &reader)
        case "user": _ = try reader.string()
        // Programs send these with values that change nothing.
        case "frequency_penalty", "presence_penalty": _ = try Self.number(name, 0...0, &reader)
        case "echo":
            guard try !Self.truth(name, &reader) else {
                throw reader.fault("`echo` can only be false here: the answer has no prompt in front")
            }
        default:
            throw reader.fault(
                "there is no field `\(name.prefix(60))` here; leave it out. There are model, prompt,"
                    + " max_tokens, temperature, top_p, top_k, n, stop, seed and stream")
        }
    }

    private mutating func readPrompt(_ reader: inout JSONReader) throws(RequestFault) {
        guard reader.next() == UInt8(ascii: "\"") else {
            throw reader.fault("`prompt` must be one text; send several in requests of their own")
        }
        prompt = try reader.string()
        guard prompt.utf8.count <= Limits.promptBytes else {
            throw reader.fault("`prompt` has more than \(Limits.promptBytes) bytes; send the end of it")
        }
    }

    private mutating func readStops(_ reader: inout JSONReader) throws(RequestFault) {
        if reader.take("[") {
            if reader.take("]") { return }
            repeat { try addStop(&reader) } while try reader.another(or: "]")
        } else {
            try addStop(&reader)
        }
    }

    private mutating func addStop(_ reader: inout JSONReader) throws(RequestFault) {
        let text = try reader.string()
        guard stops.count < Limits.stops, (1...Limits.stopBytes).contains(text.utf8.count) else {
            throw reader.fault(
                "`stop` has up to \(Limits.stops) texts of 1 to \(Limits.stopBytes) bytes; send such")
        }
        stops.append(text)
    }

    private static func number(_ name: String, _ range: ClosedRange<Double>, _ reader: inout JSONReader)
        throws(RequestFault) -> Double
    {
        let value = try reader.double()
        guard range.contains(value) else {
            throw reader.fault(
                "`\(name)` must be from \(range.lowerBound) to \(range.upperBound); send such a number")
        }
        return value
    }

    private static func whole(_ name: String, _ range: ClosedRange<Int>, _ reader: inout JSONReader)
        throws(RequestFault) -> Int
    {
        guard let value = Int(exactly: try reader.double()), range.contains(value) else {
            throw reader.fault(
                "`\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound); send such")
        }
        return value
    }

    private static func truth(_ name: String, _ reader: inout JSONReader) throws(RequestFault) -> Bool {
        let word = try reader.word()
        guard word != "null" else { throw reader.fault("`\(name)` must be true or false") }
        return word == "true"
    }
}
