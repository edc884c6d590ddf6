import Datasets
import TestSupport
import Testing
import Training

/// Texts that grow, without a model: the logits say which token comes.
@Suite struct TextContinuationTests {
    private func characters(_ text: String, hasEnd: Bool = false) throws -> Tokenizer {
        try Array(text.utf8).withUnsafeBufferPointer {
            try Tokenizer.characters(of: [$0], hasEnd: hasEnd)
        }
    }

    /// Lets the tokens of a text come, and returns what was shown, piece by piece.
    private func shown(_ text: [Int32], _ continuation: inout TextContinuation, _ vocabulary: Int) -> [String]
    {
        var pieces: [String] = []
        for token in text where continuation.ending == nil {
            _ = continuation.takeTokens()
            var logits = [Float](repeating: 0, count: vocabulary)
            logits[Int(token)] = 1
            pieces.append(logits.withUnsafeBufferPointer { continuation.advance($0) })
        }
        return pieces
    }

    private func continuation(
        _ prompt: String, _ tokenizer: Tokenizer, tokens: Int = 100, stops: [String] = []
    ) throws -> TextContinuation {
        try TextContinuation(
            prompt, of: tokenizer, vocabulary: tokenizer.vocabularySize,
            sampling: TokenSampling(temperature: 0, seed: 1), tokens: tokens, stops: stops)
    }

    @Test func endsByLengthStopAndEndToken() throws {
        let tokenizer = try characters("abcdefgh \n", hasEnd: true)
        func run(_ text: String, tokens: Int = 100, stops: [String] = [], end: Bool = false) throws
            -> (text: String, ending: TextContinuation.Ending?)
        {
            var one = try continuation("ab", tokenizer, tokens: tokens, stops: stops)
            let ids = try tokenizer.encode(text) + (end ? [try #require(tokenizer.endOfText)] : [])
            let pieces = shown(ids, &one, tokenizer.vocabularySize)
            return (pieces.joined(), one.ending)
        }
        #expect(try run("abcdef", tokens: 4) == ("abcd", .length))
        #expect(try run("abcdef") == ("abcdef", nil))
        #expect(try run("abc", end: true) == ("abc", .stop))
        #expect(try run("abcdefgh", stops: ["de"]) == ("abc", .stop))
        #expect(try run("abdbded", stops: ["ded", "bd"]) == ("a", .stop))
        #expect(try run("aab", tokens: 3, stops: ["abc"]) == ("aab", .length))
        #expect(try run("aababc", stops: ["abc"]) == ("aab", .stop))
        #expect(try run("ab", stops: ["abc"], end: true) == ("ab", .stop))
    }

    /// A possible beginning of a stop text is shown when it is clear that it is none.
    @Test func holdsBack() throws {
        let tokenizer = try characters("abcd")
        var one = try continuation("a", tokenizer, stops: ["bbc"])
        let pieces = shown(try tokenizer.encode("abbbdbbca"), &one, tokenizer.vocabularySize)
        #expect(pieces == ["a", "", "", "b", "bbd", "", "", ""])
        #expect(one.ending == .stop && one.drawnTokens == 8)
    }

    /// A character is shown when its last byte has come; one that stays incomplete is not shown.
    @Test func wholeCharacters() throws {
        let tokenizer = Tokenizer.bytes(hasEnd: false)
        var one = try continuation("é", tokenizer, tokens: 8)
        #expect(one.takeTokens() == [0xC3, 0xA9] && one.promptTokens == 2)
        let pieces = shown([0x61, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80], &one, 256)
        #expect(pieces == ["a", "", "", "€", "", "", "", "😀"])
        var cut = try continuation("", tokenizer, tokens: 2)
        #expect(shown([0x61, 0xE2], &cut, 256) == ["a", ""] && cut.ending == .length)
    }

    @Test func prompts() throws {
        func first(_ tokenizer: Tokenizer) throws -> [Int] {
            var one = try continuation("", tokenizer)
            return one.takeTokens()
        }
        let withEnd = try characters("ab\n", hasEnd: true)
        #expect(try first(withEnd) == [Int(try #require(withEnd.endOfText))])
        let withLines = try characters("ab\n")
        #expect(try first(withLines) == (try withLines.encode("\n").map { Int($0) }))
        #expect(try first(try characters("ab")) == [0])
        #expect(try first(.bytes(hasEnd: false)) == [10])
        #expect {
            _ = try continuation("aéb", withLines)
        } throws: {
            "\($0)".hasPrefix("the prompt cannot be read: ") && "\($0)".contains("é")
        }
    }
}
