import Datasets

/// Samples of a data set as small PNG pictures.
struct SamplePictures {
    private let dataset: Dataset
    private let shades: Shades

    /// The longer side of a picture: larger ones are made smaller, small ones magnified to about this.
    static let side = 96

    /// Whether there are samples, and they are images of 1 or 3 channels.
    static func canShow(_ dataset: Dataset) -> Bool {
        let shape = dataset.sampleShape
        return shape.count == 3 && (shape[2] == 1 || shape[2] == 3) && shape[0] > 0 && shape[1] > 0
            && dataset.count > 0
    }

    /// Nil for samples that cannot be shown.
    init?(_ dataset: Dataset) {
        guard Self.canShow(dataset) else { return nil }
        self.dataset = dataset
        shades = Shades(of: dataset)
    }

    /// The bytes of a PNG file.
    /// - Throws: `DatasetError` if libpng reports an error.
    func png(_ sample: Int) throws -> [UInt8] {
        var values = [Float](repeating: 0, count: dataset.sampleSize)
        dataset.gather([sample][...], normalization: Normalization(.none, of: dataset), into: &values)
        let shape = dataset.sampleShape
        return try Self.png(
            values.map(shades.byte), width: shape[1], height: shape[0], channels: shape[2])
    }

    /// - Parameter pixels: `[height, width, channels]`
    static func png(_ pixels: [UInt8], width: Int, height: Int, channels: Int) throws -> [UInt8] {
        let image = ByteImage(width: width, height: height, channels: channels, pixels: pixels)
        let longest = max(width, height)
        guard longest > side else { return try PNGFile.encode(image.magnified(side / longest)) }
        return try PNGFile.encode(
            image.resized(
                width: max(1, width * side / longest), height: max(1, height * side / longest)))
    }
}
