import Kernels
import System

/// A contact sheet that shows what training sees. Each row is one sample: the original first, then the sample
/// as it is in the epochs 0, 1, 2, ….
package struct AugmentationPreview {
    /// Pixels between the images and around them.
    package static let gap = 2
    /// Grey value of the background, from 0 to 255.
    package static let background: UInt8 = 128
    /// Small images are magnified to about this many pixels.
    private static let thumbnailSize = 64

    private let dataset: Dataset
    private let augmenter: Augmenter?
    private let height: Int
    private let width: Int
    private let channels: Int
    /// Pixels of the sheet per pixel of a sample, in each direction.
    package let magnification: Int
    private let shades: Shades
    /// The raw values that are shown as black and as white.
    package var range: ClosedRange<Float> { shades.range }

    /// - Parameter augmentation: nil shows the originals alone.
    /// - Throws: `DatasetError` if the samples are not images of 1 or 3 channels.
    package init(of dataset: Dataset, _ augmentation: Augmentation?, seed: UInt64) throws {
        let shape = dataset.sampleShape
        guard shape.count == 3, shape[2] == 1 || shape[2] == 3 else {
            throw DatasetError(
                "a preview shows images of 1 or 3 channels, and the samples of the training set have shape"
                    + " \(shape)"
            )
        }
        self.dataset = dataset
        augmenter = augmentation.map { Augmenter($0, of: dataset, seed: seed) }
        height = shape[0]
        width = shape[1]
        channels = shape[2]
        magnification = max(1, Self.thumbnailSize / max(height, width))
        shades = Shades(of: dataset)
    }

    /// Chooses `count` samples at equal distances in the training set, which may be sorted by class.
    package func samples(_ count: Int) -> [Int] {
        let count = min(count, dataset.count)
        return (0..<count).map { $0 * dataset.count / count }
    }

    /// Draws the sheet of these samples, each with `variants` augmented images.
    /// - Throws: `DatasetError` if the sheet is empty or too large.
    package func sheet(samples: [Int], variants: Int) throws -> ByteImage {
        let columns = augmenter == nil ? 1 : variants + 1
        let sheetWidth = columns * (width * magnification + Self.gap) + Self.gap
        let sheetHeight = samples.count * (height * magnification + Self.gap) + Self.gap
        guard !samples.isEmpty, sheetWidth <= 1 << 20, sheetHeight <= 1 << 20,
            sheetWidth * sheetHeight <= ImageFile.pixelLimit
        else {
            throw DatasetError(
                "a preview of \(sheetWidth) × \(sheetHeight) pixels is too large; ask for fewer samples or"
                    + " variants"
            )
        }
        var sheet = ByteImage(
            width: sheetWidth, height: sheetHeight, channels: channels,
            pixels: Array(repeating: Self.background, count: sheetWidth * sheetHeight * channels))
        var values = [Float](repeating: 0, count: dataset.sampleSize)
        for (row, sample) in samples.enumerated() {
            for column in 0..<columns {
                if column == 0 {
                    dataset.gather(
                        [sample][...], normalization: Normalization(.none, of: dataset), into: &values)
                } else {
                    augmenter?.write(sample: sample, epoch: column - 1, into: &values)
                }
                draw(values, row: row, column: column, in: &sheet)
            }
        }
        return sheet
    }

    private func draw(_ values: [Float], row: Int, column: Int, in sheet: inout ByteImage) {
        let top = Self.gap + row * (height * magnification + Self.gap)
        let left = Self.gap + column * (width * magnification + Self.gap)
        for y in 0..<(height * magnification) {
            for x in 0..<(width * magnification) {
                let from = ((y / magnification) * width + x / magnification) * channels
                let to = ((top + y) * sheet.width + left + x) * channels
                for c in 0..<channels { sheet.pixels[to + c] = shades.byte(values[from + c]) }
            }
        }
    }
}
