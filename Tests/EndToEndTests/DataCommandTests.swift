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
            ([], "`dist-train data` needs what to do and a config file: dist-train data preview CONFIG"),
            (["previw", path], "`dist-train data` has no `previw`: did you mean `preview`?"),
            (["show", path], "`dist-train data` has no `show`: it knows preview"),
            (["preview"], "`dist-train data preview` needs a config file: see `dist-train data --help`"),
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
                "`dist-train data` has no option --outptu: did you mean --output?"
            ),
        ] {
            let finished = try Program.run(["data"] + arguments, in: home.path, seconds: 30)
            #expect(finished.status == .exited(64))
            #expect(finished.errors == "error: \(message)\n")
        }
        let nowhere = try run("data", "preview", path, "--output", home.file("no/such/place.png"))
        #expect(nowhere.status == .exited(1) && nowhere.errors.contains("place.png"), "\(nowhere.errors)")
    }
}
