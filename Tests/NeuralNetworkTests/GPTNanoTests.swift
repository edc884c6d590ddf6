import Kernels
import NeuralNetwork
import Platform
import Testing

/// The first 100 steps of nanoGPT's network for a CPU on tinyshakespeare, by nanoGPT's settings: the losses
/// of PyTorch in double precision (make_gpt_nano.py).
@Suite struct GPTNanoTests {
    private static let text =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        + "/../shared/data/text/tinyshakespeare.txt.gz"
    private static let (steps, samples, context) = (100, 12, 64)

    /// The numbers of the text's characters, in the order of their code points.
    private static func tokens() throws -> [Int] {
        let pipe = try #require(popen("gzip -dc '\(text)'", "r"))
        defer { pclose(pipe) }
        var (bytes, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { bytes += chunk[..<count] }
        let characters = Set(bytes).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: characters.enumerated().map { ($1, $0) })
        return bytes.compactMap { numbers[$0] }
    }

    /// The formula of make_resnet18.py.
    private static func madeUp(_ seed: Int, _ count: Int) -> [Double] {
        (0..<count).map { index in
            let mixed =
                ((UInt64(index) &+ UInt64(seed) &* 1_000_003) &* 6_364_136_223_846_793_005
                    &+ 1_442_695_040_888_963_407) >> 33
            return Double((mixed &* 2_654_435_761) & 0xFFFF_FFFF) / 0x1p31 - 1
        }
    }

    @Test(.enabled(if: access(text, R_OK) == 0, "tinyshakespeare is not beside the repository"))
    func lossesOfGPTNano() throws {
        let (fixture, tokens) = (try Fixture("gpt_nano.txt", in: "sequences"), try Self.tokens())
        let bench = try LanguageModelBench(
            TransformerTests.gpt(layers: 4, width: 128, heads: 4, vocabulary: 65, bias: false),
            context: Self.context, vocabulary: 65,
            lengths: Array(repeating: Array(repeating: Self.context, count: 3), count: 4), lanes: 2)
        let (tensors, count) = (bench.plan.layout.tensors, bench.plan.layout.flatCount)
        for tensor in tensors {
            let numbers = try fixture["made_up/\(tensor.name)"]
            let (scale, offset) = (Double(numbers[1]), Double(numbers[2]))
            bench.setParameter(
                tensor, Self.madeUp(Int(numbers[0]), tensor.range.count).map { Float(offset + scale * $0) })
        }
        let offsets = try fixture["offsets"].map { Int($0) }
        let moments = [FloatBuffer(count: count), FloatBuffer(count: count)]
        var losses: [Float] = []
        for step in 1...Self.steps {
            let starts = offsets[((step - 1) * Self.samples)..<(step * Self.samples)]
            let windows = starts.map { tokens[$0..<($0 + Self.context + 1)].map(Float.init) }
            bench.load(
                tokens: windows.flatMap { $0.dropLast() }, labels: windows.flatMap { $0.dropFirst() })
            losses.append(Float(try bench.step()))
            update(bench, moments, step: step, tensors)
        }
        expectClose(losses, try fixture["losses"], tolerance: 1e-5, "losses")
    }

    /// AdamW, whose decay is for matrices alone, with the gradient's norm clipped at 1.
    private func update(
        _ bench: LanguageModelBench, _ moments: [FloatBuffer], step: Int, _ tensors: [ParameterTensor]
    ) {
        let (count, size) = (bench.plan.layout.flatCount, Float(Self.samples * Self.context))
        let squares = (0..<count).reduce(0.0) { $0 + Double(bench.gradient[$1]) * Double(bench.gradient[$1]) }
        let norm = squares.squareRoot() / Double(size)
        let rate = 1e-3 * min(1, Double(step) / 100)
        for tensor in tensors where tensor.storage.fileShape.count > 1 {
            for i in tensor.range { bench.parameters.pointer[i] *= Float(1 - rate * 0.1) }
        }
        let optimizer = Optimizer.adam(learningRate: rate, beta1: 0.9, beta2: 0.99, epsilon: 1e-8)
        optimizer.update(
            bench.parameters.pointer, gradient: bench.gradient, moments: { moments[$0].pointer },
            count: count, optimizer.scalars(step: step, scale: Float(min(1, 1 / (norm + 1e-6))) / size))
    }
}
