import Kernels

/// The window of a convolution or a pool, as pure data: its size, its stride and the padding at the image's
/// edge.
package struct Window: Equatable, Sendable {
    package enum Padding: Equatable, Sendable {
        /// So many zeros that the output has ⌈n / stride⌉ rows and columns: kernel − 1 in all, the smaller
        /// half above and to the left.
        case same
        case valid
        case explicit(top: Int, bottom: Int, left: Int, right: Int)
    }

    package let height: Int
    package let width: Int
    package let strideHeight: Int
    package let strideWidth: Int
    package let padding: Padding
    /// True if a last window that does not fit as a whole counts too (PyTorch's `ceil_mode`), as long as it
    /// begins inside the image or its first padding.
    package let roundsUp: Bool

    /// - Parameter stride: the window's size if absent, as pools want it.
    package init(
        _ size: (height: Int, width: Int), stride: (height: Int, width: Int)? = nil,
        padding: Padding = .valid, roundsUp: Bool = false
    ) {
        (height, width) = size
        (strideHeight, strideWidth) = stride ?? size
        self.padding = padding
        self.roundsUp = roundsUp
    }

    /// A square window.
    package init(_ size: Int, stride: Int? = nil, padding: Padding = .valid, roundsUp: Bool = false) {
        self.init((size, size), stride: stride.map { ($0, $0) }, padding: padding, roundsUp: roundsUp)
    }

    /// The size and, unless it is 1, the stride, for people: `3×3 / 2`.
    var summary: String {
        let stride =
            strideHeight == 1 && strideWidth == 1
            ? "" : strideHeight == strideWidth ? " / \(strideHeight)" : " / \(strideHeight)×\(strideWidth)"
        return "\(height)×\(width)\(stride)"
    }

    package var sides: (top: Int, bottom: Int, left: Int, right: Int) {
        switch padding {
        case .same: ((height - 1) / 2, height / 2, (width - 1) / 2, width / 2)
        case .valid: (0, 0, 0, 0)
        case .explicit(let top, let bottom, let left, let right): (top, bottom, left, right)
        }
    }

    /// Lays the window on images of this shape.
    ///
    /// - Parameters:
    ///   - name: the layer's.
    ///   - pools: true if every window must hold a pixel. The padding of a convolution may fill a window.
    /// - Throws: `WindowMisfit` if the shape is no image, or too small.
    package func geometry(on shape: TensorShape, name: String, pools: Bool) throws(WindowMisfit)
        -> WindowGeometry
    {
        guard shape.dimensions.count == 3 else {
            throw WindowMisfit(
                "`\(name)` slides a window over images of height×width×channels, "
                    + "but the layer before it gives \(shape): put it before \"flatten\" and dense layers"
            )
        }
        let (top, bottom, left, right) = sides
        if pools && (max(top, bottom) >= height || max(left, right) >= width) {
            throw WindowMisfit(
                "`\(name)` pads by as much as its window of \(height)×\(width), so that "
                    + "some windows would hold no pixel: pad by less than the window"
            )
        }
        let (inputHeight, inputWidth) = (shape.dimensions[0], shape.dimensions[1])
        guard inputHeight + top + bottom >= height, inputWidth + left + right >= width else {
            let padded = padding == .valid ? "" : " with its padding"
            throw WindowMisfit(
                "`\(name)` has a window of \(height)×\(width), but the layer before it gives \(shape), "
                    + "which is smaller\(padded): use a smaller window, padding \"same\", or fewer pools and "
                    + "strides before it"
            )
        }
        return WindowGeometry(
            input: (inputHeight, inputWidth, shape.dimensions[2]), kernel: (height, width),
            stride: (strideHeight, strideWidth),
            padding: (top, bottom, left, right),
            output: (
                count(inputHeight, before: top, after: bottom, size: height, stride: strideHeight),
                count(inputWidth, before: left, after: right, size: width, stride: strideWidth)
            ))
    }

    private func count(_ n: Int, before: Int, after: Int, size: Int, stride: Int) -> Int {
        let room = n + before + after - size
        guard roundsUp else { return room / stride + 1 }
        let count = (room + stride - 1) / stride + 1
        return (count - 1) * stride >= n + before ? count - 1 : count
    }
}

/// The error of a window that cannot be laid on the output of the layer before it.
package struct WindowMisfit: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
