import Datasets
import System
import TestSupport
import Testing

/// The report of texts; the numbers are counted by hand.
@Suite struct SequenceReportTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func textsWithClasses() throws {
        let path = directory.file("a.csv")
        try File.writeAtomically("text,class\na b a,x\na,y\nb a,x\nc c,y\n", to: path)
        var data = TextData(path: path)
        (data.column, data.target, data.tokens) = ("text", "class", .words(minimum: 2))
        var reader = TextReader()
        let dataset = try reader.read(data, isTraining: true)
        let report = try #require(SequenceReport(dataset, reader.known, isStream: false, batchSize: 4))
        #expect(report.documents == 4 && report.samples == 4 && report.tokens == 8)
        #expect(report.vocabulary == 4 && report.targets == 0 && report.context == 3)
        #expect(report.lengths?.least == 1 && report.lengths?.greatest == 3 && report.lengths?.mean == 2)
        #expect(report.unknown == 0)
        #expect(report.padding == 1 - 8.0 / 12)
        #expect(report.frequent.map(\.name) == ["a", "b", "c"])
        #expect(report.frequent.map(\.count) == [4, 2, 2])
        #expect(report.first == "a b a")
    }

    @Test func documentsOfAStream() throws {
        let path = directory.file("a.jsonl")
        try File.writeAtomically(#"{"t":"aab"}"# + "\n \t\r\n" + #"{"t":"b"}"# + "\n", to: path)
        var data = TextData(path: path)
        (data.field, data.context) = ("t", 3)
        var reader = TextReader()
        let dataset = try reader.read(data, isTraining: true)
        let report = try #require(SequenceReport(dataset, reader.known, isStream: true, batchSize: 2))
        // a a b end b end
        #expect(report.documents == 2 && report.tokens == 6 && report.samples == 1 && report.targets == 3)
        #expect(report.lengths?.least == 2 && report.lengths?.greatest == 4 && report.padding == 0)
        #expect(report.unknown == nil && report.first == "aab<|endoftext|>")
    }

    /// Texts that differ in unknown words alone have the same tokens, and are not the same.
    @Test func unknownWordsDoNotMakeTextsEqual() throws {
        var reader = TextReader()
        func read(_ rows: String, isTraining: Bool) throws -> Dataset {
            let path = directory.file("\(isTraining).csv")
            try File.writeAtomically("text,class\n\(rows)\n", to: path)
            var data = TextData(path: path)
            (data.column, data.target, data.tokens) = ("text", "class", .words(minimum: 2))
            return try reader.read(data, isTraining: isTraining)
        }
        let train = try read("see one,x\nsee two,y\nsee see,x", isTraining: true)
        let test = try read("see three,x\nsee see,y\nsee two,y", isTraining: false)
        #expect(DuplicateSamples.count(of: test.sampleHashes(), in: train.sampleHashes()) == 2)
        let two = try test.selecting([0, 1])
        #expect(DuplicateSamples.count(of: two.sampleHashes(), in: train.sampleHashes()) == 1)
    }
}
