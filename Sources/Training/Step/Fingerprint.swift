import Checkpoints
import Datasets
import Jobs
import Kernels
import NeuralNetwork
import System

/// Hashes of a worker's results on fixed inputs. Workers with equal fingerprints compute the same bits; the
/// first worker's is the job's.
package struct Fingerprint: Equatable, Sendable {
    package struct Part: Equatable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    package let parts: [Part]

    package init(parts: [Part]) { self.parts = parts }

    /// Parts that describe the machine for people; the others are hashes and decide.
    private static let descriptive: Set<String> = ["OpenBLAS core", "OpenBLAS build", "processor"]

    private var hashes: [Part] { parts.filter { !Self.descriptive.contains($0.name) } }

    package func matches(_ other: Fingerprint) -> Bool { hashes == other.hashes }

    /// One line for `result.json`: the numeric platform.
    package var platform: String {
        let hash = SHA256()
        for part in hashes { hash.update("\(part.name)=\(part.value)\n") }
        let core = parts.first { $0.name == "OpenBLAS core" }?.value ?? "?"
        return "\(Self.architecture)-\(core)-\(hash.hexDigest().prefix(16))"
    }

    /// True if a platform's name, as checkpoints keep it, stands for the same arithmetic: its hash decides,
    /// not the name of the core.
    package func matches(platform other: String) -> Bool {
        guard let hash = platform.split(separator: "-").last, let otherHash = other.split(separator: "-").last
        else { return false }
        return hash == otherHash
    }

    /// The OpenBLAS core in a platform's name, such as Haswell in `x86_64-Haswell-0123456789abcdef`; nil for
    /// a platform of another architecture.
    package static func core(ofPlatform platform: String) -> String? {
        let parts = platform.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == architecture, !parts[1].isEmpty, parts[1] != "?" else {
            return nil
        }
        return String(parts[1])
    }

    package static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "other"
        #endif
    }

    /// The differences, for people: those of the machines' descriptions, or of the arithmetic itself if those
    /// are equal.
    package func differences(from other: Fingerprint) -> String {
        func differing(_ mine: [Part]) -> [String] {
            mine.compactMap { part in
                let theirs = other.parts.first { $0.name == part.name }?.value ?? "nothing"
                return theirs == part.value ? nil : "\(part.name) \(part.value) instead of \(theirs)"
            }
        }
        let described = differing(parts.filter { Self.descriptive.contains($0.name) })
        return (described.isEmpty ? differing(hashes) : described).joined(separator: ", ")
    }
}

// MARK: - Measuring

extension Fingerprint {
    /// The platform without a job: this machine's OpenBLAS core, and the results of vector routines and a
    /// tiny step.
    package static func ofMachine() throws -> String {
        Fingerprint(parts: [
            Part(name: "OpenBLAS core", value: BLAS.coreName),
            Part(name: "vector functions", value: vectorFunctions()),
            Part(name: "kernels", value: kernels()), Part(name: "a training step", value: try tinyStep()),
        ]).platform
    }

    /// Tries out every distinct BLAS call of the job, the vector routines and one tiny step on this machine.
    package init(of plan: TrainingPlan) throws {
        let sizes = Set(
            plan.geometry.distinctBatchSizes.flatMap { plan.geometry.microbatchSizes(batchSize: $0) }
        ).subtracting([0])
        self.init(
            parts: [
                Part(name: "OpenBLAS core", value: BLAS.coreName),
                Part(name: "OpenBLAS build", value: BLAS.configuration),
                Part(name: "processor", value: Self.architecture),
                Part(name: "vector functions", value: Self.vectorFunctions()),
                Part(name: "kernels", value: Self.kernels()),
                Part(
                    name: "matrix products",
                    value: Self.products(plan.products(microbatchSizes: sizes))),
                Part(name: "a training step", value: try Self.tinyStep()),
            ] + (plan.network.hasGELU ? [Part(name: "GELU", value: Self.gelu())] : [])
                + (plan.network.hasSequences
                    ? [Part(name: "sequences", value: try Self.sequenceSteps())] : []))
    }

    private static func madeUp(_ count: Int, _ index: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        // Two words of the generator make sixteen values, so that large shapes cost little.
        var stream = RandomStream(seed: 0, purpose: .synthetic, major: index)
        let table = (0..<1021).map { _ in Float(2 * stream.uniform() - 1) }
        for i in 0..<count { buffer.pointer[i] = table[i % 1021] + table[(i / 1021) % 1021] * 0.5 }
        return buffer
    }

    private static func update(_ hash: SHA256, _ buffer: FloatBuffer) {
        hash.update(UnsafeRawBufferPointer(buffer.elements))
    }

    private static func vectorFunctions() -> String {
        let (hash, count) = (SHA256(), 4096)
        let (x, y) = (madeUp(count, 1), FloatBuffer(count: count))
        for i in 0..<count { x.pointer[i] *= Float(1 + i % 40) }
        for function in [VectorMath.exp, VectorMath.tanh, VectorMath.sigmoid, VectorMath.softplus] {
            function(x.pointer, y.pointer, count)
            update(hash, y)
        }
        for i in 0..<count { x.pointer[i] = abs(x.pointer[i]) + 1e-6 }
        VectorMath.log(x.pointer, into: y.pointer, count: count)
        update(hash, y)
        return hash.hexDigest()
    }

    /// GELU in both forms. A part of its own, only for jobs that have it, so that the platforms of earlier
    /// checkpoints keep their names.
    private static func gelu() -> String {
        let (hash, count) = (SHA256(), 4096)
        let (x, y) = (madeUp(count, 1), FloatBuffer(count: count))
        for i in 0..<count { x.pointer[i] *= Float(1 + i % 40) }
        for function in [VectorMath.normalDistribution, VectorMath.gelu, VectorMath.geluTanh] {
            function(x.pointer, y.pointer, count)
            update(hash, y)
        }
        return hash.hexDigest()
    }

    /// Our own products and convolutions, whose bits do not depend on a job's shapes.
    private static func kernels() -> String {
        let (hash, rows, depth, width) = (SHA256(), 37, 300, 45)
        let (x, b, bias) = (madeUp(rows * depth, 1), madeUp(depth * width, 2), madeUp(width, 3))
        let (y, dw, scratch, packed) = (
            FloatBuffer(count: rows * width), FloatBuffer(count: depth * width),
            FloatBuffer(count: PanelProduct.scratchCount),
            FloatBuffer(count: PanelProduct.packedCount(width: depth))
        )
        func pack(_ rows: UnsafeBufferPointer<PanelProduct.Rows>, width: Int) -> PanelProduct.Packed {
            PanelProduct.pack(
                rows, width: width, panels: 0..<PanelProduct.panels(width: width), into: packed.pointer)
            return PanelProduct.Packed(packed.pointer, width: width)
        }
        withUnsafePointer(to: PanelProduct.Rows(x.pointer, y.pointer, count: rows)) { run in
            let runs = UnsafeBufferPointer(start: run, count: 1)
            let left = pack(runs, width: depth)
            for right in [PanelProduct.Right.rows(b.pointer), .transposedRows(b.pointer)] {
                PanelProduct.multiply(
                    left, first: 0, runs, depth: depth, right, width: width, columns: 0..<width,
                    bias: bias.pointer, scratch: scratch.pointer)
                update(hash, y)
            }
        }
        withUnsafePointer(to: PanelProduct.Rows(y.pointer, dw.pointer, count: rows)) { run in
            PanelProduct.multiplyTransposed(
                x.pointer, depth: depth, rows: 0..<PanelProduct.mostRows,
                pack(UnsafeBufferPointer(start: run, count: 1), width: width),
                first: 0, width: width, samples: rows, accumulates: false, into: dw.pointer,
                scratch: scratch.pointer)
        }
        update(hash, dw)
        convolve(hash)
        return hash.hexDigest()
    }

    private static func convolve(_ hash: SHA256) {
        let (images, outputs) = (3, 32)
        let geometry = WindowGeometry(
            input: (10, 9, 48), kernel: (3, 3), stride: (1, 1), padding: (1, 1, 1, 1), output: (10, 9))
        guard let winograd = Winograd(geometry, outputs: outputs) else {
            preconditionFailure("such a convolution is Winograd's")
        }
        let (x, w, back) = (
            madeUp(images * geometry.inputCount, 4), madeUp(geometry.patchCount * outputs, 5),
            winograd.transposed
        )
        let (y, dw) = (FloatBuffer(count: images * geometry.positions * outputs), FloatBuffer(count: w.count))
        let u = FloatBuffer(count: winograd.transformedCount)
        let scratch = FloatBuffer(
            count: max(
                winograd.scratchCount, back.scratchCount,
                winograd.gradientScratchCount(channels: geometry.channels)))
        winograd.transform(w.pointer, panels: 0..<winograd.panels, into: u.pointer)
        winograd.convolve(
            x.pointer, transformed: u.pointer, images: images, into: y.pointer, scratch: scratch.pointer)
        update(hash, y)
        winograd.weightGradient(
            x.pointer, y.pointer, images: images, channels: 0..<geometry.channels, into: dw.pointer,
            scratch: scratch.pointer)
        update(hash, dw)
        convolveDirectly(hash, x, w, images: images, outputs: outputs)
        back.transform(original: w.pointer, panels: 0..<back.panels, into: u.pointer)
        back.convolve(
            y.pointer, transformed: u.pointer, images: images, into: x.pointer, scratch: scratch.pointer)
        update(hash, x)
    }

    private static func convolveDirectly(
        _ hash: SHA256, _ x: FloatBuffer, _ w: FloatBuffer, images: Int, outputs: Int
    ) {
        let geometry = WindowGeometry(
            input: (11, 13, 3), kernel: (5, 3), stride: (2, 1), padding: (2, 1, 1, 0), output: (5, 12))
        guard let convolution = DirectConvolution(geometry, outputs: outputs) else { return }
        let packed = FloatBuffer(count: convolution.packedCount)
        let y = FloatBuffer(count: images * geometry.positions * outputs)
        let dw = FloatBuffer(count: geometry.patchCount * outputs)
        let scratch = FloatBuffer(count: convolution.scratchCount)
        convolution.pack(w.pointer, panels: 0..<convolution.panels, into: packed.pointer)
        convolution.convolve(
            x.pointer, packed: packed.pointer, images: images, into: y.pointer, scratch: scratch.pointer)
        convolution.weightGradient(
            x.pointer, y.pointer, images: images, outputs: 0..<outputs, into: dw.pointer,
            scratch: scratch.pointer)
        update(hash, y)
        update(hash, dw)
    }

    private static func products(_ products: [MatrixProduct]) -> String {
        let hash = SHA256()
        for (index, product) in products.enumerated() {
            let (m, n, k) = (product.m, product.n, product.k)
            let (a, b, c) = (
                madeUp(m * k, 2 * index + 2), madeUp(k * n, 2 * index + 3),
                product.accumulates ? madeUp(m * n, 1) : FloatBuffer(count: m * n)
            )
            BLAS.multiply(
                transposeA: product.transposeA, transposeB: product.transposeB, m: m, n: n, k: k,
                a: a.pointer,
                lda: product.transposeA ? m : k, b: b.pointer, ldb: product.transposeB ? k : n,
                beta: product.accumulates ? 1 : 0, c: c.pointer, ldc: n)
            update(hash, c)
        }
        return hash.hexDigest()
    }

    /// Two steps of a small network with everything in it.
    private static func tinyStep() throws -> String {
        let job = Job(
            name: "fingerprint", seed: 1, data: DataSpec(train: .digits, normalization: .zScore),
            layers: [
                NamedLayer("a", .flatten),
                NamedLayer("b", .dense(units: 24, bias: true, initializer: .heNormal)),
                NamedLayer("c", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("d", .activation(.tanh)),
                NamedLayer("e", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
            batchSize: 50, microbatches: 2, epochs: 1, maxSteps: 2)
        let data = try DecodedData(reading: job.data)
        let plan = try TrainingPlan(job, data.facts)
        let end = try LocalTraining(plan: plan, data: data).run(members: 1, lanes: 1).snapshot
        return end.stateSHA256(plan.network.layout, momentNames: job.momentNames)
    }

    /// Two steps of a small language model with every layer that looks at several positions. A part of its
    /// own, only for jobs with sequences, so that the platforms of earlier checkpoints keep their names.
    private static func sequenceSteps() throws -> String {
        let (vocabulary, length) = (19, 70)
        var attention = AttentionOptions(heads: 4, kvHeads: 2)
        attention.rotary = RotaryOptions()
        let cells = [RecurrentOptions.Cell.tanh, .lstm, .gru].map { cell in
            NamedLayer("\(cell)", .recurrent(RecurrentOptions(cell, units: 16)))
        }
        let job = Job(
            name: "fingerprint", seed: 1, data: DataSpec(train: .digits),
            layers: [
                NamedLayer(
                    "a", .embedding(entries: vocabulary, width: 32, initializer: .xavierUniform)),
                NamedLayer("b", .attention(attention)),
                NamedLayer("c", .rmsNorm(epsilon: 1e-5, hasScale: true)),
                NamedLayer(
                    "d",
                    .sequenceConvolution(
                        channels: 32, kernel: 3, isCausal: true, bias: true, initializer: .heNormal)),
                NamedLayer("e", .gated(.silu)),
            ] + cells + [
                NamedLayer("z", .dense(units: vocabulary, bias: true, initializer: .xavierUniform))
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 4,
            microbatches: 2, epochs: 1, maxSteps: 2)
        let form = DatasetForm(
            elementType: .uint8, sampleShape: [length, 1], count: 8, targets: .nextToken,
            stream: StreamForm(
                positions: 8 * length + 1, vocabulary: vocabulary, index: .windows(stride: length)))
        let train = try Dataset.madeUp(form)
        let data = DecodedData(
            train: train, validation: nil, test: nil, normalization: Normalization(.none, of: train))
        let plan = try TrainingPlan(job, data.facts)
        let end = try LocalTraining(plan: plan, data: data).run(members: 1, lanes: 1).snapshot
        return end.stateSHA256(plan.network.layout, momentNames: job.optimizer.momentNames)
    }
}
