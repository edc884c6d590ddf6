import Kernels
import NeuralNetwork
import System
import Transport

/// Measures what one lane, or the whole machine, computes per second.
struct KernelBenchmark {
    /// A rate in 10⁹ operations, or bytes, per second.
    typealias Rate = (name: String, value: Double)

    /// 10⁹ operations per second of the three passes of a layer.
    struct LayerRates {
        let layer: BenchLayer
        let forward: Double
        let backwardData: Double
        let backwardWeights: Double
    }

    /// The time that each measurement takes, at least three calls.
    let seconds: Double

    /// Seconds of the fastest of several calls.
    private func fastest(_ body: () throws -> Void) rethrows -> Double {
        try body()  // memory is touched, caches are warm
        var best = Double.infinity
        let start = Clock.monotonicSeconds()
        var now = start
        var runs = 0
        while runs < 3 || now - start < seconds {
            try body()
            let end = Clock.monotonicSeconds()
            best = min(best, end - now)
            now = end
            runs += 1
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

    /// Memory bandwidth: `a = b + 3c` reads 8 bytes and writes 4.
    private func triad(_ pool: LanePool?) -> Double {
        let count = 1 << 24  // 64 MB each: no cache holds them
        let lanes = pool?.lanes ?? 1
        let buffers = (0..<3).map { _ in FloatBuffer(count: count) }
        let (a, b, c) = (buffers[0].pointer, buffers[1].pointer, buffers[2].pointer)
        b.update(repeating: 1, count: count)
        c.update(repeating: 2, count: count)
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
        let x = FloatBuffer(count: count)
        let y = FloatBuffer(count: count)
        var random = RandomStream(seed: 1, purpose: .synthetic, major: 9)
        for i in 0..<count { x.pointer[i] = Float(random.uniform()) * 4 + 0.01 }
        typealias Function = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
        let vector: [(name: String, bytes: Double, function: Function)] = [
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
