import Runs
import System
import TestSupport
import Testing
import dist_train

@Suite struct PredictionWriterTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func written(
        _ format: PredictionWriter.Format, _ columns: [String], _ rows: [[PredictionRows.Cell]]
    ) throws -> String {
        let path = directory.file("out")
        let writer = try PredictionWriter(path: path, format: format)
        writer.begin(columns)
        for row in rows { writer.add(row) }
        #expect(try writer.flush())
        try writer.finish()
        return try File.readText(path, limit: 1 << 20)
    }

    /// Cells with a comma, a quotation mark or a line break stand in quotation marks, which are doubled
    /// inside (RFC 4180, section 2); those with a space at the front do too, because readers drop it.
    @Test func cellsOfCSVAreQuotedWhereTheyMustBe() throws {
        let text = try written(
            .csv, ["a,b", "plain"],
            [
                [.text("say \"hi\""), .number(0.1)], [.text("two\nlines"), .integer(-7)],
                [.text(" x"), .number(.nan)], [.text("a\r\nb"), .number(-.infinity)],
                [.text(""), .number(1)],
            ])
        #expect(
            text == "\"a,b\",plain\n\"say \"\"hi\"\"\",0.1\n\"two\nlines\",-7\n\" x\",nan\n"
                + "\"a\r\nb\",-inf\n,1.0\n")
    }

    /// A spreadsheet would start a program by the first of these; names that only begin like a formula stay.
    @Test func formulasStayText() throws {
        let texts = [
            "=cmd|' /C calc'!A0", "@SUM(1)", "+f(1)", "-x|y", "-1", "@home", "+", "a=b", "=HYPERLINK(\"x\")",
        ]
        let text = try written(.csv, ["x"], texts.map { [.text($0)] })
        #expect(
            text.split(separator: "\n").dropFirst().map(String.init) == [
                "'=cmd|' /C calc'!A0", "'@SUM(1)", "'+f(1)", "'-x|y", "-1", "@home", "+", "a=b",
                "\"'=HYPERLINK(\"\"x\"\")\"",
            ])
        let line = try written(.jsonl, ["x"], [[.text(texts[0])]])
        #expect(line == "{\"x\":\"=cmd|' /C calc'!A0\"}\n")
    }

    @Test func jsonLinesHaveTheColumnsNames() throws {
        let text = try written(
            .jsonl, ["class", "p \"1\"", "n"],
            [[.text("a\"b\n"), .number(0.25), .integer(3)], [.text("ü"), .number(.infinity), .integer(0)]])
        #expect(
            text == #"{"class":"a\"b\n","p \"1\"":0.25,"n":3}"# + "\n"
                + #"{"class":"ü","p \"1\"":null,"n":0}"#
                + "\n")
    }

    @Test func numbersReadBackAsTheSameFloats() throws {
        var random = SplitMix(state: 11)
        let numbers = (0..<2000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
            .filter(\.isFinite)
        let text = try written(.csv, ["x"], numbers.map { [.number($0)] })
        let read = text.split(separator: "\n").dropFirst().map { Float(String($0))?.bitPattern }
        #expect(read == numbers.map(\.bitPattern))
    }

    @Test func aFileAppearsOnceItIsComplete() throws {
        let path = directory.file("late.csv")
        var writer: PredictionWriter? = try PredictionWriter(path: path, format: .csv)
        writer?.begin(["x"])
        _ = try writer?.flush()
        #expect(!File.exists(path))
        #expect(try Directory.list(directory.path).count == 1, "the lines are in a file beside it")
        try writer?.finish()
        writer = nil
        #expect(try Directory.list(directory.path) == ["late.csv"])
    }

    @Test func nothingIsLeftOfAFileThatIsNotFinished() throws {
        var writer: PredictionWriter? = try PredictionWriter(path: directory.file("never"), format: .jsonl)
        writer?.begin(["x"])
        _ = try writer?.flush()
        writer = nil
        #expect(try Directory.list(directory.path).isEmpty)
    }
}
