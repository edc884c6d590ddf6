import CKernels

/// Convolutions that are computed window by window from the padded image, without a matrix of patches, for
/// any window, stride and number of input channels. Every output is one chain of fused multiply-adds over its
/// window, in the order (kernel row, kernel column, channel); every weight's gradient is one chain over the
/// images of a call. The bits depend neither on the spread of images over calls nor on the processor. Images
/// are NHWC, weights `[kernel height · kernel width · channels, outputs]`.
package struct DirectConvolution: Sendable {
    private let shape: ckernels_windows
    /// Lines of windows that make a part worth a task.
    private static let linesPerPart = 4

    private let depth: Int
    private let outputs: Int
    private let lines: Int
    /// True if lanes share an image by its outputs rather than by its lines: each reads the weights of its
    /// outputs alone.
    private let cutsOutputs: Bool

    /// Nil for a number of outputs that is no multiple of 16, and for windows that are the pixels, one by
    /// one: those are a matrix product.
    package init?(_ geometry: WindowGeometry, outputs: Int) {
        let g = geometry
        guard outputs % 16 == 0, !g.isPointwise else { return nil }
        shape = ckernels_windows(
            height: g.inputHeight, width: g.inputWidth, channels: g.channels, kernel_height: g.kernelHeight,
            kernel_width: g.kernelWidth,
            stride_height: g.strideHeight, stride_width: g.strideWidth, top: g.top, left: g.left,
            bottom: g.bottom, right: g.right,
            output_height: g.outputHeight, output_width: g.outputWidth, outputs: outputs)
        (depth, self.outputs, lines) = (g.patchCount, outputs, g.outputHeight)
        cutsOutputs = g.patchCount * outputs > g.inputCount
    }

    /// Floats of the packed weights.
    package var packedCount: Int { depth * outputs }
    /// Runs of 16 outputs, which can be packed apart.
    package var panels: Int { outputs / 16 }

    /// Packs the weights of some panels into their part of `packed`.
    package func pack(
        _ weights: UnsafePointer<Float>, panels: Range<Int>, into packed: UnsafeMutablePointer<Float>
    ) {
        for panel in panels {
            ckernels_pack(weights + 16 * panel, outputs, depth, 16, packed + 16 * panel * depth)
        }
    }

    /// Floats of scratch memory for a call.
    package var scratchCount: Int { withUnsafePointer(to: shape) { ckernels_direct_scratch($0) } }

    /// The most parts that are worth a task each.
    package var mostParts: Int { cutsOutputs ? panels : max(1, lines / Self.linesPerPart) }

    /// Writes a part of the outputs of `images` images.
    package func convolve(
        _ x: UnsafePointer<Float>, packed: UnsafePointer<Float>, images: Int, _ part: WorkPart = .whole,
        into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let lines = cutsOutputs ? 0..<lines : part.range(of: lines)
        let panels = cutsOutputs ? part.range(of: panels) : 0..<panels
        withUnsafePointer(to: shape) {
            ckernels_direct_forward(x, packed, y, $0, images, ckernels_part(lines, panels: panels), scratch)
        }
    }

    /// Writes the gradient of the weights of some outputs, a multiple of 16, summed over `images` images.
    package func weightGradient(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, outputs: Range<Int>,
        into dw: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: shape) {
            ckernels_direct_weight_gradient(
                x, dy, dw, $0, images, outputs.lowerBound, outputs.upperBound, scratch)
        }
    }
}

extension ckernels_part {
    /// - Parameters:
    ///   - units: lines or tiles.
    ///   - panels: runs of 16 outputs.
    init(_ units: Range<Int>, panels: Range<Int>) {
        self.init(
            first: units.lowerBound, end: units.upperBound, first_output: 16 * panels.lowerBound,
            end_output: 16 * panels.upperBound)
    }
}
