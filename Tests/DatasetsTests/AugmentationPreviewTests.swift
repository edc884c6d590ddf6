import Datasets
import TestSupport
import Testing

@Suite struct AugmentationPreviewTests {
    private func pixel(_ image: ByteImage, _ x: Int, _ y: Int) -> [UInt8] {
        let start = (y * image.width + x) * image.channels
        return Array(image.pixels[start..<start + image.channels])
    }

    /// 8 pixels of the digits become 64, and values 0 … 16 become 0 … 255. The file holds the sheet that was
    /// asked for.
    @Test func digits() throws {
        let data = try Digits.load().train
        var augmentation = Augmentation()
        augmentation.horizontalFlip = 1
        let preview = try AugmentationPreview(of: data, augmentation, seed: 1)
        let samples = preview.samples(3)
        #expect(samples == [0, 479, 958])
        let directory = try TemporaryDirectory()
        try PNGFile.write(try preview.sheet(samples: samples, variants: 2), to: directory.file("sheet.png"))
        let sheet = try ImageFile.read(path: directory.file("sheet.png"))
        #expect((sheet.width, sheet.height, sheet.channels) == (2 + 3 * 66, 2 + 3 * 66, 1))
        var values = [Float](repeating: 0, count: 64)
        for (row, sample) in samples.enumerated() {
            data.gather([sample][...], normalization: Normalization(.none, of: data), into: &values)
            for y in 0..<64 {
                for x in 0..<64 {
                    let expected = UInt8(values[y / 8 * 8 + x / 8] / 16 * 255 + 0.5)
                    let top = 2 + row * 66
                    #expect(pixel(sheet, 2 + x, top + y) == [expected])
                    for variant in 1...2 {
                        #expect(pixel(sheet, 2 + variant * 66 + (63 - x), top + y) == [expected])
                    }
                }
            }
        }
        for i in 0..<sheet.width {
            for gap in [0, 1, 66, 67, 198, 199] {
                #expect(
                    pixel(sheet, gap, i) == [AugmentationPreview.background]
                        && pixel(sheet, i, gap) == [AugmentationPreview.background])
            }
        }
    }

    /// Bytes keep their colours, and floats are scaled from the smallest to the largest. Without augmentation
    /// the sheet has only the originals.
    @Test func colours() throws {
        let bytes: [UInt8] = [0, 10, 200, 255, 128, 1]
        let data = try Dataset.make(bytes: bytes, sampleShape: [1, 2, 3], labels: [0], classNames: ["a"])
        let sheet = try AugmentationPreview(of: data, nil, seed: 1).sheet(samples: [0], variants: 5)
        #expect((sheet.width, sheet.height, sheet.channels) == (68, 36, 3))
        #expect(pixel(sheet, 2, 2) == [0, 10, 200] && pixel(sheet, 33, 33) == [0, 10, 200])
        #expect(pixel(sheet, 34, 2) == [255, 128, 1] && pixel(sheet, 65, 33) == [255, 128, 1])
        let floats = try Dataset.make(
            floats: [-1, 0, 3], sampleShape: [1, 3, 1], labels: [0], classNames: ["a"])
        let grey = try AugmentationPreview(of: floats, nil, seed: 1).sheet(samples: [0], variants: 1)
        #expect([2, 30, 50].map { pixel(grey, $0, 5) } == [[0], [64], [255]])
    }

    @Test func whatCannotBeShown() throws {
        let table = try Dataset.make(floats: [1, 2], sampleShape: [2], labels: [0], classNames: ["a"])
        let error = #expect(throws: DatasetError.self) { try AugmentationPreview(of: table, nil, seed: 1) }
        #expect(
            error?.description
                == "a preview shows images of 1 or 3 channels, and the samples of the training set have shape"
                + " [2]"
        )
        let digits = try AugmentationPreview(of: try Digits.load().train, Augmentation(), seed: 1)
        let large = #expect(throws: DatasetError.self) {
            try digits.sheet(samples: Array(0..<1000), variants: 1000)
        }
        #expect(
            large?.description
                == "a preview of 66068 × 66002 pixels is too large; ask for fewer samples or variants")
    }
}
