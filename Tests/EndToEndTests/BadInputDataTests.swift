import System
import TestSupport
import Testing

/// Data sets that are missing, damaged, or do not fit together: `run` says which file and what to do, and
/// leaves no run behind.
@Suite(.serialized) struct BadInputDataTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    // MARK: IDX files

    /// `[count, side, side]` bytes that a small network can learn from.
    static func images(_ count: Int, side: Int = 4, salt: Int = 0) -> [UInt8] {
        header(3) + size(count) + size(side) + size(side)
            + (0..<count * side * side).map {
                UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / (side * side) &* 91 &+ salt)
            }
    }

    static func labels(_ count: Int, classes: Int = 3) -> [UInt8] {
        header(1) + size(count) + (0..<count).map { UInt8($0 % classes) }
    }

    private static func header(_ rank: UInt8) -> [UInt8] { [0, 0, 8, rank] }
    private static func size(_ count: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
    }

    static func config(validation: String = "", head: Int = 3) -> String {
        """
        {
          name: "tiny",
          data: {train: {idx: {images: "DIR/images", labels: "DIR/labels"}}, \(validation)},
          model: ["flatten", {dense: \(head)}],
          loss: "cross_entropy",
          optimizer: "sgd",
          batch: {size: 8},
          epochs: 2,
        }
        """
    }

    static func write(_ bytes: [UInt8], _ name: String, in home: TemporaryDirectory) throws {
        try File.writeAtomically(bytes, to: home.file(name))
    }

    static func writeConfig(_ text: String, in home: TemporaryDirectory) throws -> String {
        try home.write(
            "tiny.json5",
            text.split(separator: "DIR", omittingEmptySubsequences: false).joined(separator: home.path))
    }

    /// The same bytes compressed by the system's gzip.
    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try Self.write(bytes, "plain", in: home)
        let process = try ChildProcess(
            "gzip", ["-f", "-n", home.file("plain")], standardOutput: .discard, standardError: .capture)
        try #require(process.wait(seconds: 10)?.isSuccess == true, "\(process.standardError())")
        return try File.read(home.file("plain.gz"), limit: 1 << 20)
    }

    /// Trains on these files; nil: there is none.
    private func run(_ images: [UInt8]?, _ labels: [UInt8]?, _ text: String = config()) throws
        -> Program.Finished
    {
        if let images { try Self.write(images, "images", in: home) }
        if let labels { try Self.write(labels, "labels", in: home) }
        let config = try Self.writeConfig(text, in: home)
        let end = try Program.run(["run", config, "--run-dir", home.file("run")], in: home.path, seconds: 30)
        if end.status != .exited(0) {
            #expect(!File.exists(home.file("run")), "a job that cannot start leaves nothing behind")
            #expect(end.output.isEmpty)
        }
        return end
    }

    // MARK: What is wrong

    @Test func soundFilesTrain() throws {
        let end = try run(gzip(Self.images(40)), Self.labels(40))
        end.expect(status: 0)
        #expect(end.output.holds("state_sha256"))
    }

    /// A file's text is quoted in errors, but cannot move a terminal's cursor.
    @Test func escapeSequencesAreNotShown() throws {
        try home.write("a.csv", "x,y\n\u{1B}[2Jx,1\n" + (0..<10).map { "\($0),0.5\n" }.joined())
        let csv = Self.config(head: 1).replacing(
            "idx: {images: \"DIR/images\", labels: \"DIR/labels\"}",
            with: "csv: {path: \"DIR/a.csv\", target: \"y\"}")
        try run(nil, nil, csv).expect(status: 1, "column `x`: `?[2Jx` is no number")
    }

    @Test func missingFiles() throws {
        try run(nil, Self.labels(40)).expect(
            status: 1, "`\(home.file("images"))`", "it does not exist", "check the path")
    }

    @Test func aMissingFileOfLabels() throws {
        try run(Self.images(40), nil).expect(status: 1, "`\(home.file("labels"))`", "it does not exist")
    }

    @Test func aDirectoryInsteadOfAFile() throws {
        try Directory.create(home.file("images"))
        try run(nil, Self.labels(40)).expect(status: 1, home.file("images"))
    }

    @Test(arguments: [0, 3, 9, 200])
    func truncatedFiles(bytes: Int) throws {
        try run(Array(Self.images(40).prefix(bytes)), Self.labels(40)).expect(
            status: 1, "`\(home.file("images"))`", "truncated", "download or copy it again")
    }

    @Test func truncatedLabels() throws {
        try run(Self.images(40), Self.labels(40).dropLast(5)).expect(
            status: 1, "`\(home.file("labels"))` is truncated")
    }

    @Test func truncatedGzip() throws {
        let whole = try gzip(Self.images(40))
        for count in [whole.count - 4, whole.count / 2] {
            try run(Array(whole.prefix(count)), Self.labels(40)).expect(
                status: 1, "`\(home.file("images"))`", "truncated")
        }
    }

    @Test func corruptGzip() throws {
        var bytes = try gzip(Self.images(40))
        bytes[bytes.count - 6] ^= 0x10  // in the checksum of the contents
        try run(bytes, Self.labels(40)).expect(
            status: 1, "`\(home.file("images"))` is a damaged gzip file", "download or copy it again")
    }

    @Test func notAnIDXFile() throws {
        try run(Array("Q5 4 4 255 and so on".utf8), Self.labels(40)).expect(
            status: 1, "`\(home.file("images"))` is not an IDX file")
    }

    @Test func filesExchanged() throws {
        try run(Self.labels(40), Self.images(40)).expect(
            status: 1, "were the files of images and labels exchanged?")
    }

    @Test func moreThanTheHeaderSays() throws {
        try run(Self.images(40) + [1, 2, 3], Self.labels(40)).expect(
            status: 1, "`\(home.file("images"))` goes on after")
    }

    /// A header that asks for more memory than there is must be judged before any is taken.
    @Test func anAbsurdHeader() throws {
        try run([0, 0, 8, 3] + [UInt8](repeating: 0x7F, count: 12), Self.labels(40)).expect(
            status: 1, "`\(home.file("images"))`", "truncated")
    }

    @Test func countsThatDiffer() throws {
        try run(Self.images(40), Self.labels(39)).expect(
            status: 1, "holds 40 images", "39 labels", "give two files of the same set")
    }

    @Test func anEmptySet() throws {
        try run(Self.images(0), Self.labels(0)).expect(status: 1, "is empty")
    }

    // MARK: What does not fit together

    private static func validation(_ set: String) -> String {
        "\(set): {idx: {images: \"DIR/images2\", labels: \"DIR/labels2\"}}"
    }

    @Test func labelsOutsideTheClasses() throws {
        try Self.write(Self.images(10), "images2", in: home)
        try Self.write(Self.labels(10, classes: 5), "labels2", in: home)
        try run(Self.images(40), Self.labels(40), Self.config(validation: Self.validation("validation")))
            .expect(
                status: 1,
                "`\(home.file("labels2"))` has the class 3 for sample 3, outside 0…2; check"
                    + " the file")
    }

    @Test(arguments: ["validation", "test"])
    func shapesThatDiffer(set: String) throws {
        try Self.write(Self.images(10, side: 5), "images2", in: home)
        try Self.write(Self.labels(10), "labels2", in: home)
        try run(Self.images(40), Self.labels(40), Self.config(validation: Self.validation(set))).expect(
            status: 1, "samples of `\(set)` have shape [5, 5, 1], those of `train` [4, 4, 1]")
    }

    @Test func fewerOutputsThanClasses() throws {
        let end = try run(Self.images(40), Self.labels(40), Self.config(head: 2))
        end.expect(status: 64, "error: ", "3", "tiny.json5:4:")
    }

    @Test func aBatchGreaterThanTheSetIsJudgedOrTrains() throws {
        // 5 samples with a batch of 8: one ragged batch per epoch.
        try run(Self.images(5), Self.labels(5)).expect(status: 0)
    }
}
