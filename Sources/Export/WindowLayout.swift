import Kernels
import NeuralNetwork

/// The windows of a layer in the words of other programs: padding with which the number of windows follows,
/// and is never rounded up.
struct WindowLayout {
    let geometry: WindowGeometry
    /// Rows below and columns to the right, enough for the last window.
    let bottom: Int
    let right: Int

    /// - Parameter input: `[height, width, channels]`.
    init(_ window: Window, on input: TensorShape, of layer: String) {
        guard let geometry = try? window.geometry(on: input, name: layer, pools: false) else {
            preconditionFailure("a plan's windows fit")
        }
        self.geometry = geometry
        func end(_ outputs: Int, _ stride: Int, _ kernel: Int, _ input: Int, _ before: Int) -> Int {
            (outputs - 1) * stride + kernel - input - before
        }
        bottom = max(
            geometry.bottom,
            end(
                geometry.outputHeight, geometry.strideHeight, geometry.kernelHeight, geometry.inputHeight,
                geometry.top))
        right = max(
            geometry.right,
            end(
                geometry.outputWidth, geometry.strideWidth, geometry.kernelWidth, geometry.inputWidth,
                geometry.left))
    }

    /// True if both ends of an axis have the same padding.
    var isSymmetric: Bool { geometry.top == bottom && geometry.left == right }

    /// A factor for the mean of each window `[height, width]`, because pixels beyond the layer's own padding
    /// do not count; nil if there are none.
    var meanFactors: [Float]? {
        guard bottom > geometry.bottom || right > geometry.right else { return nil }
        let rows = (0..<geometry.outputHeight).map { y in
            counted(
                y * geometry.strideHeight - geometry.top, geometry.kernelHeight,
                geometry.inputHeight + geometry.bottom)
        }
        let columns = (0..<geometry.outputWidth).map { x in
            counted(
                x * geometry.strideWidth - geometry.left, geometry.kernelWidth,
                geometry.inputWidth + geometry.right)
        }
        let area = Float(geometry.kernelHeight * geometry.kernelWidth)
        return rows.flatMap { row in columns.map { area / Float(row * $0) } }
    }

    private func counted(_ start: Int, _ size: Int, _ limit: Int) -> Int { min(start + size, limit) - start }
}
