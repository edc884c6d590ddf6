import Configuration
import Kernels
import NeuralNetwork
import System
import Threads
import Transport

extension Commands {
    static let benchKernels = Command(
        name: "bench kernels", arguments: "",
        summary:
            "Measure what a lane computes: the layers of the four models in config/bench, vector functions, Adam,\nchecksums; beside them what this machine could do at most. The best of several runs each.",
        options: [
            Option(name: "--seconds", value: "S", help: "how long each measurement lasts (default 0.1)"),
            .json,
        ],
        example: "dist-train bench kernels"
    ) { arguments in
        if let extra = arguments.positionals.first {
            throw UsageError("`dist-train bench kernels` takes options only, found `\(extra)`")
        }
        let benchmark = KernelBenchmark(seconds: try arguments.seconds("--seconds", 0.001...60) ?? 0.1)
        establishFloatingPointMode()
        let (machine, functions, layers) = (
            try benchmark.machine(), benchmark.functions(), try benchmark.layers()
        )
        print(
            arguments.has("--json")
                ? KernelReport.value(machine, functions, layers).prettyJSON()
                : KernelReport.text(machine, functions, layers))
        return 0
    }
}

/// A rate in 10⁹ operations, or bytes, per second.
private typealias Rate = (name: String, value: Double)

private struct LayerRates {
    let layer: BenchLayer
    let forward: Double
    let backwardData: Double
    let backwardWeights: Double
}

private struct KernelBenchmark {
    let seconds: Double

    /// Seconds of the fastest of several calls.
    private func fastest(_ body: () throws -> Void) rethrows -> Double {
        try body()  // memory is touched, caches are warm
        var best = Double.infinity
        let start = Clock.monotonicSeconds()
        var (now, runs) = (start, 0)
        while runs < 3 || now - start < seconds {
            try body()
            let end = Clock.monotonicSeconds()
            (best, now, runs) = (min(best, end - now), end, runs + 1)
        }
        return best
    }

    // MARK: The machine

    func machine() throws -> [Rate] {
        let all = LanePool(lanes: Processor.cores)
        defer { all.close() }
        return [
            ("fma_gflops_one_core", multiplyAdds(nil)), ("fma_gflops_all_cores", multiplyAdds(all)),
            ("triad_gb_per_s_one_core", triad(nil)), ("triad_gb_per_s_all_cores", triad(all)),
        ]
    }

    private func multiplyAdds(_ pool: LanePool?) -> Double {
        let rounds = 200_000
        let lanes = pool?.lanes ?? 1
        let operations = MachinePeak.multiplyAdds(rounds: 1) * Double(rounds * lanes)
        let time = fastest {
            if let pool {
                pool.run(lanes) { _, _ in _ = MachinePeak.multiplyAdds(rounds: rounds) }
            } else {
                _ = MachinePeak.multiplyAdds(rounds: rounds)
            }
        }
        return operations / time * 1e-9
    }

    private func triad(_ pool: LanePool?) -> Double {
        let (count, lanes) = (1 << 24, pool?.lanes ?? 1)  // 64 MB each: no cache holds them
        let buffers = (0..<3).map { _ in FloatBuffer(count: count) }
        let (a, b, c) = (buffers[0].pointer, buffers[1].pointer, buffers[2].pointer)
        for i in 0..<count { (b[i], c[i]) = (1, 2) }
        let part = count / lanes / 16 * 16
        func share(_ lane: Int) {
            MachinePeak.triad(a + lane * part, b + lane * part, c + lane * part, scale: 3, count: part)
        }
        let time = withExtendedLifetime(buffers) {
            fastest { if let pool { pool.run(lanes) { task, _ in share(task) } } else { share(0) } }
        }
        return 12 * Double(part * lanes) / time * 1e-9
    }

    // MARK: Functions

    func functions() -> [Rate] {
        let count = 1 << 15  // in a core's second cache
        let (x, y) = (FloatBuffer(count: count), FloatBuffer(count: count))
        var random = RandomStream(seed: 1, purpose: .synthetic, major: 9)
        for i in 0..<count { x.pointer[i] = Float(random.uniform()) * 4 + 0.01 }
        typealias Function = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
        let vector: [(String, Double, Function)] = [
            ("exp", 8, { VectorMath.exp($0, into: $1, count: $2) }),
            ("log", 8, { VectorMath.log($0, into: $1, count: $2) }),
            ("tanh", 8, { VectorMath.tanh($0, into: $1, count: $2) }),
            ("sigmoid", 8, { VectorMath.sigmoid($0, into: $1, count: $2) }),
            ("relu", 8, { Elementwise.relu($0, into: $1, count: $2) }),
            ("add", 12, { Elementwise.add($0, to: $1, count: $2) }),
        ]
        let rates = vector.map { name, bytes, function in
            (name, bytes * Double(count) / fastest { function(x.pointer, y.pointer, count) } * 1e-9)
        }
        return rates + [("adam", adam()), ("crc32c", crc())]
    }

    /// 28 bytes per parameter: w, m and v are read and written, the gradient is read.
    private func adam() -> Double {
        let count = 1 << 21
        let buffers = (0..<4).map { _ in FloatBuffer(count: count) }
        for i in 0..<count { buffers[1].pointer[i] = 0.01 }
        let optimizer = Optimizer.adam(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
        let scalars = optimizer.scalars(step: 1, rate: 1e-3, scale: 1, penalty: nil, limit: .infinity)
        let time = fastest {
            optimizer.update(
                buffers[0].pointer, gradient: buffers[1].pointer, moments: { buffers[2 + $0].pointer },
                count: count, scalars)
        }
        return 28 * Double(count) / time * 1e-9
    }

    private func crc() -> Double {
        let bytes = FloatBuffer(count: 1 << 16)
        let buffer = UnsafeRawBufferPointer(start: bytes.pointer, count: 4 << 16)
        return withExtendedLifetime(bytes) {
            Double(buffer.count) / fastest { _ = CRC32C.checksum(buffer) } * 1e-9
        }
    }

    // MARK: Layers

    func layers() throws -> [LayerRates] {
        let lane = LanePool(lanes: 1)
        defer { lane.close() }
        return try BenchLayer.all.map { layer in
            let single = try SingleLayer(
                layer.spec, input: TensorShape(layer.input), rows: layer.rows, lanes: lane)
            func rate(_ body: () throws -> Void) throws -> Double {
                Double(single.operations) / (try fastest(body)) * 1e-9
            }
            return LayerRates(
                layer: layer, forward: try rate(single.forward), backwardData: try rate(single.backwardData),
                backwardWeights: try rate(single.backwardWeights))
        }
    }
}

/// A layer of a model in config/bench, with the samples of one of its two microbatches.
private struct BenchLayer {
    let model: String
    let name: String
    let spec: LayerSpec
    let input: [Int]
    let rows: Int

    static let all: [BenchLayer] =
        mlp + cnn + resnet("resnet20", rows: 64, widths: [16, 32, 64])
        + resnet("resnet18", rows: 32, widths: [64, 128, 256, 512])

    private static let mlp = [
        dense("mlp", 784, 1024, 128), dense("mlp", 1024, 1024, 128), dense("mlp", 1024, 10, 128),
    ]
    private static let cnn = [
        convolution("cnn", 28, 1, 32, rows: 128), convolution("cnn", 14, 32, 64, rows: 128),
        dense("cnn", 3136, 128, 128),
        dense("cnn", 128, 10, 128),
    ]

    private static func resnet(_ model: String, rows: Int, widths: [Int]) -> [BenchLayer] {
        var (layers, size) = ([convolution(model, 32, 3, widths[0], rows: rows)], 32)
        for (index, width) in widths.enumerated() {
            if index > 0 {
                let before = widths[index - 1]
                layers.append(convolution(model, size, before, width, stride: 2, rows: rows))
                layers.append(convolution(model, size, before, width, kernel: 1, stride: 2, rows: rows))
                size /= 2
            }
            layers.append(convolution(model, size, width, width, rows: rows))
        }
        return layers + [dense(model, widths[widths.count - 1], 10, rows)]
    }

    private static func dense(_ model: String, _ inputs: Int, _ outputs: Int, _ rows: Int) -> BenchLayer {
        BenchLayer(
            model: model, name: "dense \(inputs) → \(outputs)",
            spec: .dense(units: outputs, bias: true, initializer: .zeros),
            input: [inputs], rows: rows)
    }

    private static func convolution(
        _ model: String, _ size: Int, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1,
        rows: Int
    ) -> BenchLayer {
        let padding = kernel / 2
        return BenchLayer(
            model: model,
            name:
                "conv \(kernel)×\(kernel)\(stride == 1 ? "" : " / \(stride)") \(size)×\(size), \(inputs) → \(outputs)",
            spec: .convolution(
                channels: outputs,
                window: Window(
                    (kernel, kernel), stride: (stride, stride),
                    padding: .explicit(top: padding, bottom: padding, left: padding, right: padding)),
                bias: false, initializer: .zeros),
            input: [size, size, inputs], rows: rows)
    }
}

private enum KernelReport {
    static func value(_ machine: [Rate], _ functions: [Rate], _ layers: [LayerRates]) -> ConfigValue {
        func object(_ rates: [Rate]) -> ConfigValue { .object(rates.map { ($0.name, .measured($0.value)) }) }
        return .object([
            ("cores", .int(Processor.cores)), ("blas_core", .string(BLAS.coreName)),
            ("machine", object(machine)),
            ("functions_gb_per_s", object(functions)),
            (
                "layers",
                .array(
                    layers.map {
                        .object([
                            ("model", .string($0.layer.model)), ("layer", .string($0.layer.name)),
                            ("samples", .int($0.layer.rows)),
                            ("forward_gflops", .measured($0.forward)),
                            ("backward_data_gflops", .measured($0.backwardData)),
                            ("backward_weights_gflops", .measured($0.backwardWeights)),
                        ])
                    })
            ),
        ])
    }

    static func text(_ machine: [Rate], _ functions: [Rate], _ layers: [LayerRates]) -> String {
        func number(_ value: Double) -> String { TextFormat.right(TextFormat.fixed(value, 1), 10) }
        let titles = [
            "fma_gflops_one_core": "multiply-adds, one core, GFLOP/s",
            "fma_gflops_all_cores": "multiply-adds, all cores, GFLOP/s",
            "triad_gb_per_s_one_core": "memory (triad), one core, GB/s",
            "triad_gb_per_s_all_cores": "memory (triad), all cores, GB/s",
        ]
        var lines = [
            "this machine: \(TextFormat.count(Processor.cores, "core")), OpenBLAS core \(BLAS.coreName)"
        ]
        lines += machine.map { "  \(TextFormat.left(titles[$0.name] ?? $0.name, 38))\(number($0.value))" }
        lines += ["", "one lane, GB/s read and written"]
        lines += functions.map { "  \(TextFormat.left($0.name, 38))\(number($0.value))" }
        lines += ["", "one lane, GFLOP/s of the direct algorithm      forward      data   weights"]
        lines += layers.map {
            "  \(TextFormat.left("\($0.layer.model), \($0.layer.name)", 42))\(number($0.forward))\(number($0.backwardData))\(number($0.backwardWeights))"
        }
        return lines.joined(separator: "\n")
    }
}
