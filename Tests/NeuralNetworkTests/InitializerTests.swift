import Kernels
import NeuralNetwork
import Platform
import Testing

/// Large tensors against the distributions' closed forms. The draws are fixed by the seed: what passes once
/// passes always.
@Suite struct InitializerTests {
    private static let (fanIn, fanOut) = (300, 500)
    private static let count = fanIn * fanOut

    private static func values(
        _ initializer: Initializer, seed: UInt64 = 3, tensor: Int = 0, count: Int = count
    ) -> [Double] {
        let buffer = FloatBuffer(count: count)
        initializer.fill(
            buffer.pointer, storage: .vector(count: count), fanIn: fanIn, fanOut: fanOut, seed: seed,
            tensor: tensor)
        return buffer.elements.map { Double($0) }
    }

    private static func moments(_ x: [Double]) -> (mean: Double, variance: Double) {
        let mean = x.reduce(0, +) / Double(x.count)
        return (mean, x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1))
    }

    /// √n times the largest distance between the empirical distribution and `cdf`. Above 1.95 it rejects at
    /// the level 0.001.
    private static func kolmogorovSmirnov(_ x: [Double], _ cdf: (Double) -> Double) -> Double {
        let n = Double(x.count)
        var largest = 0.0
        for (i, value) in x.sorted().enumerated() {
            let p = cdf(value)
            largest = max(largest, p - Double(i) / n, Double(i + 1) / n - p)
        }
        return largest * n.squareRoot()
    }

    @Test(arguments: [
        (Initializer.heNormal, 2.0 / 300), (.xavierNormal, 2.0 / 800), (.normal(deviation: 0.01), 1e-4),
    ])
    func normal(initializer: Initializer, variance: Double) {
        let x = Self.values(initializer)
        let (n, deviation) = (Double(x.count), variance.squareRoot())
        let found = Self.moments(x)
        // Standard errors: σ/√n of the mean, σ²√(2/n) of the variance.
        #expect(abs(found.mean) < 4 * deviation / n.squareRoot())
        #expect(abs(found.variance - variance) < 4 * variance * (2 / n).squareRoot())
        #expect(Self.kolmogorovSmirnov(x) { 0.5 * erfc(-$0 / (deviation * 2.0.squareRoot())) } < 1.95)
        // The largest of 150,000 draws lies between 3.8 σ and 6 σ but for one chance in 10⁴.
        let largest = x.map(abs).max() ?? 0
        #expect(largest > 3.8 * deviation && largest < 6 * deviation)
    }

    @Test(arguments: [(Initializer.heUniform, 6.0 / 300), (.xavierUniform, 6.0 / 800)])
    func uniform(initializer: Initializer, squaredLimit: Double) {
        let x = Self.values(initializer)
        let (n, limit) = (Double(x.count), squaredLimit.squareRoot())
        let (found, variance) = (Self.moments(x), squaredLimit / 3)
        #expect(abs(found.mean) < 4 * (variance / n).squareRoot())
        // The fourth central moment is 9/5 σ⁴, so the variance's standard error is σ²√(0.8/n).
        #expect(abs(found.variance - variance) < 4 * variance * (0.8 / n).squareRoot())
        #expect(Self.kolmogorovSmirnov(x) { ($0 + limit) / (2 * limit) } < 1.95)
        #expect(x.allSatisfy { abs($0) <= limit * (1 + 0x1p-24) })
        #expect((x.max() ?? 0) > limit * 0.9999 && (x.min() ?? 0) < -limit * 0.9999)
    }

    @Test func constants() {
        #expect(Self.values(.zeros, count: 100).allSatisfy { $0 == 0 })
        #expect(Self.values(.constant(-0.1), count: 100).allSatisfy { $0 == Double(Float(-0.1)) })
        #expect(Self.values(.uniform(low: 2, high: 2), count: 100).allSatisfy { $0 == 2 })
    }

    @Test func uniformBetweenBounds() {
        let x = Self.values(.uniform(low: -1, high: 3))
        #expect(x.allSatisfy { $0 >= -1 && $0 <= 3 })
        #expect(Self.kolmogorovSmirnov(x) { ($0 + 1) / 4 } < 1.95)
    }

    /// Rows, or columns where there are fewer of them, of the matrix in the files' layout are orthogonal and
    /// of length `gain`.
    @Test(arguments: [
        TensorStorage.dense(inputs: 40, outputs: 25, flattened: nil),
        .dense(inputs: 25, outputs: 40, flattened: TensorShape([5, 1, 5])),
        .dense(inputs: 64, outputs: 64, flattened: nil),
        .convolution(height: 3, width: 2, inputs: 4, outputs: 7),
        .convolution(height: 1, width: 3, inputs: 2, outputs: 9), .vector(count: 5),
    ])
    func orthogonal(storage: TensorStorage) {
        let gain = 1.5
        let (memory, file) = (FloatBuffer(count: storage.count), FloatBuffer(count: storage.count))
        Initializer.orthogonal(gain: gain).fill(
            memory.pointer, storage: storage, fanIn: 1, fanOut: 1, seed: 9, tensor: 2)
        storage.toFile(memory.pointer, file.pointer)
        let rows = storage.fileShape[0]
        let columns = storage.count / rows
        let isWide = rows < columns
        func value(_ vector: Int, _ i: Int) -> Double {
            Double(file.pointer[isWide ? vector * columns + i : i * columns + vector])
        }
        for a in 0..<min(rows, columns) {
            for b in 0...a {
                let product = (0..<max(rows, columns)).reduce(0) { $0 + value(a, $1) * value(b, $1) }
                #expect(abs(product - (a == b ? gain * gain : 0)) < 1e-6)
            }
        }
    }

    /// The distribution is uniform over orthogonal matrices: the entries of 4×4 ones have variance 1/4 and no
    /// preferred sign, on the diagonal either, where a QR decomposition whose R may have any signs would give
    /// one.
    @Test func orthogonalIsUniform() {
        let draws = 2000
        var (means, variances) = ([Double](repeating: 0, count: 16), [Double](repeating: 0, count: 16))
        let values = FloatBuffer(count: 16)
        for tensor in 0..<draws {
            let storage = TensorStorage.dense(inputs: 4, outputs: 4, flattened: nil)
            Initializer.orthogonal(gain: 1).fill(
                values.pointer, storage: storage, fanIn: 4, fanOut: 4, seed: 1, tensor: tensor)
            for i in 0..<16 {
                means[i] += Double(values.pointer[i]) / Double(draws)
                variances[i] += Double(values.pointer[i] * values.pointer[i]) / Double(draws)
            }
        }
        // Standard errors: 0.5/√2000 of a mean; an entry's square has variance 2(n − 1)/(n²(n + 2)) = 1/16.
        #expect(means.allSatisfy { abs($0) < 4 * 0.5 / Double(draws).squareRoot() })
        #expect(variances.allSatisfy { abs($0 - 0.25) < 4 * 0.25 / Double(draws).squareRoot() })
    }

    /// Tensors and seeds give unrelated draws: correlations within four standard errors of 0.
    @Test func unrelated() {
        let reference = Self.values(.heNormal)
        for other in [
            Self.values(.heNormal, tensor: 1), Self.values(.heNormal, seed: 4),
            Self.values(.heNormal, seed: 3 + 1 << 32),
        ] {
            let product = zip(reference, other).reduce(0) { $0 + $1.0 * $1.1 } / Double(Self.count)
            #expect(abs(product) / (2.0 / 300) < 4 / Double(Self.count).squareRoot())
        }
        let shifted =
            zip(reference, reference.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(Self.count)
        #expect(abs(shifted) / (2.0 / 300) < 4 / Double(Self.count).squareRoot())
    }

    /// A tensor's start depends on its index alone: not on the tensors before it, nor on the order of
    /// filling.
    @Test func independentOfOrder() throws {
        func layout(hidden: Int) throws -> ParameterLayout {
            try NetworkPlan(
                layers: [
                    NamedLayer("dense1", .dense(units: hidden, bias: true, initializer: .heNormal)),
                    NamedLayer("bn1", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                    NamedLayer("dense2", .dense(units: hidden, bias: true, initializer: .xavierUniform)),
                ], input: TensorShape([9]), loss: .crossEntropy
            ).layout
        }
        let layout = try layout(hidden: 7)
        let (whole, single) = (FloatBuffer(count: layout.flatCount), FloatBuffer(count: layout.flatCount))
        layout.initialize(whole.pointer, seed: 11)
        for (index, tensor) in layout.tensors.enumerated().reversed() {
            switch tensor.initializer {
            case .constant(let value):
                for i in tensor.range { single.pointer[i] = value }
            case .random(let initializer, let fanIn, let fanOut):
                initializer.fill(
                    single.pointer + tensor.range.lowerBound, storage: tensor.storage, fanIn: fanIn,
                    fanOut: fanOut, seed: 11,
                    tensor: index)
            }
        }
        #expect(whole.elements.map(\.bitPattern) == single.elements.map(\.bitPattern))
        let gain = layout.tensors.first { $0.role == .gain }
        #expect(gain?.range.allSatisfy { whole.pointer[$0] == 1 } == true)
    }
}
