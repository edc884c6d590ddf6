/// The layout of a tensor in memory and in files, which have PyTorch's layout.
package enum TensorStorage: Equatable, Sendable {
    /// The same in both.
    case vector(count: Int)
    /// A matrix that is the same in both.
    case table(rows: Int, columns: Int)
    /// In memory `[inputs, outputs]`, in files `[outputs, inputs]`. The inputs of a layer behind a flatten
    /// count height, width, channels in memory (NHWC) and channels, height, width in files; `flattened` is
    /// the shape before the flatten.
    case dense(inputs: Int, outputs: Int, flattened: TensorShape?)

    /// In memory `[height · width · inputs, outputs]`, in files `[outputs, inputs, height, width]`.
    case convolution(height: Int, width: Int, inputs: Int, outputs: Int)

    /// In memory `[kernel · inputs, outputs]`, in files `[outputs, inputs, kernel]`.
    case sequenceConvolution(kernel: Int, inputs: Int, outputs: Int)

    package var count: Int {
        switch self {
        case .vector(let count): count
        case .table(let rows, let columns): rows * columns
        case .convolution(let height, let width, let inputs, let outputs): height * width * inputs * outputs
        case .sequenceConvolution(let kernel, let inputs, let outputs): kernel * inputs * outputs
        case .dense(let inputs, let outputs, _): inputs * outputs
        }
    }

    package var fileShape: [Int] {
        switch self {
        case .vector(let count): [count]
        case .table(let rows, let columns): [rows, columns]
        case .convolution(let height, let width, let inputs, let outputs): [outputs, inputs, height, width]
        case .sequenceConvolution(let kernel, let inputs, let outputs): [outputs, inputs, kernel]
        case .dense(let inputs, let outputs, _): [outputs, inputs]
        }
    }

    /// Calls `body(index in memory, index in file)` for every value.
    private func forEachPlace(_ body: (Int, Int) -> Void) {
        switch self {
        case .vector, .table:
            for i in 0..<count { body(i, i) }
        case .convolution(let height, let width, let inputs, let outputs):
            Self.forEachPlace(positions: height * width, channels: inputs, outputs: outputs, body)
        case .sequenceConvolution(let kernel, let inputs, let outputs):
            Self.forEachPlace(positions: kernel, channels: inputs, outputs: outputs, body)
        case .dense(let inputs, let outputs, let flattened):
            Self.forEachPlace(
                positions: flattened?.positions ?? inputs, channels: flattened?.channels ?? 1,
                outputs: outputs, body)
        }
    }

    /// In memory `[positions, channels, outputs]`, in files `[outputs, channels, positions]`: along few of
    /// the file's rows at a time, so that each line of the cache is written whole.
    private static func forEachPlace(positions: Int, channels: Int, outputs: Int, _ body: (Int, Int) -> Void)
    {
        let row = positions * channels
        for first in stride(from: 0, to: outputs, by: 8) {
            let end = min(first + 8, outputs)
            for channel in 0..<channels {
                for position in 0..<positions {
                    let (memory, file) = (
                        (position * channels + channel) * outputs, channel * positions + position
                    )
                    for output in first..<end { body(memory + output, output * row + file) }
                }
            }
        }
    }

    /// Copies from memory's layout to the files'.
    package func toFile(_ memory: UnsafePointer<Float>, _ file: UnsafeMutablePointer<Float>) {
        forEachPlace { file[$1] = memory[$0] }
    }

    /// Copies from the files' layout to memory's.
    package func fromFile(_ file: UnsafePointer<Float>, _ memory: UnsafeMutablePointer<Float>) {
        forEachPlace { memory[$0] = file[$1] }
    }
}
