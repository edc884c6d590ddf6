import Datasets
import TestSupport
import Testing

@Suite struct ScoredTextTests {
    private func scored(_ text: String, _ change: (inout TextData) -> Void = { _ in }) throws -> ScoredText {
        let directory = try TemporaryDirectory()
        var data = TextData(path: try directory.write("text", text))
        data.context = 7
        change(&data)
        var reader = TextReader()
        let dataset = try reader.read(data, isTraining: false)
        return ScoredText(dataset, try #require(reader.known))
    }

    /// Every token but the first is scored once, whatever the stride.
    @Test(arguments: [nil, 1, 3, 7] as [Int?]) func windows(stride: Int?) throws {
        let text = String(repeating: "naïve façades – 5 €\n", count: 9)
        let characters = try scored(text) { $0.stride = stride }
        #expect(characters.tokens == text.unicodeScalars.count - 1)
        #expect(characters.characters == characters.tokens && characters.bytes == text.utf8.count - 1)
        let bytes = try scored(text) { ($0.stride, $0.tokens) = (stride, .bytes) }
        #expect(bytes.tokens == text.utf8.count - 1 && bytes.bytes == bytes.tokens)
        #expect(bytes.characters == characters.characters)
    }

    /// The prompt of an answer does not count; the end token costs bits, and is no text.
    @Test func answers() throws {
        let lines = "{\"prompt\": \"ab\", \"answer\": \"cde\"}\n{\"prompt\": \"b\", \"answer\": \"é\"}\n"
        let text = try scored(lines) { $0.prompt = "prompt" }
        #expect(text.tokens == 3 + 1 + 1 + 1 && text.bytes == 5 && text.characters == 4)
        let bits = try #require(text.bits(ofNats: 0.6931471805599453))
        #expect(abs(bits.perByte - 6.0 / 5) < 1e-12 && abs(bits.perCharacter - 6.0 / 4) < 1e-12)
    }
}
