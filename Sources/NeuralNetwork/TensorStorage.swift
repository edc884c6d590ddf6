/// How a tensor lies in memory, and how in files, where it has PyTorch's layout.
package enum TensorStorage: Equatable, Sendable {
    /// The same in both.
    case vector(count: Int)
    /// In memory `[inputs, outputs]`, in files `[outputs, inputs]`. The inputs of a layer behind a flatten count
    /// height, width, channels in memory (NHWC) and channels, height, width in files; `flattened` is the shape before the flatten.
    case dense(inputs: Int, outputs: Int, flattened: TensorShape?)

    /// In memory `[height · width · inputs, outputs]`, in files `[outputs, inputs, height, width]`.
    case convolution(height: Int, width: Int, inputs: Int, outputs: Int)

    package var count: Int {
        switch self {
        case .vector(let count): count
        case .convolution(let height, let width, let inputs, let outputs): height * width * inputs * outputs
        case .dense(let inputs, let outputs, _): inputs * outputs
        }
    }

    package var fileShape: [Int] {
        switch self {
        case .vector(let count): [count]
        case .convolution(let height, let width, let inputs, let outputs): [outputs, inputs, height, width]
        case .dense(let inputs, let outputs, _): [outputs, inputs]
        }
    }

    /// Calls `body(index in memory, index in file)` for every value.
    private func forEachPlace(_ body: (Int, Int) -> Void) {
        switch self {
        case .vector(let count):
            for i in 0..<count { body(i, i) }
        case .convolution(let height, let width, let inputs, let outputs):
            let positions = height * width
            for position in 0..<positions {
                for input in 0..<inputs {
                    let (memory, file) = ((position * inputs + input) * outputs, input * positions + position)
                    for output in 0..<outputs { body(memory + output, output * inputs * positions + file) }
                }
            }
        case .dense(let inputs, let outputs, let flattened):
            let (positions, channels) = (flattened?.positions ?? inputs, flattened?.channels ?? 1)
            for position in 0..<positions {
                for channel in 0..<channels {
                    let (memory, file) = (position * channels + channel, channel * positions + position)
                    for output in 0..<outputs { body(memory * outputs + output, output * inputs + file) }
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
