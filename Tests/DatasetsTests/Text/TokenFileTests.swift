import Datasets
import System
import TestSupport
import Testing

/// Files of token ids as nanoGPT writes them: `np.array(ids, dtype=np.uint16).tofile("train.bin")`.
@Suite struct TokenFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ tokens: [UInt16]) throws -> TextData {
        let path = directory.file("train.bin")
        try File.writeAtomically(tokens.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, to: path)
        var data = TextData(path: path)
        data.context = 4
        return data
    }

    @Test(arguments: [200, 256, 257, 50_304, 65_536])
    func idsAreTakenAsTheyAre(vocabulary: Int) throws {
        let tokens = (0..<1000).map { UInt16($0 * 7919 % vocabulary) }
        var data = try write(tokens)
        data.vocabulary = vocabulary
        let dataset = try TextReader().reading(data)
        #expect(dataset.tokens == tokens.map { Int32($0) })
        #expect(dataset.form.stream?.vocabulary == vocabulary && dataset.count == 249)
        #expect(dataset.form.elementType == (vocabulary <= 256 ? .uint8 : .uint16))
        var reader = TextReader()
        let parts = try reader.read(data, divided: DataSplit(validation: 0.1, seed: 1))
        #expect(parts.train.tokens + (parts.validation?.tokens ?? []) == tokens.map { Int32($0) })
        #expect(reader.known == nil)
    }

    @Test func aTokenizerGivesTheVocabulary() throws {
        let path = TextFixtures.path("gpt2.json")
        let ids = try Tokenizer(path: path).encode("What is an atom ? What is a king ?")
        var data = try write(ids.map { UInt16($0) })
        data.tokens = .file(path)
        var reader = TextReader()
        #expect(try reader.read(data, isTraining: true).form.stream?.vocabulary == 400)
        #expect(try reader.known == Tokenizer(path: path))
        data.vocabulary = 512
        #expect(try TextReader().reading(data).form.stream?.vocabulary == 512)
        data.vocabulary = 300
        #expect(throws: DatasetError.self) { try TextReader().reading(data) }
        data.tokens = .bytes
        data.vocabulary = nil
        let bytes = try write([72, 105, 32, 66, 79])
        data.path = bytes.path
        #expect(try TextReader().reading(data).form.stream?.vocabulary == 256)
    }

    @Test func idsOutsideTheVocabularyAreNamed() throws {
        var data = try write([1, 2, 3, 300, 4])
        data.vocabulary = 300
        let place = "`\(data.path)`: token 300 at position 3 (byte 6) is outside the vocabulary of 300 tokens"
        #expect { try TextReader().reading(data) } throws: { "\($0)".hasPrefix(place) }
        data.vocabulary = nil
        #expect { try TextReader().reading(data) } throws: { "\($0)".contains("give the `tokenizer`") }
        try File.writeAtomically([1, 0, 2] as [UInt8], to: data.path)
        data.vocabulary = 300
        #expect { try TextReader().reading(data) } throws: { "\($0)".contains("has 3 bytes") }
    }
}
