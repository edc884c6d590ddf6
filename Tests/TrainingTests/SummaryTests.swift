import Datasets
import Jobs
import TestSupport
import Testing
import Training

@Suite struct SummaryTests {
    /// The expected numbers were computed by hand: 64 × 256 weights, 2 × 256 for a batch norm, 2 operations
    /// per weight and sample, 4 bytes per value.
    ///
    /// Memory of a sample in training: 64 + 128 + 128 + 10 values, and gradients of the last 10 and of 128
    /// (those of the batch norm use the same memory). In evaluation it is 64 + 128 + 10 values. A flat vector
    /// has 65,536 floats. Gradients need three vectors for four microbatches and one for one. A dense layer's
    /// blocks take 256 × 256 and 64 × 256 values of a lane's memory, and 4 · 16 · 128 for its gradient.
    @Test func ofADigitsNetwork() throws {
        let file = try load(
            config([
                "data": #"{train: {builtin: "digits"}, validation: {builtin: "digits"}}"#,
                "model":
                    #"["flatten", {dense: 128, batch_norm: true, activation: "relu"}, {dense: 10,"#
                    + #" name: "head", activation: "softmax"}]"#,
                "batch": "{size: 128, microbatches: 4}", "epochs": "100",
            ]))
        let plan = try TrainingPlan(file.job, try DecodedData(reading: file.job.data).facts)
        #expect(Summary.text(plan) == digitsSummary)
    }

    /// Frozen layers keep their parameters, but need no gradients and no moments. Two 3×3 windows, the second
    /// behind a stride of 2, see 3 + 2·2 pixels.
    @Test func ofFrozenConvolutions() throws {
        let lines = try summary([
            "model":
                #"[{conv: 4, kernel: 3, stride: 2}, {conv: 8, kernel: 3}, "flatten", {dense: 10,"#
                + #" name: "head"}]"#,
            "freeze": #"["conv1"]"#,
        ]).map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains("conv1 conv 3×3 / 2 (xavier_uniform), frozen 4×4×4 40 25.0 KiB 1,216 3×3"))
        #expect(lines.contains("conv2 conv 3×3 (xavier_uniform) 4×4×8 296 50.0 KiB 9,344 7×7"))
        #expect(lines.contains("parameters 1,626 (6.4 KiB), of which 1,586 are trained"))
        #expect(lines.contains("gradients 6.2 KiB to reduce per step"))
    }

    @Test func ofClusters() throws {
        let job = #"{data: {train: {builtin: "digits"}}, kmeans: {clusters: 10}}"#
        let lines = try summary(load(job))
        #expect(
            lines.starts(with: [
                "keeps             shape   memory", "--------------------------------",
                "centroids         10×64  2.5 KiB",
            ])
        )
        #expect(lines.contains("k-means          10 clusters of 64 features, chosen in the first 10 steps"))
        #expect(lines.contains("steps            1 per epoch, at most 110 in all"))
        #expect(!lines.contains { $0.contains("FLOPs") })
    }

    private func summary(_ fields: [String: String]) throws -> [String] { try summary(load(config(fields))) }

    private func summary(_ file: JobFile) throws -> [String] {
        Summary.text(try TrainingPlan(file.job, try DecodedData(reading: file.job.data).facts)).split(
            separator: "\n"
        ).map(String.init)
    }
}

private let digitsSummary = """
    layer        kind                        output  parameters  activations  FLOPs/sample  receptive field
    -------------------------------------------------------------------------------------------------------
    input                                     8×8×1                 32.0 KiB                            1×1
    flatten1     flatten                         64                                                     1×1
    dense1       dense (he_normal, no bias)     128       8,192     64.0 KiB        16,384              8×8
    dense1.bn    batch norm                     128         256     64.0 KiB           512              8×8
    dense1.relu  relu                           128                 64.0 KiB           128              8×8
    head         dense (xavier_uniform)          10       1,290      5.0 KiB         2,570              8×8

    parameters       9,738 (38.0 KiB)
    optimizer state  76.1 KiB, once in the cluster
    activations      229.0 KiB for a batch, shared out among the workers
    gradients        38.0 KiB to reduce per step
    FLOPs            19,594 per sample forward, about three times that in training
    memory           2.6 MiB in a worker alone, 1.0 MiB in each of 4, and 389.0 KiB for each lane
      alone          357.0 KiB values of layers and their gradients, 257.0 KiB parameters, \
    768.0 KiB gradients of parameters, 512.0 KiB optimizer state, 806.1 KiB of the newest snapshot
    batch            128 samples in 4 microbatches, the last of an epoch has 29
    steps            12 per epoch, 1,200 in all
    samples          1,437 train, 360 validation, 0 test
    """
