import Kernels
import System

/// A contact sheet: what training sees. Each row is one sample: as it is, then as it is in the epochs 0, 1, 2, ….
package struct AugmentationPreview {
    /// Between the images, and around them.
    package static let gap = 2
    /// Of the ground on which the images lie.
    package static let ground: UInt8 = 128
    /// Small images are magnified to about this.
    private static let tileSize = 64

    private let dataset: Dataset
    private let augmenter: Augmenter?
    private let height: Int
    private let width: Int
    private let channels: Int
    /// How many pixels of the sheet a pixel of a sample gets, in each direction.
    package let magnification: Int
    /// The raw values that become black and white.
    package let range: ClosedRange<Float>

    /// - Parameter augmentation: nil: the samples alone.
    package init(of dataset: Dataset, _ augmentation: Augmentation?, seed: UInt64) throws {
        let shape = dataset.sampleShape
        guard shape.count == 3, shape[2] == 1 || shape[2] == 3 else {
            throw DatasetError(
                "a preview shows images of 1 or 3 channels, and the samples of the training set have shape \(shape)"
            )
        }
        self.dataset = dataset
        augmenter = augmentation.map { Augmenter($0, of: dataset, seed: seed) }
        (height, width, channels) = (shape[0], shape[1], shape[2])
        magnification = max(1, Self.tileSize / max(height, width))
        range = Self.range(of: dataset)
    }

    /// `count` samples at even distances in the training set, which may be sorted by class.
    package func samples(_ count: Int) -> [Int] {
        let count = min(count, dataset.count)
        return (0..<count).map { $0 * dataset.count / count }
    }

    /// The sheet of these samples, each with so many variants.
    package func sheet(samples: [Int], variants: Int) throws -> ByteImage {
        let columns = augmenter == nil ? 1 : variants + 1
        let (tileHeight, tileWidth) = (height * magnification, width * magnification)
        let sheetWidth = columns * (tileWidth + Self.gap) + Self.gap
        let sheetHeight = samples.count * (tileHeight + Self.gap) + Self.gap
        guard !samples.isEmpty, sheetWidth <= 1 << 20, sheetHeight <= 1 << 20,
            sheetWidth * sheetHeight <= ImageFile.pixelLimit
        else {
            throw DatasetError(
                "a preview of \(sheetWidth) × \(sheetHeight) pixels is too large; ask for fewer samples or variants"
            )
        }
        var sheet = ByteImage(
            width: sheetWidth, height: sheetHeight, channels: channels,
            pixels: Array(repeating: Self.ground, count: sheetWidth * sheetHeight * channels))
        var values = [Float](repeating: 0, count: dataset.sampleSize)
        for (row, sample) in samples.enumerated() {
            for column in 0..<columns {
                if column == 0 {
                    dataset.gather(
                        [sample][...], normalization: Normalization(.none, of: dataset), into: &values)
                } else {
                    augmenter?.write(sample: sample, epoch: column - 1, into: &values)
                }
                place(values, row: row, column: column, in: &sheet)
            }
        }
        return sheet
    }

    private func place(_ values: [Float], row: Int, column: Int, in sheet: inout ByteImage) {
        let top = Self.gap + row * (height * magnification + Self.gap)
        let left = Self.gap + column * (width * magnification + Self.gap)
        for y in 0..<(height * magnification) {
            for x in 0..<(width * magnification) {
                let from = ((y / magnification) * width + x / magnification) * channels
                let to = ((top + y) * sheet.width + left + x) * channels
                for c in 0..<channels { sheet.pixels[to + c] = byte(values[from + c]) }
            }
        }
    }

    private func byte(_ value: Float) -> UInt8 {
        let fraction = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        return fraction > 0 ? UInt8(min(fraction, 1) * 255 + 0.5) : 0  // not a number: black
    }

    /// Bytes stay as they are, unless the set uses less than half of their range, as the digits do.
    private static func range(of dataset: Dataset) -> ClosedRange<Float> {
        switch dataset.form.elementType {
        case .uint8:
            let most = dataset.features.max() ?? 255
            return 0...(most > 127 || most == 0 ? 255 : Float(most))
        case .float32:
            let finite = dataset.features.bindMemory(to: Float.self).lazy.filter(\.isFinite)
            let (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
            return least < most ? least...most : least...(least + max(1, least.magnitude))
        }
    }
}
