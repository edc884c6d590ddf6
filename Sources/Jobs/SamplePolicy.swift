import Configuration

/// The texts that a language model writes while it is trained, for people to read. They change no bit of the
/// training.
package struct SamplePolicy: Equatable, Sendable {
    package var every: CheckpointPolicy.Interval = .epoch
    package var prompt = ""
    /// Tokens of a text, at most.
    package var tokens = 200
    package var temperature = 0.8

    package init() {}

    static let codec = Codec<SamplePolicy>.object(SamplePolicy()) {
        Field(
            "every", \.every, CheckpointPolicy.Interval.codec,
            "Steps from one text to the next, or \"epoch\". A text comes with the next snapshot.",
            example: "500")
        Field("prompt", \.prompt, .string, "The beginning of the text.", example: "\"ROMEO:\"")
        Field("tokens", \.tokens, .int(1...100_000), "Tokens to write, at most.", example: "400")
        Field(
            "temperature", \.temperature, .number(.from(0, to: 100)),
            "Below 1 the probable tokens become more probable; 0 always takes the most probable one.",
            example: "1.0")
    }
}
