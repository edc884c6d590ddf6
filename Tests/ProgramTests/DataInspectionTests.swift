import Datasets
import Jobs
import Reports
import System
import TestSupport
import Testing
import dist_train

@Suite struct DataInspectionTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func rows(_ range: Range<Int>) -> String {
        "x,y\n" + range.map { "\($0 * 37 % 101).5,\($0 % 3)\n" }.joined()
    }

    /// Rows that two sets have in common are counted, also in the parts of a split.
    @Test func rowsOfTwoSetsAreCounted() throws {
        let train = try directory.write("train.csv", rows(0..<60))
        let test = try directory.write("test.csv", rows(50..<80))
        let text = config([
            "data": #"{train: {csv: {path: "\#(train)", target: "y"}}, test: {csv: {path: "\#(test)"}}}"#
        ])
        let inspection = try DataInspection(load(text).job)
        let overlap = try #require(inspection.overlaps.first)
        #expect(inspection.overlaps.count == 1)
        #expect(overlap.set == "test" && overlap.other == "train" && overlap.samples == 10)
        let twice = try directory.write("twice.csv", rows(0..<50) + rows(0..<50).dropFirst(4))
        let split = config([
            "data": #"{train: {csv: {path: "\#(twice)", target: "y"}}, split: {validation: 0.5}}"#
        ])
        let halves = try DataInspection(load(split).job)
        #expect(halves.sets.map(\.name) == ["train", "validation"])
        // About half of the 50 pairs are torn apart; which ones follows from the seed.
        let samples = try #require(halves.overlaps.first).samples
        #expect((15...35).contains(samples))
        guard case .table(let report) = halves.sets[0].findings else {
            Issue.record("a table is no table")
            return
        }
        #expect(report.rows == 100 && report.duplicateRows == 50)
    }

    @Test func otherDataAreInspected() throws {
        let inspection = try DataInspection(
            load(
                config([
                    "data": #"""
                    {train: {builtin: "digits"}, validation: {builtin: "digits"}}
                    """#
                ])
            ).job)
        #expect(inspection.sets.map(\.name) == ["train", "validation"])
        guard case .samples(let report) = inspection.sets[0].findings else {
            Issue.record("digits are a table")
            return
        }
        #expect(report.classes.count == 10 && report.classes.reduce(0) { $0 + $1.count } == 1_437)
        #expect(report.values?.least == 0 && report.values?.greatest == 16 && report.duplicates == 0)
        #expect(inspection.sets[1].classes.map(\.count) == [35, 36, 35, 37, 37, 37, 37, 36, 33, 37])
        #expect(inspection.text.hasPrefix("train: 1,437 samples of 8 × 8 × 1 bytes, 0 … 16\n"))
        #expect(inspection.faults == [] && inspection.overlaps == [])
    }

    // MARK: - Tables of several sets

    /// The notes on validation and test tables are those on their files: their columns are encoded like those
    /// of the training table. What they have and it does not is the error of a training.
    @Test func tablesOfAllSetsAreLookedAt() throws {
        let train = try directory.write("train.csv", rows(0..<60))
        let test = try directory.write(
            "test.csv", "x,y\n" + (0..<20).map { $0 % 4 == 0 ? ",1\n" : "\($0),1\n" }.joined())
        func inspect(_ test: String) throws -> DataInspection {
            try DataInspection(
                load(
                    config([
                        "data": #"""
                        {train: {csv: {path: "\#(train)", target: "y", on_missing: "mean"}},
                         test: {csv: {path: "\#(test)"}}, split: {validation: 0.25, stratify: true}}
                        """#
                    ])
                ).job)
        }
        let inspection = try inspect(test)
        #expect(inspection.faults == [])
        #expect(inspection.sets.map(\.name) == ["train", "validation", "test"])
        #expect(inspection.sets.map(\.count) == [45, 15, 20])
        #expect(inspection.sets.map { $0.classes.map(\.count) } == [[15, 15, 15], [5, 5, 5], [0, 20, 0]])
        let notes = inspection.notes.filter { $0.text.contains("test.csv") }
        #expect(notes.map(\.kind) == ["filled_cells"], "\(inspection.notes)")
        #expect(inspection.text.contains("\n  validation: 15 samples; `0` 5 (33.3 %)"), "\(inspection.text)")
        let unknown = try directory.write("unknown.csv", "x,y\n1,7\n")
        #expect(try inspect(unknown).faults.first?.contains("do not have the class `7`") == true)
    }

    @Test func classesThatDifferMuchAreAWarning() throws {
        let text = "x,y\n" + (0..<60).map { "\($0 * 37 % 101).5,\($0 < 4 ? "rare" : "usual")\n" }.joined()
        let path = try directory.write("a.csv", text)
        let inspection = try DataInspection(
            load(config(["data": #"{train: {csv: {path: "\#(path)", target: "y"}}, split: {test: 0.5}}"#]))
                .job)
        let note = try #require(inspection.notes.first { $0.kind == "unbalanced_classes" })
        #expect(note.cure?.contains("class_weights: \"balanced\"") == true)
    }

    // MARK: - Images

    private func write(_ name: String, _ width: Int, _ height: Int, _ pixel: (Int) -> UInt8) throws {
        try Directory.create(Path.directory(of: directory.file(name)))
        try PNGFile.write(
            ByteImage(width: width, height: height, channels: 1, pixels: (0..<width * height).map(pixel)),
            to: directory.file(name))
    }

    /// A folder: classes, sizes, what is not read, equal images within and across sets, and the errors.
    @Test func foldersOfImages() throws {
        for index in 0..<6 {
            try write("train/a/\(index).png", 8, 6, { UInt8(($0 * 7 + index * 31) % 251) })
        }
        try write("train/b/0.png", 9, 9, { UInt8($0) })
        try write("train/b/1.png", 9, 9, { UInt8($0) })
        try write("train/b/blank.png", 9, 9, { _ in 7 })
        try write("test/a/copy.png", 8, 6, { UInt8(($0 * 7 + 2 * 31) % 251) })
        try write("test/b/other.png", 8, 6, { UInt8($0 % 7) })
        try directory.write("train/a/notes.txt", "no image")
        try File.writeAtomically(Array("GIF89a".utf8) + [0, 0, 0], to: directory.file("train/b/x.gif"))
        func inspect(_ fields: String) throws -> DataInspection {
            try DataInspection(
                load(
                    config([
                        "data": #"""
                        {train: {image_folder: {path: "\#(directory.file("train"))"\#(fields)}},
                         test: {image_folder: {path: "\#(directory.file("test"))"}}}
                        """#
                    ])
                ).job)
        }
        let inspection = try inspect(", size: 8")
        #expect(inspection.faults == [] && inspection.sets.map(\.count) == [9, 2])
        #expect(inspection.sets.map { $0.classes.map(\.count) } == [[6, 3], [1, 1]])
        #expect(inspection.overlaps == [SampleOverlap(set: "test", other: "train", samples: 1)])
        #expect(Set(inspection.notes.map(\.kind)) == ["skipped_images", "blank_samples"])
        guard case .images(let report) = inspection.sets[0].findings else {
            Issue.record("a folder is no folder")
            return
        }
        #expect(report.duplicates == 1 && report.blankImages == 1 && report.survey.sizes.count == 2)
        let text = inspection.text
        for line in [
            "train: \(directory.file("train")), 9 images of 2 classes",
            "  classes: `a` 6 (66.7 %), `b` 3 (33.3 %); the most frequent class has 2.0 times",
            "  sizes: 8 × 6 (6), 9 × 9 (3)", "  formats: PNG 9",
            "  9 images: grey repeated in three channels", "  not read: 1 GIF, 1 other file",
            "  1 image equal to an earlier one (11.1 %)",
            "warning: 1 sample of test is also in train",
        ] {
            #expect(text.contains(line), "\(line) is not in\n\(text)")
        }
        // Without a size, images of several sizes are an error; damaged ones are named together.
        #expect(
            try inspect("").faults.first?.contains("bring all to one with `size: [height, width]`") == true)
        for name in ["a/bad.png", "b/bad.png"] {
            try File.writeAtomically([0x89, 0x50, 0x4E, 0x47], to: directory.file("train/" + name))
        }
        let damaged = try inspect(", size: 8")
        #expect(damaged.faults.first?.hasPrefix("2 of 11 images in") == true, "\(damaged.faults)")
        #expect(damaged.text.contains("  not read: 1 GIF, 2 damaged, 1 other file"))
        let skipped = try inspect(", size: 8, damaged: \"skip\"")
        #expect(skipped.faults == [] && skipped.notes.contains { $0.kind == "damaged_images" })
        #expect(skipped.json.prettyJSON().contains("\"damaged\": ["))
    }

    /// Tables inside the program have columns and classes like others.
    @Test func embeddedTables() throws {
        let inspection = try DataInspection(DataSpec.Source.builtin(.wine))
        #expect(inspection.sets[0].classes.map(\.count) == [59, 71, 48] && inspection.faults == [])
        #expect(inspection.text.hasPrefix("data: 178 samples of 13 floats"))
        #expect(inspection.text.contains("\n  alcohol "), "\(inspection.text)")
    }
}
