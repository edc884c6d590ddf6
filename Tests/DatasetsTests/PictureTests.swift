import Datasets
import System
import TestSupport
import Testing

/// Files that say how they are to be shown, from Tests/Fixtures/pictures: their pixels, and what is said
/// about them.
@Suite struct PictureTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    struct Picture {
        var name: String
        var width: Int
        var height: Int
        var channels: Int
        var tolerance: Int
        var said: [String]
        var pixels: ArraySlice<UInt8>
    }

    private static func path(_ name: String) -> String { ReaderFixtures.path("../pictures/\(name)") }

    static func pictures() throws -> [Picture] {
        let text = try File.readText(path("pictures.txt"), limit: 1 << 16)
        var rest = try File.read(path("pictures.u8"), limit: 1 << 20)[...]
        return text.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            let numbers = words[1...4].compactMap { Int($0) }
            let count = numbers[0] * numbers[1] * numbers[2]
            defer { rest = rest.dropFirst(count) }
            return Picture(
                name: words[0], width: numbers[0], height: numbers[1], channels: numbers[2],
                tolerance: numbers[3],
                said: words[5] == "-" ? [] : words[5].split(separator: ",").map(String.init),
                pixels: rest.prefix(count))
        }
    }

    /// The pixels are Pillow's; for PNG files they are equal.
    @Test func everyPictureIsReadAsViewersShowIt() throws {
        let pictures = try Self.pictures()
        #expect(pictures.count == 88)
        for picture in pictures {
            let image = try ImageFile.read(path: Self.path(picture.name))
            #expect(
                image.width == picture.width && image.height == picture.height
                    && image.channels == picture.channels, "\(picture.name)")
            guard image.pixels.count == picture.pixels.count else { continue }
            let worst = zip(image.pixels, picture.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
            #expect(worst <= picture.tolerance, "\(picture.name)")
        }
    }

    /// Each file is the only image of a folder, whose survey then tells about it alone.
    @Test func whatIsDoneToAPictureIsSaid() throws {
        for picture in try Self.pictures() {
            let file = directory.file("class/\(picture.name)")
            try Directory.create(Path.directory(of: file))
            try File.writeAtomically(try File.read(Self.path(picture.name), limit: 1 << 20), to: file)
            let survey = try Dataset.images(ImageFolder(path: directory.path, channels: picture.channels))
                .survey
            var said = survey.conversions.keys.map { "\($0)" }
            said += survey.colorSpaces.keys.map { "space=\($0.replacing(" ", with: "_"))" }
            #expect(said.sorted() == picture.said.sorted(), "\(picture.name)")
            #expect(survey.conversions.values.allSatisfy { $0.count == 1 && $0.example == file })
            try File.remove(file)
        }
    }

    /// A high JPEG without its last bytes lacks a part of its last row of blocks alone; a low one is refused.
    @Test func aHighPictureMayLackItsLastBytes() throws {
        let image = try ImageFile.read(path: Self.path("without-last-bytes.jpg"))
        let expected = try File.read(Self.path("without-last-bytes.u8"), limit: 1 << 16)
        #expect(image.width == 64 && image.height == 80)
        #expect(zip(image.pixels, expected).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
        let bytes = try File.read(Self.path("orientation1.jpg"), limit: 1 << 16).dropLast(12)
        let message = complaint(in: directory) {
            _ = try Array(bytes).withUnsafeBytes { try ImageFile.decode($0, name: "low.jpg") }
        }
        #expect(
            message
                == "`low.jpg` is a JPEG file that cannot be read: it is truncated; replace or remove it")
    }

    /// A progressive file gives each pixel in several passes, so that a missing pass is missing everywhere.
    @Test func aProgressivePictureNeedsAllItsPasses() throws {
        let whole = try File.read(Self.path("progressive.jpg"), limit: 1 << 16)
        for count in 0..<whole.count - 2 {
            let message = complaint(in: directory) {
                _ = try Array(whole[..<count]).withUnsafeBytes { try ImageFile.decode($0, name: "a") }
            }
            #expect(message != "no error", "\(count) bytes")
        }
    }
}
