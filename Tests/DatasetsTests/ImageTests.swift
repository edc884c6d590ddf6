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
        #expect(message([]) == "`a` is neither a PNG nor a JPEG file: it is empty; convert it, or remove it")
        #expect(message(Array("GIF80a...".utf8)).contains("it starts with 4749463830612e2e"))
        #expect(message(Array("GIF89a...".utf8)).contains("`a` is a GIF image; PNG and JPEG can be read"))
    }

    /// Every truncation is named as such, unless all pixels are there. A wrong byte gives an image or a
    /// sentence.
    @Test(arguments: [
        ("rgb8.png", 12), ("interlaced.png", 12), ("palette8.png", 12), ("grey.jpg", 2), ("color.JPEG", 2),
        ("cmyk.jpg", 2),
    ])
    func damagedFiles(name: String, endLength: Int) throws {
        let whole = try ReaderFixtures.bytes("images/\(name)")
        let pixels = try image(whole)
        for count in 0..<whole.count {
            let isRead = count >= whole.count - endLength
            #expect((message(Array(whole[..<count])) == "no error") == isRead, "\(count) bytes of \(name)")
            if isRead { #expect(try image(Array(whole[..<count])) == pixels) }
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
        #expect(message(bytes).contains("it is truncated") || message(bytes).contains("SOF type 0xc9"))
    }

    /// A line of pixels is resized to a square.
    @Test func aLongImageIsResized() {
        let line = ByteImage(
            width: 1, height: 65_535, channels: 1, pixels: Array(repeating: 200, count: 65_535))
        #expect(line.resized(width: 8, height: 8).pixels == Array(repeating: 200, count: 64))
    }
}
