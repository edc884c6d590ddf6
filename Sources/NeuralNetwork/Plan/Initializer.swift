import Kernels

/// The initial values of a weight tensor. All draws come from the seed and the tensor's number, so that they
/// depend on nothing else. Fans are the numbers of inputs and outputs that a weight connects: for a
/// convolution, channels times the kernel's height and width.
package enum Initializer: Equatable, Sendable {
    case zeros
    case constant(Double)
    /// U(low, high)
    case uniform(low: Double, high: Double)
    /// N(0, deviation²)
    case normal(deviation: Double)
    /// N(0, 2/fan_in): He et al., https://arxiv.org/abs/1502.01852
    case heNormal
    /// U(±√(6/fan_in))
    case heUniform
    /// N(0, 2/(fan_in + fan_out)): Glorot and Bengio, https://proceedings.mlr.press/v9/glorot10a.html
    case xavierNormal
    /// U(±√(6/(fan_in + fan_out)))
    case xavierUniform
    /// Orthonormal rows, or columns where there are fewer of them, times `gain`: Saxe et al.,
    /// https://arxiv.org/abs/1312.6120. The matrix has a row for every output, as in PyTorch's layout.
    case orthogonal(gain: Double)

    /// The initializers that need no numbers, by their names.
    package static let named: [(name: String, initializer: Initializer)] = [
        .zeros, .heNormal, .heUniform, .xavierNormal, .xavierUniform,
    ].map { ($0.name, $0) }

    /// The name in configs, without numbers: `he_normal`, `constant`.
    package var name: String {
        switch self {
        case .zeros: "zeros"
        case .constant: "constant"
        case .uniform: "uniform"
        case .normal: "normal"
        case .heNormal: "he_normal"
        case .heUniform: "he_uniform"
        case .xavierNormal: "xavier_normal"
        case .xavierUniform: "xavier_uniform"
        case .orthogonal: "orthogonal"
        }
    }

    /// Fills a tensor in memory's layout. `tensor` is its index in its layout.
    package func fill(
        _ values: UnsafeMutablePointer<Float>, storage: TensorStorage, fanIn: Int, fanOut: Int, seed: UInt64,
        tensor: Int
    ) {
        var stream = RandomStream(seed: seed, purpose: .initialization, major: tensor)
        let count = storage.count
        let (inputs, both) = (Double(fanIn), Double(fanIn + fanOut))
        switch self {
        case .zeros: values.update(repeating: 0, count: count)
        case .constant(let value): values.update(repeating: Float(value), count: count)
        case .uniform(let low, let high):
            for i in 0..<count { values[i] = Float(stream.uniform(in: low..<max(low, high))) }
        case .normal(let deviation): fillNormal(values, count, deviation: deviation, &stream)
        case .heNormal: fillNormal(values, count, deviation: (2 / inputs).squareRoot(), &stream)
        case .xavierNormal: fillNormal(values, count, deviation: (2 / both).squareRoot(), &stream)
        case .heUniform: fillUniform(values, count, limit: (6 / inputs).squareRoot(), &stream)
        case .xavierUniform: fillUniform(values, count, limit: (6 / both).squareRoot(), &stream)
        case .orthogonal(let gain): fillOrthogonal(values, storage, gain: gain, &stream)
        }
    }

    private func fillNormal(
        _ values: UnsafeMutablePointer<Float>, _ count: Int, deviation: Double, _ stream: inout RandomStream
    ) {
        for i in 0..<count { values[i] = Float(stream.normal() * deviation) }
    }

    private func fillUniform(
        _ values: UnsafeMutablePointer<Float>, _ count: Int, limit: Double, _ stream: inout RandomStream
    ) {
        for i in 0..<count { values[i] = Float((2 * stream.uniform() - 1) * limit) }
    }

    /// The Q of a random normal matrix's QR decomposition with a positive diagonal in R, which makes it
    /// uniform over all such matrices; of its transpose if it has fewer rows than columns. This is PyTorch's
    /// `orthogonal_`, and takes rows² · columns operations.
    private func fillOrthogonal(
        _ values: UnsafeMutablePointer<Float>, _ storage: TensorStorage, gain: Double,
        _ stream: inout RandomStream
    ) {
        let rows = storage.fileShape.first ?? 1
        let columns = storage.count / max(1, rows)
        let (count, length) = (min(rows, columns), max(rows, columns))
        let vectors = DoubleBuffer(count: count * length)
        for i in 0..<(count * length) { vectors.pointer[i] = stream.normal() }
        GramSchmidt.orthonormalize(vectors.pointer, count: count, length: length)
        let file = FloatBuffer(count: count * length)
        for row in 0..<rows {
            for column in 0..<columns {
                let source = rows < columns ? row * length + column : column * length + row
                file.pointer[row * columns + column] = Float(vectors.pointer[source] * gain)
            }
        }
        storage.fromFile(file.pointer, values)
    }
}
