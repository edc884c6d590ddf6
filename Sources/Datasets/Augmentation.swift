/// How the images of the training set are varied, anew in each epoch: the job's field `data.augment`.
///
///     var augmentation = Augmentation()
///     augmentation.horizontalFlip = 0.5              // probability
///     augmentation.rotation = -10...10               // degrees
///     let augmenter = Augmenter(augmentation, of: train, seed: 42)
///     augmenter.write(sample: 7, epoch: 0, into: row)
///
/// Every draw is uniform. The operations act in this order: flips, scale and stretch, shear, rotation,
/// translation, crop. Together they are one affine map about the image's centre and one bilinear
/// interpolation. Brightness and contrast follow; they act on the filled outside too. All of it works on raw
/// values, before normalisation, and nothing is rounded or clipped.
package struct Augmentation: Equatable, Sendable {
    /// One number for each direction.
    package struct Pair<Value: Equatable & Sendable>: Equatable, Sendable {
        package var x: Value
        package var y: Value

        package init(_ x: Value, _ y: Value) {
            self.x = x
            self.y = y
        }
    }

    /// The values outside the image.
    package enum Fill: Equatable, Sendable {
        /// One raw value for all channels.
        case value(Double)
        /// Each channel's mean over the training set.
        case mean
        /// The nearest pixel of the image.
        case edge
    }

    /// Random crop: pixels added on each side before a window of the original size is cut out at a random
    /// place (PyTorch's `RandomCrop`).
    package var cropPadding = Pair(0, 0)
    /// Probability of a left-right flip, from 0 to 1.
    package var horizontalFlip = 0.0
    /// Probability of an upside-down flip, from 0 to 1.
    package var verticalFlip = 0.0
    /// Rotation in degrees, counter-clockwise.
    package var rotation = 0.0...0.0
    /// Largest shift, as a fraction of width and height; shifts are rounded to whole pixels.
    package var translation = Pair(0.0, 0.0)
    /// Zoom: one factor for both directions.
    package var scale = 1.0...1.0
    /// Aspect ratio s, width over height, at constant area: the factors are √s and 1/√s.
    package var stretch = 1.0...1.0
    /// Shear angle φ in degrees: x grows by y·tan φ.
    package var shear = 0.0...0.0
    /// Brightness b: values are multiplied by a factor from max(0, 1 − b) to 1 + b.
    package var brightness = 0.0
    /// Contrast c: distances from the image's mean are multiplied by a factor from max(0, 1 − c) to 1 + c.
    package var contrast = 0.0
    package var fill = Fill.value(0)

    package init() {}

    /// Says why samples of this shape cannot be augmented; nil if they are images.
    package static func problem(sampleShape: [Int]) -> String? {
        if sampleShape.count == 3 { return nil }
        return "`augment` needs images, [height, width, channels], and the samples have shape \(sampleShape):"
            + " remove it"
    }
}
