import Datasets
import System
import TestSupport
import Testing

@Suite(.serialized) struct IDXFileTests {
    private let directory: TemporaryDirectory
    private let pixels: [UInt8] = (0..<60).map { UInt8($0 * 4) }
    private let labels: [UInt8] = [3, 1, 4, 1, 5]

    init() throws { directory = try TemporaryDirectory() }

    /// Five images of 3 × 4 pixels.
    private var imageFile: [UInt8] { [0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 4] + pixels }
    private var labelFile: [UInt8] { [0, 0, 8, 1, 0, 0, 0, 5] + labels }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = directory.file(name)
        try File.writeAtomically(bytes, to: path)
        return path
    }

    private func gzip(_ path: String) async throws -> String {
        try await onThread {
            let child = try ChildProcess("gzip", ["-kf", path])
            guard child.wait(seconds: 30)?.isSuccess == true else { throw DatasetError("gzip failed") }
            return path + ".gz"
        }
    }

    private func message(_ images: [UInt8], _ labels: [UInt8], classCount: Int? = nil) throws -> String {
        let imagePath = try write(images, "images")
        let labelPath = try write(labels, "labels")
        do {
            _ = try Dataset.idx(images: imagePath, labels: labelPath, classCount: classCount)
            return "no error"
        } catch {
            return "\(error)".replacing(directory.path + "/", with: "")
        }
    }

    @Test func plainAndGzipAreTheSame() async throws {
        let images = try write(imageFile, "images")
        let labels = try write(labelFile, "labels")
        let plain = try Dataset.idx(images: images, labels: labels)
        #expect(plain.sampleShape == [3, 4, 1])
        #expect(plain.count == 5)
        #expect(Array(plain.labels) == [3, 1, 4, 1, 5])
        #expect(plain.classNames?.count == 6)
        var row = [Float](repeating: 0, count: 12)
        plain.gather([4][...], normalization: Normalization(.none, of: plain), into: &row)
        #expect(row == (48..<60).map { Float($0 * 4) })
        let packed = try Dataset.idx(images: try await gzip(images), labels: try await gzip(labels))
        #expect(packed.contentHash() == plain.contentHash())
    }

    @Test func severalGzipMembersAreOneFile() async throws {
        let first = try await gzip(try write(Array(imageFile[..<30]), "first"))
        let second = try await gzip(try write(Array(imageFile[30...]), "second"))
        let images = try write(
            try File.read(first, limit: 9_999) + File.read(second, limit: 9_999), "both.gz")
        let dataset = try Dataset.idx(images: images, labels: try write(labelFile, "labels"))
        #expect(dataset.count == 5)
    }

    @Test func floatsAreRead() throws {
        let values: [Float] = [1, -2.5, 3e-3, 4e10]
        let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
        let images = try write([0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 2] + bytes, "images")
        let labels = try write([0, 0, 8, 1, 0, 0, 0, 2, 0, 1], "labels")
        let dataset = try Dataset.idx(images: images, labels: labels)
        #expect(dataset.sampleShape == [2])
        var rows = [Float](repeating: 0, count: 4)
        dataset.gather([0, 1][...], normalization: Normalization(.none, of: dataset), into: &rows)
        #expect(rows == values)
        let nan = [0x7F, 0xC0, 0, 0] as [UInt8]
        let error = try message(
            [0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 2] + bytes[..<12] + nan, [0, 0, 8, 1, 0, 0, 0, 2, 0, 1])
        #expect(error == "`images` holds nan at value 3; training needs finite numbers: clean the data")
    }

    @Test func missingFilesAreNamed() throws {
        let labels = try write(labelFile, "labels")
        let error = #expect(throws: SystemError.self) {
            try Dataset.idx(images: "/nowhere/images", labels: labels)
        }
        #expect(error?.description.hasPrefix("cannot read `/nowhere/images`: it does not exist;") == true)
    }

    @Test func whatIsNoIDXFileIsNamed() throws {
        #expect(
            try message([0x89, 0x50, 0x4E, 0x47] + imageFile, labelFile)
                == "`images` is not an IDX file: it starts with 89504e47,"
                + " an IDX file with 0000 and its type and rank; give the file of images"
                + " as it was published (plain or gzip)")
        #expect(
            try message([0, 0, 9, 3] + imageFile[4...], labelFile).hasPrefix(
                "`images` holds IDX values of type 0x09;"))
        #expect(
            try message(labelFile, imageFile)
                == "`images` has 1 dimension, images have 2 to 4; were the files of images and labels"
                + " exchanged?"
        )
        #expect(
            try message([], labelFile)
                == "`images` is truncated: its header has 0 of 4 bytes; download or copy it again")
    }

    @Test func truncationAndTrailingBytesAreNamed() throws {
        for count in 0..<imageFile.count {
            #expect(try message(Array(imageFile[..<count]), labelFile).hasPrefix("`images` is truncated: "))
        }
        for count in 0..<labelFile.count {
            #expect(try message(imageFile, Array(labelFile[..<count])).hasPrefix("`labels` is truncated: "))
        }
        #expect(
            try message(imageFile + [0], labelFile).hasPrefix("`images` goes on after the 60 bytes of values")
        )
    }

    @Test func damagedGzipIsNamed() async throws {
        let packed = try File.read(try await gzip(try write(imageFile, "whole")), limit: 9_999)
        for count in 2..<packed.count {
            let error = try message(Array(packed[..<count]), labelFile)
            #expect(error.hasPrefix("`images` is a damaged gzip file (it ends before"), "\(count): \(error)")
        }
        var wrong = packed
        wrong[packed.count - 6] ^= 1  // in the checksum
        #expect(
            try message(wrong, labelFile)
                == "`images` is a damaged gzip file (incorrect data check); download or copy it again")
        #expect(try message(packed + [1, 2, 3], labelFile).contains("bytes follow its compressed data"))
    }

    /// The header asks for 4 GB and the file has a few bytes: it is refused before memory is taken.
    @Test func hugeClaimsAreRefused() async throws {
        let claim: [UInt8] = [0, 0, 8, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 3, 0, 0, 0, 4]
        #expect(try message(claim + pixels, labelFile).contains("asks for 4,294,967,295 × 3 × 4 values"))
        let packed = try File.read(try await gzip(try write(claim + pixels, "claim")), limit: 9_999)
        #expect(try message(packed, labelFile).hasPrefix("`images` is truncated: its header asks for"))
        let all: [UInt8] = [0, 0, 8, 4] + [UInt8](repeating: 0xFF, count: 16)
        #expect(try message(all, labelFile).hasPrefix("`images` is truncated: its header asks for"))
        #expect(
            try message([0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4], labelFile).hasPrefix(
                "`images` is empty"))
    }

    @Test func countsAndClassesMustAgree() throws {
        #expect(
            try message(imageFile, [0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4])
                == "`images` holds 5 images, `labels` 4 labels; give two files of the same set")
        #expect(
            try message(imageFile, labelFile, classCount: 5)
                == "label 5 of sample 4 in `labels` is outside the classes 0…4;"
                + " check the file and the number of classes"
        )
        #expect(try message(imageFile, labelFile, classCount: 6) == "no error")
    }

    private static let mnist = Path.join(
        Path.directory(of: Path.directory(of: Path.directory(of: #filePath))), "../shared/data/mnist")

    /// The mean and deviation are those that Python computes from the file.
    @Test(.enabled(if: File.exists(mnist), "MNIST is not beside the repository"))
    func mnistIsRead() throws {
        let mnist = Self.mnist
        let train = try Dataset.idx(
            images: Path.join(mnist, "train-images-idx3-ubyte.gz"),
            labels: Path.join(mnist, "train-labels-idx1-ubyte.gz"))
        #expect(train.count == 60_000)
        #expect(train.sampleShape == [28, 28, 1])
        #expect(train.classNames?.count == 10)
        #expect(Array(train.labels.prefix(5)) == [5, 0, 4, 1, 9])
        let normalization = Normalization(.zScore, of: train)
        #expect(abs(normalization.shift[0] - 33.318_421) < 1e-4)
        #expect(abs(1 / normalization.factor[0] - 78.567_490) < 1e-4)
    }
}
