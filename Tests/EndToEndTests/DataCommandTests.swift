import System
import TestSupport
import Testing

@Suite(.serialized) struct DataCommandTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: String...) throws -> Program.Finished {
        try Program.run(arguments, in: home.path, seconds: 30)
    }

    private func config(_ data: String) throws -> String {
        let path = home.file("job.json5")
        try File.writeAtomically(
            """
            {data: {train: {builtin: "digits"}\(data)}, model: ["flatten", {dense: 10}],
             loss: "cross_entropy", optimizer: "adam", batch: {size: 50}, epochs: 1}
            """, to: path)
        return path
    }

    @Test func aPreviewIsWritten() throws {
        let (path, output) = (try config(", augment: {rotation: 10}"), home.file("sheet.png"))
        let finished = try run(
            "data", "preview", path, "--output", output, "--samples", "3", "--variants=4", "--set", "seed=2")
        #expect(finished.status == .exited(0), "\(finished.errors)")
        #expect(
            finished.output
                == "\(output): 3 samples of 1,437, each with its variants of epochs 0…3; "
                + "332 × 200 pixels, 8 per pixel of the data\n"
        )
        #expect(finished.errors.isEmpty)
        let file = try MappedFile(output)
        #expect(file.bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let plain = try run("data", "preview", try config(""), "--output", output)
        #expect(
            plain.output.contains(
                "8 samples of 1,437, as they are (\(home.file("job.json5")) has no `data.augment`)"))
    }

    @Test func mistakes() throws {
        let path = try config("")
        for (arguments, message) in [
            ([], "`dist-train data` needs a second word: data get, data inspect, data preview"),
            (["previw", path], "there is no command `data previw`: did you mean `data preview`?"),
            (
                ["preview"],
                "`dist-train data preview` needs a config file: see `dist-train data preview --help`"
            ),
            (
                ["inspect"],
                "`dist-train data inspect` needs a file, a source or a config file: see `dist-train data"
                    + " inspect --help`"
            ),
            (
                ["inspect", "none.csv"],
                "there is no `none.csv`; give a file, a directory of images, builtin:digits, or a source such"
                    + " as '{csv: {path: \"FILE\"}}'"
            ),
            (
                ["preview", path, "x.png"],
                "`dist-train data preview` takes a config file and options, found also `x.png`"
            ),
            (
                ["preview", path, "--samples", "0"],
                "--samples must be a whole number from 1 to 1000, found `0`"
            ),
            (
                ["preview", path, "--outptu", "x"],
                "`dist-train data preview` has no option --outptu: did you mean --output?"
            ),
        ] {
            let finished = try Program.run(["data"] + arguments, in: home.path, seconds: 30)
            #expect(finished.status == .exited(64))
            #expect(finished.errors == "error: \(message)\n")
        }
        let nowhere = try run("data", "preview", path, "--output", home.file("no/such/place.png"))
        #expect(nowhere.status == .exited(1) && nowhere.errors.contains("place.png"), "\(nowhere.errors)")
    }

    /// Notes on the data go to standard error of `validate` and `summary`, and to the log of a run.
    @Test func notesAreShown() throws {
        let rows = (0..<40).map { "\($0),\($0 * 7 % 11).5,\($0 % 2)\n" }.joined()
        try File.writeAtomically(",x,y\n" + rows, to: home.file("a.csv"))
        try File.writeAtomically(
            """
            {name: "notes", data: {train: {csv: {path: "\(home.file("a.csv"))", target: "y"}}},
             model: [{dense: 2}], loss: "cross_entropy", optimizer: "adam", batch: {size: 20}, epochs: 1}
            """, to: home.file("notes.json5"))
        let sentence =
            "column `1` of `\(home.file("a.csv"))` numbers the rows, which a model takes for a feature; to"
            + " leave it out, set ignore: [\"1\"]"
        for command in ["validate", "summary"] {
            let finished = try run(command, home.file("notes.json5"))
            #expect(finished.status == .exited(0) && finished.errors == "warning: \(sentence)\n")
        }
        let finished = try run("run", home.file("notes.json5"), "--run-dir", home.file("r"))
        #expect(finished.status == .exited(0), "\(finished.errors)")
        #expect(finished.errors.split(separator: "\n").count { $0.hasSuffix(sentence) } == 1)
        let log = String(decoding: try File.read(home.file("r/log.jsonl"), limit: 1 << 20), as: UTF8.self)
        #expect(log.contains(#""event":"data_note","kind":"row_number""#))
        let data =
            "40 samples for training; 2 columns of numbers; 2 classes,"
            + " from `0` (20, 50.0 %) to `1` (20, 50.0 %)"
        #expect(log.contains(#""event":"data_read","train":40,"validation":0,"test":0,"summary":"\#(data)""#))
        let valid = try run("validate", home.file("notes.json5"))
        for sentence in data.split(separator: "; ") { #expect(valid.output.contains("\n  \(sentence)")) }
    }

    @Test func aTableIsInspected() throws {
        let rows = (0..<40).map { "\($0 * 7 % 11).5,\($0 % 4 == 0 ? "null" : "red"),\($0 % 8 == 0)\n" }
            .joined()
        try File.writeAtomically("x,c,y\n" + rows, to: home.file("a.csv"))
        let shown = try run(
            "data", "inspect", #"{csv: {path: "\#(home.file("a.csv"))", target: "y", on_missing: "mean"}}"#)
        #expect(shown.status == .exited(0), "\(shown.errors)")
        let lines = shown.output.split(separator: "\n")
        #expect(lines[0] == "data: \(home.file("a.csv")), 40 rows, 3 columns")
        #expect(
            lines[2].hasPrefix("  x           number              0         11  0.5000  5.5000     10.50"),
            "\(lines[2])")
        #expect(
            shown.output.contains(
                "y: `false` 35 (87.5 %), `true` 5 (12.5 %); the most frequent class has 7.0 times"))
        let json = try run("data", "inspect", home.file("a.csv"), "--json")
        #expect(json.output.contains(#""missing_words": ["null"]"#), "\(json.output)")
        // An error of training is an error here.
        try File.writeAtomically("x,y\n1,0\n2%,1\n", to: home.file("b.csv"))
        let wrong = try run("data", "inspect", home.file("b.csv"))
        #expect(
            wrong.status == .exited(1)
                && wrong.output.contains("\nerror: `\(home.file("b.csv"))`, line 3, column `x`: `2%`"))
    }
}
