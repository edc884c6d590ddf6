import CKernels

/// 3×3 convolutions by Winograd's minimal filtering F(4×4, 3×3) (https://arxiv.org/abs/1509.09308): 36
/// multiplications for 16 outputs instead of 144, for a rounding error of a few 1e-6 of the values. A
/// result's bits depend only on the values that it is computed from: neither on the spread of images over
/// calls nor on the processor. The weights' gradient is one sum over the images of a call, in their order.
/// Images are NHWC, weights `[3, 3, channels, outputs]`.
package struct Winograd: Sendable {
    /// Tiles that make a part worth a task.
    private static let tilesPerPart = 24

    let shape: ckernels_convolution
    package let channels: Int
    package let outputs: Int
    /// Tiles of 4×4 outputs on an image.
    package let outputTiles: Int

    /// Nil where the method does not serve: other windows, channels that are no multiples of 16, or images so
    /// small that the tiles would be mostly padding.
    package init?(_ geometry: WindowGeometry, outputs: Int) {
        let g = geometry
        outputTiles = (g.outputHeight + 3) / 4 * ((g.outputWidth + 3) / 4)
        guard g.kernelHeight == 3, g.kernelWidth == 3, g.strideHeight == 1, g.strideWidth == 1,
            g.channels % 16 == 0, outputs % 16 == 0,
            0...2 ~= g.top, 0...2 ~= g.left, outputTiles * 36 * 4 <= g.positions * 9 * 3
        else { return nil }
        shape = Self.shape(
            g.inputHeight, g.inputWidth, g.channels, g.outputHeight, g.outputWidth, outputs, g.top, g.left)
        (channels, self.outputs) = (g.channels, outputs)
    }

    private init(transposing other: Winograd) {
        let s = other.shape
        shape = ckernels_convolution(
            height: s.output_height, width: s.output_width, channels: s.outputs, output_height: s.height,
            output_width: s.width,
            outputs: s.channels, top: 2 - s.top, left: 2 - s.left)
        (channels, outputs) = (other.outputs, other.channels)
        outputTiles = Int((s.height + 3) / 4 * ((s.width + 3) / 4))
    }

    private static func shape(
        _ height: Int, _ width: Int, _ channels: Int, _ outputHeight: Int, _ outputWidth: Int, _ outputs: Int,
        _ top: Int, _ left: Int
    ) -> ckernels_convolution {
        ckernels_convolution(
            height: height, width: width, channels: channels, output_height: outputHeight,
            output_width: outputWidth, outputs: outputs,
            top: top, left: left)
    }

    /// The convolution that computes the input's gradient from the output's: its weights are rotated, and
    /// their channels exchanged.
    package var transposed: Winograd { Winograd(transposing: self) }

    /// Floats of the transformed weights.
    package var transformedCount: Int { ckernels_winograd_weights_count(channels, outputs) }
    /// Runs of 16 outputs, which can be transformed apart.
    package var panels: Int { outputs / 16 }

    /// Transforms weights `[3, 3, channels, outputs]` for some panels into their part of `u`.
    package func transform(
        _ weights: UnsafePointer<Float>, panels: Range<Int>, into u: UnsafeMutablePointer<Float>
    ) {
        ckernels_winograd_weights(weights, channels, outputs, panels.lowerBound, panels.upperBound, u)
    }

    /// Transforms the weights `[3, 3, outputs, channels]` of the original convolution for a transposed one.
    package func transform(
        original weights: UnsafePointer<Float>, panels: Range<Int>, into u: UnsafeMutablePointer<Float>
    ) {
        ckernels_winograd_weights_rotated(weights, outputs, channels, panels.lowerBound, panels.upperBound, u)
    }

    /// Floats of scratch memory for `convolve`.
    package var scratchCount: Int { withUnsafePointer(to: shape) { ckernels_winograd_forward_scratch($0) } }

    /// The most parts of some images that are worth a task each.
    package func mostParts(images: Int) -> Int { max(images * outputTiles / Self.tilesPerPart, panels) }

    /// Cuts along tiles, or along outputs where tiles are few: each part then reads the weights of its
    /// outputs alone.
    func cut(_ part: WorkPart, images: Int) -> ckernels_part {
        let tiles = images * outputTiles
        return tiles >= part.count * Self.tilesPerPart
            ? ckernels_part(part.range(of: tiles), panels: 0..<panels)
            : ckernels_part(0..<tiles, panels: part.range(of: panels))
    }

    /// Writes a part of the outputs of `images` images; `u` are the transformed weights.
    package func convolve(
        _ x: UnsafePointer<Float>, transformed u: UnsafePointer<Float>, images: Int,
        _ part: WorkPart = .whole, into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: shape) {
            ckernels_winograd_forward(x, u, y, $0, cut(part, images: images), scratch)
        }
    }

    /// Floats of scratch memory for `weightGradient` with `channels` input channels at a time.
    package func gradientScratchCount(channels: Int) -> Int {
        withUnsafePointer(to: shape) { ckernels_winograd_gradient_scratch($0, channels) }
    }

    /// Writes the gradient of the weights of some input channels, a multiple of 16, summed over `images`
    /// images, at least one.
    package func weightGradient(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, channels: Range<Int>,
        into dw: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: shape) {
            ckernels_winograd_weight_gradient(
                x, dy, dw, $0, images, channels.lowerBound, channels.upperBound, scratch)
        }
    }
}
