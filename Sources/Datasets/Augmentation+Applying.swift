import Kernels

/// Makes augmented samples of a training set. Any thread may, several at a time: the result depends on the sample and the epoch alone.
package struct Augmenter: Sendable {
    private let augmentation: Augmentation
    private let dataset: Dataset
    private let seed: UInt64
    private let shape: ImageWarp.Shape
    /// `[channels]`; nil: the image's edge.
    private let fill: [Float]?

    /// - Parameters:
    ///   - dataset: the training set, of images (see `Augmentation.problem`).
    ///   - mean: each channel's mean over it, if it is known already.
    package init(_ augmentation: Augmentation, of dataset: Dataset, seed: UInt64, mean: [Float]? = nil) {
        precondition(dataset.sampleShape.count == 3, "only images are augmented")
        (self.augmentation, self.dataset, self.seed) = (augmentation, dataset, seed)
        shape = ImageWarp.Shape(
            height: dataset.sampleShape[0], width: dataset.sampleShape[1], channels: dataset.sampleShape[2])
        fill =
            switch augmentation.fill {
            case .value(let value): Array(repeating: Float(value), count: shape.channels)
            case .mean: mean ?? Normalization(.zScore, of: dataset).shift
            case .edge: nil
            }
    }

    /// Writes the raw values of a sample as it is in an epoch (from 0), `[height, width, channels]`. No allocation.
    package func write(sample: Int, epoch: Int, into row: UnsafeMutablePointer<Float>) {
        precondition(sample >= 0 && sample < dataset.count, "A sample's index lies in the data set")
        let draw = augmentation.draw(
            seed: seed, epoch: epoch, sample: sample, height: shape.height, width: shape.width)
        if let fill {
            fill.withUnsafeBufferPointer { warp(sample, draw.map, $0.baseAddress, row) }
        } else {
            warp(sample, draw.map, nil, row)
        }
        ImageWarp.adjust(row, count: shape.count, brightness: draw.brightness, contrast: draw.contrast)
    }

    private func warp(
        _ sample: Int, _ map: AffineMap, _ fill: UnsafePointer<Float>?, _ row: UnsafeMutablePointer<Float>
    ) {
        guard let features = dataset.features.baseAddress else { return }
        switch dataset.form.elementType {
        case .uint8:
            ImageWarp.warp(
                features.advanced(by: sample * shape.count).assumingMemoryBound(to: UInt8.self), shape, map,
                fill: fill, into: row)
        case .float32:
            ImageWarp.warp(
                features.advanced(by: 4 * sample * shape.count).assumingMemoryBound(to: Float.self), shape,
                map, fill: fill, into: row)
        }
    }
}
