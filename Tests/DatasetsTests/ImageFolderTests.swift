import Datasets
import Platform
import System
import TestSupport
import Testing

@Suite struct ImageFolderTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func image(_ name: String) throws -> ByteImage {
        try ImageFile.read(path: ReaderFixtures.path("images/\(name)"))
    }

    private func copy(_ fixture: String, to name: String) throws {
        try write(try ReaderFixtures.bytes("images/\(fixture)"), to: name)
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        let path = directory.file(name)
        try Directory.create(Path.directory(of: path))
        try File.writeAtomically(bytes, to: path)
    }

    private func read(_ size: ImageFolder.Size?, channels: Int = 3, classNames: [String]? = nil) throws
        -> Dataset
    {
        try Dataset.images(
            ImageFolder(path: directory.path, size: size, channels: channels), classNames: classNames
        ).dataset
    }

    @Test func aFolderOfImages() throws {
        try copy("rgb8.png", to: "dog/2.PNG")
        try copy("color.JPEG", to: "dog/10.jpeg")
        try copy("grey8.png", to: "Zebra/x.png")
        try copy("grey.jpg", to: "cat/a.JPG")
        try File.writeAtomically("no image", to: directory.file("dog/notes.txt"))
        try File.writeAtomically("no image", to: directory.file("dog/.hidden.png"))
        let dataset = try read(ImageFolder.Size(height: 5, width: 6))
        #expect(dataset.classNames == ["Zebra", "cat", "dog"])
        #expect(Array(dataset.labels) == [0, 1, 2, 2])
        #expect(dataset.sampleShape == [5, 6, 3])
        #expect(
            Array(dataset.rows[90..<180])
                == (try image("grey.jpg")).withChannels(3).resized(width: 6, height: 5).pixels.map {
                    Float($0)
                })
        #expect(
            Array(dataset.rows[270...])
                == (try image("rgb8.png")).resized(width: 6, height: 5).pixels.map { Float($0) })
        let grey = try read(
            ImageFolder.Size(height: 5, width: 6), channels: 1, classNames: ["Zebra", "bird", "cat", "dog"])
        #expect(Array(grey.labels) == [0, 2, 3, 3] && grey.sampleShape == [5, 6, 1])
        let sizes = complaint(in: directory) { _ = try read(nil) }
        #expect(
            sizes
                == "`cat/a.JPG` has 24 × 16 pixels, `Zebra/x.png` 11 × 7; bring all to one size with `size:"
                + " [height, width]`"
        )
        #expect(
            complaint(in: directory) { _ = try read(nil, classNames: ["cat", "dog"]) }
                == "`Zebra` is a class that the training data do not have; remove it, or train with it")
        try copy("huge.bad.png", to: "dog/bad.png")
        #expect(
            complaint(in: directory) { _ = try read(ImageFolder.Size(height: 5, width: 6)) }.hasPrefix(
                "`dog/bad.png` is a PNG file that"))
    }

    /// Ten links to the directory itself make 10¹⁶ paths to an image.
    @Test func linksInCircles() throws {
        try copy("rgb8.png", to: "a/1.png")
        try copy("rgb8.png", to: "2.png")
        for link in 0..<10 { try #require(symlink("..", directory.file("a/z\(link)")) == 0) }
        let files = try ImageFiles(directory.path, shape: [9, 6, 3], note: { _ in })
        let block = try #require(try files.next(limit: 100))
        #expect(block.names == [["2.png"], ["a/1.png"]])
    }

    @Test func foldersThatAreNone() throws {
        #expect(
            complaint(in: directory) { _ = try read(nil) }.contains(
                "has no subdirectories; put the images of each class"))
        try copy("rgb8.png", to: "loose.jpg")
        #expect(
            complaint(in: directory) { _ = try read(nil) }.contains(
                "has no subdirectories but 1 image, such as `loose.jpg`; put the images of each class"))
        try copy("rgb8.png", to: "a/b/c.png")
        #expect(
            complaint(in: directory) { _ = try read(nil) }
                == "`a/b` is a directory inside a class; if `a` has the classes, give that path")
        try copy("rgb8.png", to: "c/1.png")
        #expect(
            complaint(in: directory) { _ = try read(nil) }
                == "`a/b` is a directory inside a class; move its images up, or remove it")
        try Directory.remove(directory.file("a/b"))
        #expect(complaint(in: directory) { _ = try read(nil) }.hasPrefix("`a` has no PNG or JPEG files;"))
    }

    // MARK: - What is in folders

    /// An entry beside two sound images, `cat/1.png` and `dog/1.png`, and the outcome: the samples and the
    /// kinds of the notes, or a part of the error.
    struct Case: CustomTestStringConvertible {
        enum Content { case text(String), image(String), link(String), directory, pipe }
        enum Outcome {
            case samples(Int, [String] = [])
            case error(String)
        }

        var path: String
        var content: Content
        var outcome: Outcome
        var testDescription: String { path.debugDescription }

        init(_ path: String, _ content: Content, _ outcome: Outcome) {
            self.path = path
            self.content = content
            self.outcome = outcome
        }
    }

    static let cases: [Case] = [
        // Files of other programs.
        Case("cat/.DS_Store", .text("\0\0\0\u{1}Bud1"), .samples(2)),
        Case(".DS_Store", .text("\0\0\0\u{1}Bud1"), .samples(2)),
        Case("cat/Thumbs.db", .text("\u{11}"), .samples(2)),
        Case("cat/desktop.ini", .text("[.ShellClassInfo]"), .samples(2)),
        Case("desktop.ini", .text("[.ShellClassInfo]"), .samples(2)),
        Case("cat/._1.png", .text("\0\u{5}\u{16}\u{7}"), .samples(2)),
        Case("__MACOSX/cat/._1.png", .text("\0\u{5}\u{16}\u{7}"), .samples(2)),
        Case("cat/__MACOSX/1.png", .text(""), .samples(2)),
        Case(".ipynb_checkpoints/1.png", .image("rgb8.png"), .samples(2)),
        Case("cat/.ipynb_checkpoints/1.png", .image("rgb8.png"), .samples(2)),
        Case("cat/@eaDir/1.png", .image("rgb8.png"), .samples(2)),
        Case("lost+found", .directory, .samples(2)),
        Case("cat/.gitkeep", .text(""), .samples(2)),
        Case("README.md", .text("# cats"), .samples(2)),
        Case("cat/labels.csv", .text("1.png,cat"), .samples(2)),
        // Names and contents.
        Case("cat/2.PNG", .image("rgb8.png"), .samples(3)),
        Case("cat/2.JPG", .image("color.JPEG"), .samples(3)),
        Case("cat/2.jfif", .image("color.JPEG"), .samples(3)),
        Case("cat/2.jpe", .image("color.JPEG"), .samples(3)),
        Case("cat/2.jpg", .image("rgb8.png"), .samples(3, ["wrong_file_name"])),
        Case("cat/2.png", .image("color.JPEG"), .samples(3, ["wrong_file_name"])),
        Case("cat/2.webp", .image("color.JPEG"), .samples(3, ["wrong_file_name"])),
        Case("cat/2", .image("color.JPEG"), .samples(3, ["wrong_file_name"])),
        Case("cat/2.txt", .image("rgb8.png"), .samples(3, ["wrong_file_name"])),
        Case("cat/a b é 猫.png", .image("rgb8.png"), .samples(3)),
        // Formats that cannot be read.
        Case("cat/2.webp", .text("RIFF\0\0\0\0WEBPVP8 "), .samples(2, ["skipped_images"])),
        Case("cat/2.gif", .text("GIF89a"), .samples(2, ["skipped_images"])),
        Case("cat/2.HEIC", .text("\0\0\0\u{18}ftypheic"), .samples(2, ["skipped_images"])),
        Case("cat/2.avif", .text("\0\0\0\u{18}ftypavif"), .samples(2, ["skipped_images"])),
        Case("cat/2.bmp", .text("BM"), .samples(2, ["skipped_images"])),
        Case("cat/2.tif", .text("II*\0"), .samples(2, ["skipped_images"])),
        Case("cat/2.jpg", .text("RIFF\0\0\0\0WEBPVP8 "), .samples(2, ["skipped_images"])),
        Case("cat/2.TGA", .text("?"), .samples(2, ["skipped_images"])),
        Case("cat/2.NEF", .text("?"), .samples(2, ["skipped_images"])),
        Case(
            "bird/2.webp", .text("RIFF\0\0\0\0WEBP"),
            .error("`bird` has no PNG or JPEG files, but WebP; convert")),
        // Files that hold no image.
        Case("cat/2.png", .text(""), .error("`cat/2.png` is neither a PNG nor a JPEG file: it is empty")),
        Case(
            "cat/2.jpg", .text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
            .error(
                "`cat/2.jpg` is a Git LFS pointer, not the file itself; run `git lfs pull`; `damaged:"
                    + " \"skip\"`"
            )),
        Case("cat/2.jpg", .text("/annex/objects/MD5-s3\n"), .error("git-annex pointer")),
        Case("cat/2.jpg", .text("\n<!DOCTYPE html><html>"), .error("is a web page: its download failed")),
        Case("cat/2.jpg", .text(String(repeating: "\0", count: 200)), .error("holds zeros")),
        Case("cat/.2.jpg.icloud", .text(""), .error("stands for an image that iCloud has not downloaded")),
        Case(
            "cat/2.jpg", .text("hello"), .error("is neither a PNG nor a JPEG file: it starts with 68656c6c6f")
        ),
        Case("cat/2.png", .pipe, .error("`cat/2.png` is not a regular file")),
        // Links.
        Case("cat/2.png", .link("../dog/1.png"), .samples(3)),
        Case("cat/2.png", .link("nothing"), .error("it is a link to something that does not exist")),
        Case("cat/2.png", .link("2.png"), .error("`cat/2.png` cannot be read: Too many levels")),
        Case("bird", .link("cat"), .samples(3)),
        Case(
            "bird", .link("nothing"),
            .error("`bird` cannot be read: it is a link to something that does not exist; if it")),
        Case("bird", .link("bird"), .error("`bird` cannot be read: Too many levels")),
        Case("bird", .link("."), .error("`bird/bird` is a directory inside a class")),
        // Folders.
        Case("bird", .directory, .error("`bird` has no PNG or JPEG files; remove the class, or add images")),
        Case(
            "cat/young/1.png", .image("rgb8.png"), .error("`cat/young` is a directory inside a class; move")),
        Case("2.png", .image("rgb8.png"), .samples(2, ["images_outside_classes"])),
        Case("Cat/1.png", .image("rgb8.png"), .samples(3, ["similar_classes"])),
        Case("cat /1.png", .image("rgb8.png"), .samples(3, ["similar_classes"])),
    ]

    @Test(arguments: cases) func whatLiesInFolders(_ entry: Case) throws {
        try copy("rgb8.png", to: "cat/1.png")
        try copy("rgb8.png", to: "dog/1.png")
        let path = directory.file(entry.path)
        switch entry.content {
        case .text(let text): try write(Array(text.utf8), to: entry.path)
        case .image(let fixture): try copy(fixture, to: entry.path)
        case .link(let target): try #require(symlink(target, path) == 0)
        case .directory: try Directory.create(path)
        case .pipe: try #require(mkfifo(path, 0o600) == 0)
        }
        let folder = ImageFolder(path: directory.path, size: ImageFolder.Size(height: 4, width: 4))
        switch entry.outcome {
        case .error(let part):
            let message = complaint(in: directory) { _ = try Dataset.images(folder) }
            #expect(message.contains(part), "\(message)")
        case .samples(let count, let kinds):
            let (dataset, survey) = try Dataset.images(folder)
            #expect(dataset.count == count)
            #expect(survey.notes.map(\.kind) == kinds)
            #expect(survey.classes.reduce(0) { $0 + $1.images } == count)
        }
    }

    /// A name in Latin-1 is no text here, but its folder must not vanish.
    @Test func namesThatAreNotUTF8() throws {
        try copy("rgb8.png", to: "cat/1.png")
        let latin = Array(directory.file("caf").utf8CString.dropLast()) + [CChar(bitPattern: 0xE9), 0]
        try #require(mkdir(latin, 0o755) == 0)
        #expect(
            complaint(in: directory) { _ = try read(nil) }.hasPrefix(
                "the folder `caf\\xE9` has a name whose bytes are not UTF-8; rename it"))
        try #require(rmdir(latin) == 0)
        let file = Array(directory.file("cat/\u{732B}").utf8CString.dropLast()) + [CChar(bitPattern: 0xE9)]
        let descriptor = open(file + Array(".png".utf8CString), O_CREAT | O_WRONLY, 0o644)
        try #require(descriptor >= 0)
        close(descriptor)
        #expect(
            complaint(in: directory) { _ = try read(nil) }.hasPrefix(
                "`cat/猫\\xE9.png` has a name whose bytes are not UTF-8; rename or remove it"))
    }

    /// An é may be one character or two. Both are the same class, whichever file system wrote them.
    @Test func spellingsOfUnicode() throws {
        try copy("rgb8.png", to: "cafe\u{301}/1.png")
        let dataset = try read(nil, classNames: ["a", "caf\u{E9}"])
        #expect(Array(dataset.labels) == [1])
        try copy("rgb8.png", to: "caf\u{E9}/1.png")
        #expect(complaint(in: directory) { _ = try read(nil) }.contains("has two folders that are called"))
    }

    /// The path is one level too high.
    @Test func partsOfADataSet() throws {
        for part in ["test", "train", "val"] { try copy("rgb8.png", to: "\(part)/cat/1.png") }
        let message = complaint(in: directory) { _ = try read(nil) }
        #expect(message.contains("holds parts of a data set (`test`, `train`, `val`), not classes"))
        #expect(message.contains("such as `train: {image_folder: {path: \"train\"}}`"))
        try Directory.remove(directory.file("test"))
        for part in ["train", "val"] {
            try Directory.remove(directory.file(part))
            try copy("rgb8.png", to: "\(part)/1.png")
        }
        let notes = try Dataset.images(ImageFolder(path: directory.path)).survey.notes
        #expect(notes.map(\.kind) == ["splits_as_classes"])
        try Directory.remove(directory.file("val"))
        #expect(
            try Dataset.images(ImageFolder(path: directory.path)).survey.notes.map(\.kind) == ["one_class"])
    }

    // MARK: - Damage

    /// Eight files are damaged in eight ways: all are named at once, or all are left out.
    @Test func damagedImages() throws {
        try copy("rgb8.png", to: "cat/good.png")
        try copy("rgb8.png", to: "dog/good.png")
        let png = try ReaderFixtures.bytes("images/rgb8.png")
        let jpeg = try ReaderFixtures.bytes("images/color.JPEG")
        var wrong = png
        wrong[60] ^= 0xFF
        let damaged: [[UInt8]] = [
            [], Array(png.prefix(40)), Array(jpeg.prefix(300)), wrong, Array("text".utf8),
            [UInt8](repeating: 0, count: 64), try ReaderFixtures.bytes("images/huge.bad.png"),
            Array(jpeg.prefix(20)),
        ]
        for (index, bytes) in damaged.enumerated() { try write(bytes, to: "cat/bad\(index).png") }
        var folder = ImageFolder(path: directory.path)
        let message = complaint(in: directory) { _ = try Dataset.images(folder) }
        #expect(message.hasPrefix("8 of 10 images in "))
        for index in damaged.indices { #expect(message.contains("\n  `cat/bad\(index).png` ")) }
        #expect(message.hasSuffix("; `damaged: \"skip\"` leaves such files out"))
        folder.damaged = .skip
        let (dataset, survey) = try Dataset.images(folder)
        #expect(Array(dataset.labels) == [0, 1] && dataset.rows.count == 2 * 9 * 6 * 3)
        #expect(survey.damaged.count == 8)
        let note = try #require(survey.notes.first { $0.kind == "damaged_images" })
        #expect(note.text.contains("8 images of ") && note.text.contains("are left out, such as `"))
        for index in 8..<13 { try write([], to: "cat/bad\(index).png") }
        folder.damaged = .error
        let long = complaint(in: directory) { _ = try Dataset.images(folder) }
        #expect(long.hasPrefix("13 of 15 images in ") && long.contains("\n  … and 3 more\n"))
    }

    /// When nothing can be read, there is nothing left to train with.
    @Test func onlyDamagedImages() throws {
        try write([], to: "cat/1.png")
        try write([1], to: "dog/1.png")
        for damaged in ImageFolder.Damaged.allCases {
            let message = complaint(in: directory) {
                _ = try Dataset.images(ImageFolder(path: directory.path, damaged: damaged))
            }
            #expect(message.hasPrefix("2 of 2 images in "))
        }
    }

    /// Files of 16 bits with small values would be nearly black.
    @Test func darkImages() throws {
        let dark = ReaderFixtures.path("../pictures/grey16-dark.png")
        try write(try File.read(dark, limit: 1 << 16), to: "cat/1.png")
        try write(try File.read(dark, limit: 1 << 16), to: "dog/1.png")
        let folder = ImageFolder(
            path: directory.path, size: ImageFolder.Size(height: 4, width: 4), channels: 1)
        let notes = try Dataset.images(folder).survey.notes
        #expect(notes.map(\.kind) == ["dark_16_bit"])
        #expect(
            notes.first?.text.hasPrefix("images with 16 bits per value hold at most 199 of 65,535") == true
                && notes.first?.cure == "multiply their values by 329, or save them with 8 bits")
        try copy("grey16.png", to: "dog/2.png")
        #expect(try Dataset.images(folder).survey.notes.isEmpty)
    }
}
