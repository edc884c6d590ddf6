import Datasets
import Jobs
import Kernels
import NeuralNetwork
import System
import TestSupport
import Testing

/// onnxruntime and PyTorch compute what this program computes.
@Suite(.enabled(if: PythonCheck.isThere, PythonCheck.isAbsent)) struct ExportAgreementTests {
    @Test func randomNetworks() async throws {
        let seeds: Range<UInt64> = 0..<(PythonCheck.isFull ? 100 : 10)
        try await PythonCheck.expectAgreement(seeds.map { seed in { _ in try .random(seed: seed) } })
    }

    @Test func randomNetworksOfSequences() async throws {
        let seeds: Range<UInt64> = 0..<(PythonCheck.isFull ? 100 : 12)
        try await PythonCheck.expectAgreement(
            seeds.map { seed in { _ in try .randomSequences(seed: seed) } })
    }

    @Test func tables() async throws {
        try await PythonCheck.expectAgreement([
            { try TableCases.classes("classes", in: $0, missing: .error) },
            { try TableCases.classes("filled", in: $0, missing: .mean) },
            { try TableCases.values("values", in: $0) },
            { try TableCases.reconstruction("autoencoder", in: $0) },
        ])
    }

    @Test func whitenedClusteredAndProjected() async throws {
        let shapes: [[Int]] = [[5], [4, 3, 2]]
        try await PythonCheck.expectAgreement(
            shapes.flatMap { shape in
                ["normalize: {zca_whitening: {}}", "normalize: {pca_whitening: {components: 4}}"].map {
                    line in
                    { @Sendable _ in
                        try .job(
                            "whitened", shape: shape, line,
                            """
                            model: ["flatten", {dense: 6, activation: "tanh"}, {dense: 4}],
                            loss: "cross_entropy", optimizer: {sgd: {learning_rate: 0.1}}, epochs: 1,
                            batch: {size: 8},
                            """)
                    }
                }
                    + ["kmeans: {clusters: 5}", "pca: {components: 3}", "pca: {components: 3, whiten: true}"]
                    .map { task in
                        { @Sendable _ in
                            try .job("measured", shape: shape, "normalize: \"z_score\"", "\(task),")
                        }
                    }
            })
    }

    @Test(.enabled(if: PythonCheck.isFull, PythonCheck.takesLong)) func everyReadyJob() async throws {
        let names = try ReadyJobCases.names()
        #expect(names.count > 20)
        try await PythonCheck.expectAgreement(names.map { name in { try ReadyJobCases.make(name, in: $0) } })
    }

    @Test(.enabled(if: PythonCheck.isFull, PythonCheck.takesLong)) func presets() async throws {
        let sides = [
            "lenet5": 28, "alexnet": 63, "alexnet_original": 67, "googlenet": 32, "vgg11": 32, "vgg16": 32,
        ]
        // Language models have the layers of the random networks of sequences.
        let ofImages = Presets.names.filter { !["gpt_nano", "gpt2", "llama"].contains($0) }
        #expect(ofImages.count >= 10)
        try await PythonCheck.expectAgreement(
            ofImages.map { name in
                { _ in
                    let side = sides[name] ?? 32
                    return try .job(
                        name, shape: [side, side, name == "lenet5" ? 1 : 3], "normalize: \"z_score\"",
                        """
                        model: [{preset: "\(name)", classes: 4}], loss: "cross_entropy",
                        optimizer: {sgd: {learning_rate: 0.1}}, epochs: 1, batch: {size: 8},
                        """)
                }
            })
    }
}

extension ExportCase {
    /// A job on made-up bytes with four classes.
    static func job(_ name: String, shape: [Int], _ data: String, _ more: String) throws -> ExportCase {
        let job = try JobFile.load(
            text: """
                {
                  name: "\(name)",
                  data: {train: {made_up: {shape: \(shape), classes: 4, samples: 64}}, \(data)},
                  \(more)
                }
                """, named: name
        ).job
        let form = DatasetForm(elementType: .uint8, sampleShape: shape, count: 6, targets: .absent)
        return try ExportCase(
            name, job, try Dataset.madeUp(form), classes: ["a", "b", "c", "d"], seed: 3)
    }
}
