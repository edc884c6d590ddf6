import Kernels

/// The random numbers of one sample in one epoch.
package struct AugmentationDraw: Equatable, Sendable {
    /// Maps a pixel of the augmented image to the place in the original that it is read from.
    package let map: AffineMap
    /// Factor on all values; 1 changes nothing.
    package let brightness: Float
    /// Factor on the distance of each value from the image's mean; 1 changes nothing.
    package let contrast: Float
}

extension Augmentation {
    /// Draws for a sample: a pure function of the seed, the epoch and the sample's index in the training set.
    /// Every operation draws its numbers whether it is used or not, so that switching one on changes no
    /// other.
    package func draw(seed: UInt64, epoch: Int, sample: Int, height: Int, width: Int) -> AugmentationDraw {
        var stream = RandomStream(seed: seed, purpose: .augmentation, major: epoch, minor: sample)
        let flip = Pair(stream.uniform() < horizontalFlip, stream.uniform() < verticalFlip)
        let angle = stream.uniform(within: rotation)
        let shift = Pair(stream.pixels(translation.x, of: width), stream.pixels(translation.y, of: height))
        let scale = stream.uniform(within: scale)
        let stretch = stream.uniform(within: stretch)
        let slant = stream.uniform(within: shear)
        let brightness = stream.uniform(within: max(0, 1 - brightness)...(1 + brightness))
        let contrast = stream.uniform(within: max(0, 1 - contrast)...(1 + contrast))
        let crop = Pair(stream.offset(padding: cropPadding.x), stream.offset(padding: cropPadding.y))
        let root = ScalarMath.sqrt(stretch)
        let map = Self.map(
            flip: flip, scale: Pair(scale * root, scale / root), shear: slant, rotation: angle,
            shift: Pair(shift.x + crop.x, shift.y + crop.y))
        return AugmentationDraw(map: map, brightness: Float(brightness), contrast: Float(contrast))
    }

    /// The inverse map, from the augmented image back to the original:
    /// flip⁻¹ · scale⁻¹ · shear⁻¹ · rotation⁻¹ · (p − shift). It is exact where only flips, quarter turns and
    /// shifts take part.
    /// - Parameters:
    ///   - shear: degrees.
    ///   - rotation: degrees, counter-clockwise.
    ///   - shift: pixels.
    package static func map(
        flip: Pair<Bool>, scale: Pair<Double>, shear: Double, rotation: Double, shift: Pair<Double>
    ) -> AffineMap {
        let (sine, cosine) = sineAndCosine(degrees: rotation)
        let (shearSine, shearCosine) = sineAndCosine(degrees: shear)
        let tangent = shearSine / shearCosine
        let x = (flip.x ? -1 : 1) / scale.x
        let y = (flip.y ? -1 : 1) / scale.y
        let xx = x * (cosine - tangent * sine)
        let xy = -x * (sine + tangent * cosine)
        let yx = y * sine
        let yy = y * cosine
        return AffineMap(
            xx: xx, xy: xy, x0: -(xx * shift.x + xy * shift.y), yx: yx, yy: yy,
            y0: -(yx * shift.x + yy * shift.y))
    }

    /// Sine and cosine, exact for multiples of 90°.
    private static func sineAndCosine(degrees: Double) -> (sine: Double, cosine: Double) {
        let quarters = (degrees / 90).rounded()
        let rest = (degrees - 90 * quarters) * (Double.pi / 180)
        let sine = ScalarMath.sin(rest)
        let cosine = ScalarMath.cos(rest)
        return switch Int(quarters) & 3 {
        case 0: (sine, cosine)
        case 1: (cosine, -sine)
        case 2: (-sine, -cosine)
        default: (-cosine, sine)
        }
    }
}

// Each of these takes exactly one `uniform` from the stream, whatever the bounds are.
extension RandomStream {
    fileprivate mutating func uniform(within range: ClosedRange<Double>) -> Double {
        uniform(in: Range(uncheckedBounds: (range.lowerBound, range.upperBound)))
    }

    /// A whole number of pixels, at most `fraction · size` in either direction.
    fileprivate mutating func pixels(_ fraction: Double, of size: Int) -> Double {
        let most = fraction * Double(size)
        return uniform(within: -most...most).rounded()
    }

    /// A whole number of pixels from −padding to padding, each as likely.
    fileprivate mutating func offset(padding: Int) -> Double {
        (uniform() * Double(2 * padding + 1)).rounded(.down) - Double(padding)
    }
}
