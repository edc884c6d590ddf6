import Datasets
import Platform
import System
import TestSupport
import Testing

@Suite struct ImageTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func image(_ name: String) throws -> ByteImage {
        try ImageFile.read(path: ReaderFixtures.path("images/\(name)"))
    }

    private func image(_ bytes: [UInt8]) throws -> ByteImage {
        try bytes.withUnsafeBytes { try ImageFile.decode($0, name: "a") }
    }

    private func message(_ bytes: [UInt8]) -> String { complaint(in: directory) { _ = try image(bytes) } }

    /// The pixels that the script wrote.
    @Test(arguments: [
        ("grey1", 11, 1), ("grey2", 11, 1), ("grey4", 11, 1), ("grey8", 11, 1), ("grey16", 11, 1),
        ("rgb8", 9, 3), ("rgb16", 9, 3),
        ("rgba8", 4, 3), ("greyalpha8", 4, 1), ("palette2", 5, 3), ("palette8", 5, 3), ("interlaced", 10, 3),
    ])
    func everyKindOfPNG(name: String, width: Int, channels: Int) throws {
        let image = try image("\(name).png")
        let expected = try ReaderFixtures.bytes("images/\(name).u8")
        #expect(image.width == width && image.channels == channels)
        #expect(image.pixels == expected)
    }

    /// The tolerance is the rounding of the inverse cosine transform and of the colour conversion.
    @Test(arguments: [("grey.jpg", "grey", 1, 1), ("color.JPEG", "color", 3, 2)])
    func jpeg(name: String, expected: String, channels: Int, tolerance: Int) throws {
        let image = try image(name)
        let expected = try ReaderFixtures.bytes("images/\(expected).u8")
        #expect(
            image.width == 24 && image.height == 16 && image.channels == channels
                && expected.count == image.pixels.count)
        let worst = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 255
        #expect(worst <= tolerance)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        for (width, height, channels) in [(1, 1, 1), (7, 3, 3), (64, 65, 1)] {
            let pixels = (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            let image = ByteImage(width: width, height: height, channels: channels, pixels: pixels)
            try PNGFile.write(image, to: directory.file("out.png"))
            #expect(try ImageFile.read(path: directory.file("out.png")) == image)
        }
    }

    @Test func greyAndColors() {
        let grey = ByteImage(width: 2, height: 1, channels: 1, pixels: [0, 200])
        #expect(grey.withChannels(3).pixels == [0, 0, 0, 200, 200, 200])
        let colors = ByteImage(
            width: 4, height: 1, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])
        #expect(colors.withChannels(1).pixels == [76, 150, 29, 255])
    }

    /// The result is PyTorch's antialiased bilinear interpolation in doubles, rounded.
    @Test(arguments: [(8, 8), (17, 40), (40, 5), (1, 1), (34, 46)]) func resizing(height: Int, width: Int)
        throws
    {
        let source = ByteImage(
            width: 23, height: 17, channels: 3, pixels: try ReaderFixtures.bytes("resize/source.u8"))
        let image = source.resized(width: width, height: height)
        let expected = try ReaderFixtures.floats("resize/\(height)x\(width).f32")
        #expect(image.pixels.count == expected.count)
        let worst = zip(image.pixels, expected).map { abs(Float($0) - $1) }.max() ?? 255
        #expect(worst <= 0.5001)
    }

    @Test func whatCannotBeReadIsNamed() throws {
        func read(_ name: String) -> String {
            complaint(in: directory) { _ = try image(name) }.replacing(
                ReaderFixtures.path("images/"), with: "")
        }
        #expect(
            read("huge.bad.png")
                == "`huge.bad.png` is a PNG file that cannot be read:"
                + " it claims 2147483647 x 2147483647 pixels, at most 65535 are read in a row or column;"
                + " replace or remove it"
        )
        #expect(read("claim.bad.png").contains("it is truncated: too short for its size"))
        #expect(
            read("cmyk.bad.jpg").contains("it has CMYK colours, which are made for print; convert it to RGB"))
        #expect(message([]) == "`a` is neither a PNG nor a JPEG file: it is empty; convert it, or remove it")
        #expect(message(Array("GIF89a...".utf8)).contains("it starts with 4749463839612e2e"))
    }

    /// Every truncation is named as such. A wrong byte gives an image or a sentence.
    @Test(arguments: ["rgb8.png", "interlaced.png", "palette8.png", "grey.jpg", "color.JPEG", "cmyk.bad.jpg"])
    func damagedFiles(
        name: String
    ) throws {
        let whole = try ReaderFixtures.bytes("images/\(name)")
        // Without its last bytes (the end marker) a JPEG still has all its pixels.
        for count in 0..<whole.count - 2 {
            #expect(message(Array(whole[..<count])) != "no error", "\(count) bytes of \(name)")
        }
        for place in whole.indices {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var damaged = whole
                damaged[place] ^= change
                _ = message(damaged)
            }
        }
    }

    /// Texts and profiles may unpack to a thousand times their size and do not change the pixels. They are
    /// skipped, so that even damage in them goes unnoticed.
    @Test func whatIsBesideThePixelsIsPassedOver() throws {
        let whole = try ReaderFixtures.bytes("images/rgb8.png")
        let afterHeader = 8 + 25
        let sound = try image(whole)
        for kind in ["zTXt", "iTXt", "tEXt", "iCCP", "eXIf", "sPLT"] {
            let chunk = [0, 0, 0, 4] + Array(kind.utf8) + [1, 2, 3, 4] + [0, 0, 0, 0]
            #expect(
                try image(Array(whole[..<afterHeader]) + chunk + whole[afterHeader...]) == sound, "\(kind)")
        }
    }

    /// A few hundred bytes that claim a hundred million pixels get no memory for them.
    @Test func aShortFileHasNoLargeImage() throws {
        var bytes = try ReaderFixtures.bytes("images/grey.jpg")
        let marker = try #require(bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
        bytes.replaceSubrange(marker + 5..<marker + 9, with: [0x27, 0x10, 0x27, 0x10])  // 10,000 × 10,000
        #expect(message(bytes).contains("it is truncated: too short for its size"))
        bytes[marker + 1] = 0xC9  // coded arithmetically, where anything may be short
        let reason = message(bytes)
        #expect(reason.contains("its coding is arithmetic") || reason.contains("SOF type 0xc9"))
    }

    /// A line of pixels is resized to a square.
    @Test func aLongImageIsResized() {
        let line = ByteImage(
            width: 1, height: 65_535, channels: 1, pixels: Array(repeating: 200, count: 65_535))
        #expect(line.resized(width: 8, height: 8).pixels == Array(repeating: 200, count: 64))
    }

    // MARK: - Folders

    private func copy(_ fixture: String, to name: String) throws {
        let path = directory.file(name)
        try Directory.create(Path.directory(of: path))
        try File.writeAtomically(try ReaderFixtures.bytes("images/\(fixture)"), to: path)
    }

    private func read(_ size: ImageFolder.Size?, channels: Int = 3, classNames: [String]? = nil) throws
        -> Dataset
    {
        try Dataset.images(
            ImageFolder(path: directory.path, size: size, channels: channels), classNames: classNames)
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
        #expect(block.names == ["2.png", "a/1.png"])
    }

    @Test func foldersThatAreNone() throws {
        #expect(
            complaint(in: directory) { _ = try read(nil) }.contains(
                "has no subdirectories; put the images of each class"))
        try copy("rgb8.png", to: "a/b/c.png")
        #expect(
            complaint(in: directory) { _ = try read(nil) }.hasPrefix("`a/b` is a directory inside a class;"))
        try Directory.remove(directory.file("a/b"))
        #expect(complaint(in: directory) { _ = try read(nil) }.hasPrefix("`a` has no PNG or JPEG files;"))
    }
}
