import Configuration
import Datasets
import Serving
import TestSupport
import Testing

@Suite struct RequestDecoderTests {
    private static let table = TableEncoding(
        format: CSVFormat(), missingCells: .drop,
        columns: [
            TableEncoding.Column(name: "age", kind: .number(fill: 7.5, offset: 0)),
            TableEncoding.Column(
                name: "job, \"or\" none", kind: .categories(["clerk", "\"cook\"", "é"], fill: nil)),
            TableEncoding.Column(name: "time", kind: .number(fill: nil, offset: 1_700_000_000)),
        ], target: .classes(column: "label", names: ["no", "yes"]))
    private static let row = RequestDecoder(SampleForm(shape: [5], table: table, outputs: 2))

    private func samples(_ decoder: RequestDecoder, _ text: String, _ type: String? = nil) throws
        -> ServedSamples
    {
        try decoder.samples(Array(text.utf8), mediaType: type)
    }

    // MARK: Lists of numbers

    @Test(arguments: [
        ([4], "[[1,2,3,4]]"), ([4], " [ [ 1 , 2.0 , 3e0 , 0.4E1 ] ] "), ([2, 2, 1], "[[1,2,3,4]]"),
        ([2, 2, 1], "[[[1,2],[3,4]]]"), ([2, 2, 1], "[[[[1],[2]],[[3],[4]]]]"),
        ([1, 1, 4], "[[[[1,2,3,4]]]]"),
    ])
    func formsOfASample(shape: [Int], inputs: String) throws {
        let decoder = RequestDecoder(SampleForm(shape: shape, outputs: 1))
        let read = try samples(decoder, "{\"inputs\": \(inputs)}")
        #expect(read.count == 1 && read.features == [1, 2, 3, 4])
    }

    /// Numbers are rounded once, to the nearest double and from there to the nearest Float, as in files.
    @Test func numbersAreThoseOfTheOtherReader() throws {
        var random = SplitMix(state: 7)
        let texts = (0..<2000).map { _ in
            let digits = String(UInt64.random(in: 0...UInt64.max, using: &random))
            let exponent = Int.random(in: -40...10, using: &random)
            return Bool.random(using: &random)
                ? "-0.\(digits)e\(exponent)" : "\(digits.prefix(9)).5E\(exponent)"
        }
        let decoder = RequestDecoder(SampleForm(shape: [texts.count], outputs: 1))
        let read = try samples(decoder, "{\"inputs\":[[\(texts.joined(separator: ","))]]}")
        let diagnostics = Diagnostics()
        let other = JSON5.parse("[\(texts.joined(separator: ","))]", name: "x", diagnostics: diagnostics)
        let wanted = (other?.elements ?? []).map { element -> Float in
            if case .number(let number) = element.kind { Float(number.value) } else { .nan }
        }
        #expect(read.features.map(\.bitPattern) == wanted.map(\.bitPattern))
    }

    /// Texts become the tokens that the model reads, as many as it does.
    @Test func texts() throws {
        let words = Array("where is the house where the river is".utf8)
        let tokenizer = try words.withUnsafeBufferPointer {
            try Tokenizer.words(of: [$0], minimumFrequency: 1)
        }
        let decoder = RequestDecoder(SampleForm(shape: [3, 1], tokenizer: tokenizer, outputs: 2))
        let read = try samples(decoder, "{\"inputs\": [\"the house\", \"where is the \\u0072iver\"]}")
        #expect(read.lengths == [2, 3] && read.count == 2 && read.features.isEmpty)
        #expect(read.tokens == (try tokenizer.encode("the house where is the")))
        #expect(try samples(decoder, "the house", "text/plain").tokens == tokenizer.encode("the house"))
        #expect(throws: RequestFault.self) { try samples(decoder, "{\"inputs\": [[1, 2, 3]]}") }
        let fault = try #require(throws: RequestFault.self) {
            try samples(decoder, "{\"inputs\": [\"the\", \"\"]}")
        }
        #expect(fault.description == "inputs[1] has no tokens; send a text with words")
    }

    /// The offset of the training data is subtracted before the number becomes a Float.
    @Test func offsets() throws {
        let form = SampleForm(shape: [1, 2, 2], offsets: [1_700_000_000, 0.5], outputs: 1)
        let read = try samples(RequestDecoder(form), "{\"inputs\": [[1700000001.25, 1, 1700000000, 0.75]]}")
        #expect(read.features == [1.25, 0.5, 0, 0.25])
    }

    @Test(arguments: [
        ("", 400, "no body"), ("{}", 400, "samples are missing"), ("{\"inputs\": []}", 400, "no samples"),
        ("{\"inputs\": [[1,2,3]]}", 400, "has 3 elements, expected 4"),
        ("{\"inputs\": [[1,2,3,4],\n [1,2,3,4,5]]}", 400, "line 2, column 11"),
        ("{\"inputs\": [[1,2,3,4],[1,2,3,4,5]]}", 400, "inputs[1] has more than 4"),
        ("{\"inputs\": [1,2,3,4]}", 400, "inputs[0] is no list of 4 numbers"),
        ("{\"inputs\": [[[1,2,3,4]]]}", 400, "inputs[0] is no list of 4 numbers"),
        ("{\"inputs\": [[1,2,3,\"4\"]]}", 400, "`\"` stands where a number should be"),
        ("{\"inputs\": [[1,2,3,null]]}", 400, "`n` stands where a number should be"),
        ("{\"inputs\": [[1,2,3,NaN]]}", 400, "`N` stands"),
        ("{\"inputs\": [[1,2,3,1e999]]}", 400, "too large"),
        ("{\"inputs\": [[1,2,3,1e39]]}", 400, "value 3 of inputs[0] is too large"),
        ("{\"inputs\": [[1,2,3,01]]}", 400, "needless 0"), ("{\"inputs\": [[1,2,3,1.]]}", 400, "a digit"),
        ("{\"inputs\": [[1,2,3,.5]]}", 400, "`.` stands where a number"),
        ("{\"inputs\": [[1,2,3,4,]]}", 400, "more than 4"), ("{\"inputs\": [[1,2,3,4]", 400, "it ends where"),
        ("{\"inputs\": [[1,2,3,4]]} x", 400, "`x` stands where the end"),
        ("{\"inputs\": [[1,2,3,4]], \"more\": 1}", 400, "more than \"inputs\""),
        ("{\"input\": [[1,2,3,4]]}", 400, "send {\"inputs\""), ("[[1,2,3,4]]", 415, "application/json"),
        ("a,b\n1,2\n", 415, "application/json"), ("\u{89}PNG", 415, "application/json"),
    ])
    func faultsOfLists(text: String, status: Int, part: String) throws {
        let decoder = RequestDecoder(SampleForm(shape: [4], outputs: 1))
        let fault = try #require(throws: RequestFault.self) { try samples(decoder, text) }
        #expect(fault.status == status && fault.description.contains(part), "\(fault)")
    }

    /// A sample of one number is a list as well.
    @Test(arguments: ["[,]", "[1]", "[1,2]", "[[],[]]", "[[[1]]]"]) func samplesOfOneNumber(inputs: String)
        throws
    {
        let decoder = RequestDecoder(SampleForm(shape: [1], outputs: 1))
        #expect(throws: RequestFault.self) { try samples(decoder, "{\"inputs\": \(inputs)}") }
        #expect(try samples(decoder, "{\"inputs\": [[1], [2]]}").features == [1, 2])
    }

    @Test func tooManySamples() throws {
        let form = SampleForm(shape: [1 << 22], outputs: 1)
        #expect(form.mostSamples == 4)
        #expect(SampleForm(shape: [1], outputs: 1).mostSamples == 65_536)
        #expect(SampleForm(shape: [1], outputs: 1_000_000_000).mostSamples == 1)
        let decoder = RequestDecoder(SampleForm(shape: [1], outputs: 400_000))
        let few = "{\"inputs\":[\((0..<3).map { "[\($0)]" }.joined(separator: ","))]}"
        #expect(try samples(decoder, few).count == 3)
        let fault = try #require(throws: RequestFault.self) {
            try samples(decoder, "{\"inputs\":[[1],[2],[3],[4],[5]]}")
        }
        #expect(fault.status == 413 && fault.description.contains("at most 3 samples"), "\(fault)")
    }

    // MARK: Tables

    /// A row is the same as a list, as an object in any order, and as a line of a table.
    @Test func formsOfARow() throws {
        let wanted: [Float] = [41, 0, 1, 0, 2.5, 7.5, 0, 0, 1, -1]
        let csv = """
            time,"job, ""or"" none",age
            1700000002.5,\"\"\"cook\"\"\",41
            1699999999,é,

            """
        #expect(try samples(Self.row, csv, "text/csv").features == wanted)
        let column = "\"job, \\\"or\\\" none\""
        for inputs in [
            "[41, \"\\\"cook\\\"\", 1700000002.5], [null, \"\\u00e9\", 1699999999]",
            "{\"time\": 1.7000000025e9, \"age\": \"41\", \(column): \"\\\"cook\\\"\", \"label\": [{}, 1]},"
                + "{\(column): \"é\", \"age\": null, \"time\": 1699999999}",
        ] {
            let read = try samples(Self.row, "{\"inputs\": [\(inputs)]}")
            #expect(read.count == 2 && read.features == wanted, "\(inputs)")
        }
    }

    @Test(arguments: [
        ("{\"inputs\": [[1, \"clerk\"]]}", "inputs[0] has 2 cells, expected 3: `age`"),
        ("{\"inputs\": [[1, \"clerk\", 2, 3]]}", "has more than 3 cells, expected 3"),
        ("{\"inputs\": [{\"age\": 1}]}", "inputs[0] has no column `job,"),
        ("{\"inputs\": [{}]}", "inputs[0] has no column `age`"),
        ("{\"inputs\": [{\"age\": 1, \"age\": 2}]}", "a column twice"),
        ("{\"inputs\": [{\"Age\": 1}]}", "a column `Age`, which the training data have not"),
        (
            "{\"inputs\": [[1, \"clerk\", 2], [1, \"baker\", 2]]}",
            "(sample 1): the training data do not have the category"
        ),
        ("{\"inputs\": [[\"old\", \"clerk\", 2]]}", "`inputs`, column `age` (sample 0): `old` is no number"),
        ("{\"inputs\": [[1, \"clerk\", null]]}", "column `time` (sample 0): the cell is missing"),
        ("{\"inputs\": [[1, \"clerk\", [2]]]}", "`[` stands where a number"),
        ("{\"inputs\": [[1, \"cl\nerk\", 2]]}", "a control character"),
        ("{\"inputs\": [[1, \"\\ud800\", 2]]}", "half a character"),
        ("{\"inputs\": [[1, \"\\x\", 2]]}", "an escape"),
        ("age,time\n1,2\n", "`the table` has no column `job"),
        ("time,\"job, \"\"or\"\" none\",age\n1,baker,3\n", "line 2, column `job"),
        ("time,\"job, \"\"or\"\" none\",age\n", "no rows"),
    ])
    func faultsOfRows(text: String, part: String) throws {
        let fault = try #require(throws: RequestFault.self) { try samples(Self.row, text) }
        #expect(fault.status == 400 && fault.description.contains(part), "\(fault)")
    }

    @Test func compressedTablesAreRefused() throws {
        let fault = try #require(throws: RequestFault.self) {
            try Self.row.samples([0x1F, 0x8B, 8, 0, 0], mediaType: "text/csv")
        }
        #expect(fault.description.contains("send it unpacked"), "\(fault)")
    }

    // MARK: Pictures

    /// A picture is scaled to the model's size and channels, and its bytes tell what it is.
    @Test func pictures() throws {
        let picture = ByteImage(
            width: 6, height: 4, channels: 3, pixels: (0..<72).map { UInt8(truncatingIfNeeded: $0 * 37) })
        let file = try PNGFile.encode(picture)
        for shape in [[4, 6, 3], [2, 3, 1], [8, 8, 3]] {
            let decoder = RequestDecoder(SampleForm(shape: shape, outputs: 1))
            for type in ["image/png", "image/jpeg", nil, "application/x-www-form-urlencoded"] {
                let read = try decoder.samples(file, mediaType: type)
                #expect(read.features == picture.fitted(to: shape).pixels.map { Float($0) })
            }
        }
        let decoder = RequestDecoder(SampleForm(shape: [4, 6, 3], outputs: 1))
        let fault = try #require(throws: RequestFault.self) {
            try decoder.samples(Array(file.prefix(30)), mediaType: "image/png")
        }
        #expect(fault.status == 400 && fault.description.contains("the picture"), "\(fault)")
        var large = file
        large.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
        let refusal = try #require(throws: RequestFault.self) {
            try decoder.samples(large, mediaType: "image/png")
        }
        #expect(refusal.status == 400, "\(refusal)")
    }
}
