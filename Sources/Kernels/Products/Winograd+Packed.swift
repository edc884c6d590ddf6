import CKernels

/// Convolutions whose weights are kept as they are, and transformed block by block as they are needed: a
/// fourth of the memory. For the few tiles of one image of many channels that is also faster, because reading
/// the weights takes longer than computing with them. The bits are those of `convolve(_:transformed:…)`.
extension Winograd {
    /// Floats of the packed weights.
    package var packedCount: Int { 9 * channels * outputs }

    /// Packs weights `[3, 3, channels, outputs]` for some panels into their part of `packed`.
    package func pack(
        _ weights: UnsafePointer<Float>, panels: Range<Int>, into packed: UnsafeMutablePointer<Float>
    ) {
        ckernels_winograd_pack(weights, channels, outputs, panels.lowerBound, panels.upperBound, packed)
    }

    /// Floats of scratch memory for `convolve(_:packed:…)`.
    package var packedScratchCount: Int {
        withUnsafePointer(to: shape) { ckernels_winograd_packed_scratch($0) }
    }

    /// Writes a part of the outputs of `images` images.
    package func convolve(
        _ x: UnsafePointer<Float>, packed: UnsafePointer<Float>, images: Int, _ part: WorkPart,
        into y: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: shape) {
            ckernels_winograd_forward_packed(x, packed, y, $0, cut(part, images: images), scratch)
        }
    }
}
