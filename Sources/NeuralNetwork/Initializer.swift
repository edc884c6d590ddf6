import Kernels

/// How a weight tensor begins. All draws come from (seed, tensor index), so a tensor's start depends on nothing else.
package enum Initializer: String, CaseIterable, Sendable {
    case zeros
    /// N(0, 2/fan_in): He et al., https://arxiv.org/abs/1502.01852
    case heNormal = "he_normal"
    /// U(±√(6/fan_in))
    case heUniform = "he_uniform"
    /// N(0, 2/(fan_in + fan_out)): Glorot and Bengio, https://proceedings.mlr.press/v9/glorot10a.html
    case xavierNormal = "xavier_normal"
    /// U(±√(6/(fan_in + fan_out)))
    case xavierUniform = "xavier_uniform"

    /// Fills `count` values. `tensor` is the tensor's index in its layout.
    package func fill(
        _ values: UnsafeMutablePointer<Float>, count: Int, fanIn: Int, fanOut: Int, seed: UInt64, tensor: Int
    ) {
        var stream = RandomStream(seed: seed, purpose: .initialization, major: tensor)
        let (inputs, both) = (Double(fanIn), Double(fanIn + fanOut))
        switch self {
        case .zeros:
            for i in 0..<count { values[i] = 0 }
        case .heNormal:
            fillNormal(values, count, deviation: (2 / inputs).squareRoot(), &stream)
        case .xavierNormal:
            fillNormal(values, count, deviation: (2 / both).squareRoot(), &stream)
        case .heUniform:
            fillUniform(values, count, limit: (6 / inputs).squareRoot(), &stream)
        case .xavierUniform:
            fillUniform(values, count, limit: (6 / both).squareRoot(), &stream)
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
}
