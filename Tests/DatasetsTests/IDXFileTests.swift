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
            guard child.wait(seconds: 120)?.isSuccess == true else { throw DatasetError("gzip failed") }
            return path + ".gz"
        }
    }

    private func message(_ images: [UInt8], _ labels: [UInt8], classCount: Int? = nil) throws -> String {
        let imagePath = try write(images, "images")
        let labelPath = try write(labels, "labels")
        do {
            _ = try Dataset.idx(
                images: imagePath, labels: labelPath,
                classNames: classCount.map { (0..<$0).map { "\($0)" } })
            return "no error"
        } catch {
            return "\(error)".replacing(directory.path + "/", with: "")
        }
    }

    @Test func plainAndGzipAreTheSame() async throws {
        let images = try write(imageFile, "images")
        let labels = try write(labelFile, "labels")
        let plain = try Dataset.idx(images: images, labels: labels).dataset
        #expect(plain.sampleShape == [3, 4, 1])
        #expect(plain.count == 5)
        #expect(Array(plain.labels) == [3, 1, 4, 1, 5])
        #expect(plain.classNames?.count == 6)
        var row = [Float](repeating: 0, count: 12)
        plain.gather([4][...], normalization: Normalization(.none, of: plain), into: &row)
        #expect(row == (48..<60).map { Float($0 * 4) })
        let packed = try Dataset.idx(images: try await gzip(images), labels: try await gzip(labels)).dataset
        #expect(packed.contentHash() == plain.contentHash())
    }

    @Test func severalGzipMembersAreOneFile() async throws {
        let first = try await gzip(try write(Array(imageFile[..<30]), "first"))
        let second = try await gzip(try write(Array(imageFile[30...]), "second"))
        let images = try write(
            try File.read(first, limit: 9_999) + File.read(second, limit: 9_999), "both.gz")
        let dataset = try Dataset.idx(images: images, labels: try write(labelFile, "labels")).dataset
        #expect(dataset.count == 5)
    }

    @Test func floatsAreRead() throws {
        let values: [Float] = [1, -2.5, 3e-3, 4e10]
        let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
        let images = try write([0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 2] + bytes, "images")
        let labels = try write([0, 0, 8, 1, 0, 0, 0, 2, 0, 1], "labels")
        let dataset = try Dataset.idx(images: images, labels: labels).dataset
        #expect(dataset.sampleShape == [2])
        var rows = [Float](repeating: 0, count: 4)
        dataset.gather([0, 1][...], normalization: Normalization(.none, of: dataset), into: &rows)
        #expect(rows == values)
        let nan = [0x7F, 0xC0, 0, 0] as [UInt8]
        let error = try message(
            [0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 2] + bytes[..<12] + nan, [0, 0, 8, 1, 0, 0, 0, 2, 0, 1])
        #expect(
            error
                == "`images` holds nan at value 3; training needs finite numbers of at most 3.4e38: clean the"
                + " data")
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
            try message([0x89, 0x50, 0x4E, 0x48] + imageFile, labelFile)
                == "`images` is not an IDX file: it starts with 89504e48,"
                + " an IDX file with 0000 and its type and rank; give the file of images"
                + " as it was published (plain or gzip)")
        #expect(
            try message([0, 0, 0x0A, 3] + imageFile[4...], labelFile).hasPrefix(
                "`images` holds IDX values of type 0x0a, which the format does not have;"))
        #expect(
            try message(Array("<!DOCTYPE html>".utf8), labelFile)
                == "`images` is a web page: its download failed; download it again, or remove it")
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
                == "`labels` has the class 5 for sample 4, outside 0…4; check the file, and the number of the"
                + " first class (`first_class`)"
        )
        #expect(try message(imageFile, labelFile, classCount: 6) == "no error")
    }

    // MARK: - Types and labels

    private func idx(_ type: UInt8, _ shape: [Int], _ values: [UInt8]) -> [UInt8] {
        let sizes = shape.flatMap { size in withUnsafeBytes(of: UInt32(size).bigEndian) { Array($0) } }
        return [0, 0, type, UInt8(shape.count)] + sizes + values
    }

    private func big<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
        numbers.flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
    }

    /// The numbers −2, 0, 1, 100 in every type, as images and as labels.
    @Test func everyTypeIsRead() throws {
        let numbers = [-2, 0, 1, 100]
        let types: [(UInt8, [UInt8])] = [
            (0x09, big(numbers.map { Int8($0) })), (0x0B, big(numbers.map { Int16($0) })),
            (0x0C, big(numbers.map { Int32($0) })), (0x0D, big(numbers.map { Float($0).bitPattern })),
            (0x0E, big(numbers.map { Double($0).bitPattern })),
        ]
        for (type, bytes) in types {
            let images = try write(idx(type, [4, 1], bytes), "images")
            let labels = try write(idx(type, [4], bytes), "labels")
            let (dataset, _, notes) = try Dataset.idx(images: images, labels: labels, firstClass: -2)
            #expect(dataset.rows == [-2, 0, 1, 100] && dataset.form.elementType == .float32)
            #expect(Array(dataset.labels) == [0, 2, 3, 102] && dataset.classNames?.count == 103)
            #expect(notes.map(\.kind) == ["classes_without_samples"])
        }
        let huge = try write(idx(0x0E, [1, 1], big([1e300.bitPattern])), "images")
        #expect(
            complaint(in: directory) { _ = try Dataset.idx(images: huge) }.hasPrefix(
                "`images` holds 1e+300 at value 0; training needs finite numbers"))
    }

    private func labelled(_ labels: [UInt8], firstClass: Int = 0) throws -> (
        dataset: Dataset, offsets: ArrayOffsets?, notes: [DataNote]
    ) {
        try Dataset.idx(
            images: try write(imageFile, "images"), labels: try write(labels, "labels"),
            firstClass: firstClass)
    }

    @Test func labelsOfASingleClass() throws {
        for label: UInt8 in [0, 3] {
            let notes = try labelled(idx(8, [5], Array(repeating: label, count: 5))).notes
            #expect(notes.map(\.kind) == ["constant_target"] && notes[0].text.contains("`\(label)`"))
        }
    }

    @Test func labelsThatBeginAtOne() throws {
        let letters = idx(8, [5], [1, 2, 3, 4, 5])
        let (counted, _, notes) = try labelled(letters)
        #expect(counted.classNames?.count == 6)
        #expect(notes.map(\.kind) == ["labels_begin_later"] && notes.first?.cure == "`first_class: 1`")
        #expect(
            notes.first?.text.hasSuffix(
                "no sample of class 0, its labels are 1…5: do they begin at"
                    + " 1?") == true)
        let (shifted, _, none) = try labelled(letters, firstClass: 1)
        #expect(shifted.classNames == ["1", "2", "3", "4", "5"] && Array(shifted.labels) == [0, 1, 2, 3, 4])
        #expect(none.isEmpty)
        #expect(
            complaint(in: directory) { _ = try labelled(letters, firstClass: 2) }.hasPrefix(
                "`labels` has the class 1 for sample 0, outside 2…5; check the file, and the number of"))
    }

    /// QMNIST's labels have 8 numbers per sample; the first one is the digit.
    @Test func labelsOfRankTwo() throws {
        let rows: [Int32] = (0..<5).flatMap { sample -> [Int32] in [Int32(sample), 4, 2_000, 7, 3, 9, 0, 0] }
        let (dataset, _, notes) = try labelled(idx(0x0C, [5, 8], big(rows)))
        #expect(Array(dataset.labels) == [0, 1, 2, 3, 4] && notes.map(\.kind) == ["label_columns"])
        let oneHot: [UInt8] = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]
        let (hot, _, hotNotes) = try labelled(idx(8, [5, 3], oneHot))
        #expect(Array(hot.labels) == [2, 0, 1, 2, 0] && hot.classNames == ["0", "1", "2"])
        #expect(hotNotes.map(\.kind) == ["one_hot"])
        let (column, _, none) = try labelled(idx(8, [5, 1], [0, 1, 0, 1, 0]))
        #expect(Array(column.labels) == [0, 1, 0, 1, 0] && none.isEmpty)
    }

    @Test func labelsThatAreNone() throws {
        #expect(
            complaint(in: directory) {
                _ = try labelled(idx(0x0D, [5], big([Float](repeating: 0.5, count: 5).map(\.bitPattern))))
            }
            .hasPrefix("`labels` has 0.5 as the label of sample 0, which is no class;"))
        #expect(
            complaint(in: directory) { _ = try labelled(idx(9, [5], [255, 1, 1, 255, 1])) }
                == "`labels` has the class -1 for sample 0, outside 0…1; write the classes as 0 and 1,"
                + " such as (y + 1)"
                + " // 2")
        #expect(
            complaint(in: directory) { _ = try labelled(idx(0x0C, [5], big([0, 1, 2, 3, Int32.max]))) }
                .hasPrefix("`labels` has the class 2147483647; there may be 10,000 classes, counted from 0;"))
        let (_, _, gaps) = try labelled(idx(8, [5], [0, 3, 3, 7, 7]))
        #expect(
            gaps.map(\.kind) == ["classes_without_samples"]
                && gaps.first?.text.hasSuffix("has no sample of class 1, 2, 4, 5, 6 between 0 and 7") == true)
    }

    private static let mnist = Path.join(
        Path.directory(of: Path.directory(of: Path.directory(of: #filePath))), "../shared/data/mnist")

    /// The mean and deviation are those that Python computes from the file.
    @Test(.enabled(if: File.exists(mnist), "MNIST is not beside the repository"))
    func mnistIsRead() throws {
        let mnist = Self.mnist
        let train = try Dataset.idx(
            images: Path.join(mnist, "train-images-idx3-ubyte.gz"),
            labels: Path.join(mnist, "train-labels-idx1-ubyte.gz")
        ).dataset
        #expect(train.count == 60_000)
        #expect(train.sampleShape == [28, 28, 1])
        #expect(train.classNames?.count == 10)
        #expect(Array(train.labels.prefix(5)) == [5, 0, 4, 1, 9])
        let normalization = Normalization(.zScore, of: train)
        #expect(abs(normalization.shift[0] - 33.318_421) < 1e-4)
        #expect(abs(1 / normalization.factor[0] - 78.567_490) < 1e-4)
    }
}
