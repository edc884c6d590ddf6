import Datasets
import System
import TestSupport
import Testing

/// Compared with `BpeTrainer` of PyPI's `tokenizers`: the files are equal to the byte.
@Suite struct BPETrainerTests {
    private func trained(_ text: [UInt8], _ size: Int, minimumFrequency: Int = 0) throws -> Tokenizer {
        var trainer = BPETrainer()
        try text.withUnsafeBufferPointer { try trainer.add($0) }
        return try trainer.train(vocabularySize: size, minimumFrequency: minimumFrequency)
    }

    @Test func tiesAndRepeatedTokens() throws {
        let tokenizer = try trained(TextFixtures.bytes("ties.txt"), 512)
        let expected = try TextFixtures.bytes("trained.json")
        #expect(tokenizer.serialized.elementsEqual(expected))
        #expect(tokenizer.vocabularySize == 512 && tokenizer.endOfText == 0)
    }

    @Test(.enabled(if: File.exists(TextFixtures.data), "the texts are not beside the repository"))
    func wholeTextsTrain() throws {
        for (name, text, size) in [
            ("shakespeare", try WholeTexts.shakespeare(), 512), ("trec", try WholeTexts.trec(), 2000),
        ] {
            let tokenizer = try trained(text, size)
            #expect(try SHA256.hexDigest(of: tokenizer.serialized) == TextFixtures.hash("trained \(name)"))
        }
    }

    @Test func limits() throws {
        let text = Array("aaa aaa bbb bb".utf8)
        #expect(try trained(text, 257).vocabularySize == 257)
        #expect(try trained([], 300).vocabularySize == 257)
        // ` b` and `bb` are there twice, ` aa`'s parts once and more.
        let frequent = try trained(text, 300, minimumFrequency: 3)
        #expect(frequent.vocabularySize == 259)
        #expect((257..<259).map { frequent.text(of: $0) } == ["aa", "bb"])
        var sizes: [Int] = []
        var trainer = BPETrainer()
        try text.withUnsafeBufferPointer { try trainer.add($0) }
        _ = try trainer.train(vocabularySize: 260) { sizes.append($0) }
        #expect(sizes == [258, 259, 260] && trainer.wordCount == 4)
    }
}
