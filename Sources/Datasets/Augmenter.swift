import Kernels

/// Makes augmented samples of a training set. Several threads may use it at the same time, because the result
/// depends on the sample and the epoch alone.
package struct Augmenter: Sendable {
    private let augmentation: Augmentation
    private let dataset: Dataset
    private let seed: UInt64
    private let shape: ImageWarp.Shape
    /// The raw value outside the image, `[channels]`; nil repeats the image's edge.
    private let fill: [Float]?

    /// - Parameters:
    ///   - dataset: the training set, which must hold images (see `Augmentation.problem`).
    ///   - seed: the job's seed.
    ///   - mean: each channel's mean over the training set; nil computes it where `fill` needs it.
    package init(_ augmentation: Augmentation, of dataset: Dataset, seed: UInt64, mean: [Float]? = nil) {
        precondition(dataset.sampleShape.count == 3, "only images are augmented")
        self.augmentation = augmentation
        self.dataset = dataset
        self.seed = seed
        shape = ImageWarp.Shape(
            height: dataset.sampleShape[0], width: dataset.sampleShape[1], channels: dataset.sampleShape[2])
        fill =
            switch augmentation.fill {
            case .value(let value): Array(repeating: Float(value), count: shape.channels)
            case .mean: mean ?? Normalization(.zScore, of: dataset).shift
            case .edge: nil
            }
    }

    /// Writes the raw values `[height, width, channels]` of a sample as it is in an epoch (counted from 0).
    /// Allocates nothing.
    package func write(sample: Int, epoch: Int, into row: UnsafeMutablePointer<Float>) {
        precondition(sample >= 0 && sample < dataset.count, "A sample's index lies in the data set")
        let draw = augmentation.draw(
            seed: seed, epoch: epoch, sample: sample, height: shape.height, width: shape.width)
        if let fill {
            fill.withUnsafeBufferPointer { warp(sample, by: draw.map, fill: $0.baseAddress, into: row) }
        } else {
            warp(sample, by: draw.map, fill: nil, into: row)
        }
        ImageWarp.adjust(row, count: shape.count, brightness: draw.brightness, contrast: draw.contrast)
    }

    private func warp(
        _ sample: Int, by map: AffineMap, fill: UnsafePointer<Float>?, into row: UnsafeMutablePointer<Float>
    ) {
        guard let features = dataset.features.baseAddress else { return }
        switch dataset.form.elementType {
        case .uint8:
            ImageWarp.warp(
                features.advanced(by: sample * shape.count).assumingMemoryBound(to: UInt8.self), shape, map,
                fill: fill, into: row)
        case .uint16, .uint32: preconditionFailure("Images are bytes or floats")
        case .float32:
            ImageWarp.warp(
                features.advanced(by: 4 * sample * shape.count).assumingMemoryBound(to: Float.self), shape,
                map, fill: fill, into: row)
        }
    }
}
