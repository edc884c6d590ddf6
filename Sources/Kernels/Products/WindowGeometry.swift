/// The windows of a convolution or a pool on images `[height, width, channels]`, in pixels. Window (y, x)
/// covers the rows `y · strideHeight − top ..< … + kernelHeight` and the columns
/// `x · strideWidth − left ..< … + kernelWidth`. Pixels outside the image are padding.
package struct WindowGeometry: Hashable, Sendable {
    package let inputHeight: Int
    package let inputWidth: Int
    package let channels: Int
    package let kernelHeight: Int
    package let kernelWidth: Int
    package let strideHeight: Int
    package let strideWidth: Int
    package let top: Int
    package let bottom: Int
    package let left: Int
    package let right: Int
    package let outputHeight: Int
    package let outputWidth: Int

    package init(
        input: (height: Int, width: Int, channels: Int), kernel: (height: Int, width: Int),
        stride: (height: Int, width: Int),
        padding: (top: Int, bottom: Int, left: Int, right: Int), output: (height: Int, width: Int)
    ) {
        (inputHeight, inputWidth, channels) = input
        (kernelHeight, kernelWidth) = kernel
        (strideHeight, strideWidth) = stride
        (top, bottom, left, right) = padding
        (outputHeight, outputWidth) = output
    }

    /// Values of one image.
    package var inputCount: Int { inputHeight * inputWidth * channels }
    /// Windows on one image.
    package var positions: Int { outputHeight * outputWidth }
    /// Values under one window.
    package var patchCount: Int { kernelHeight * kernelWidth * channels }
    /// True if the windows are the pixels, one by one.
    package var isPointwise: Bool {
        patchCount == channels && strideHeight == 1 && strideWidth == 1 && top == 0 && bottom == 0
            && left == 0 && right == 0
    }

    /// The image's rows under the windows of output row `y`, without padding.
    @inline(__always)
    func rows(under y: Int) -> Range<Int> {
        Self.clipped(y * strideHeight - top, kernelHeight, inputHeight)
    }

    /// The image's columns under the windows of output column `x`, without padding.
    @inline(__always)
    func columns(under x: Int) -> Range<Int> {
        Self.clipped(x * strideWidth - left, kernelWidth, inputWidth)
    }

    @inline(__always)
    private static func clipped(_ start: Int, _ size: Int, _ limit: Int) -> Range<Int> {
        let lower = min(max(start, 0), limit)
        return lower..<max(lower, min(start + size, limit))
    }

    /// Pixels under window (y, x), with padding, but without pixels beyond the padding (PyTorch's
    /// `count_include_pad`).
    @inline(__always)
    func paddedCount(_ y: Int, _ x: Int) -> Int {
        let (top, left) = (y * strideHeight - self.top, x * strideWidth - self.left)
        return (min(top + kernelHeight, inputHeight + bottom) - top)
            * (min(left + kernelWidth, inputWidth + right) - left)
    }
}
