/// How the images of the training set are varied, anew in each epoch: what a job says under `data.augment`.
///
/// Every draw is uniform. The operations act in this order: flips, scale and stretch, shear, rotation, translation, the crop; together they
/// are one affine map about the image's centre and one bilinear interpolation. Then come brightness and contrast, on what fills the outside
/// too. All of it on raw values, before normalisation; nothing is rounded or clipped.
package struct Augmentation: Equatable, Sendable {
    /// A number for each direction.
    package struct Pair<Value: Equatable & Sendable>: Equatable, Sendable {
        package var x: Value
        package var y: Value

        package init(_ x: Value, _ y: Value) { (self.x, self.y) = (x, y) }
    }

    /// What lies outside the image.
    package enum Fill: Equatable, Sendable {
        /// One raw value for all channels.
        case value(Double)
        /// Each channel's mean over the training set.
        case mean
        /// The nearest pixel of the image.
        case edge
    }

    /// Whole pixels that are added on each side before a window of the original size is cut out anywhere (PyTorch's `RandomCrop`).
    package var cropPadding = Pair(0, 0)
    /// Probabilities.
    package var horizontalFlip = 0.0
    package var verticalFlip = 0.0
    /// Degrees, counter-clockwise.
    package var rotation = 0.0...0.0
    /// The largest shift, as a fraction of width and height; shifts are rounded to whole pixels.
    package var translation = Pair(0.0, 0.0)
    /// A factor for both directions.
    package var scale = 1.0...1.0
    /// Width against height, at the same area: factors √s and 1/√s.
    package var stretch = 1.0...1.0
    /// Degrees φ: x grows by y·tan φ.
    package var shear = 0.0...0.0
    /// b: values are multiplied by a factor from max(0, 1 − b) to 1 + b.
    package var brightness = 0.0
    /// c: distances from the image's mean are multiplied by a factor from max(0, 1 − c) to 1 + c.
    package var contrast = 0.0
    package var fill = Fill.value(0)

    package init() {}

    /// Why samples of this shape cannot be augmented; nil if they are images.
    package static func problem(sampleShape: [Int]) -> String? {
        sampleShape.count == 3
            ? nil
            : "`augment` needs images, [height, width, channels], and the samples have shape \(sampleShape): remove it"
    }
}
