import Datasets
import Testing
import Training

@Suite struct SummaryTests {
    /// The whole text, its numbers computed by hand: 64 × 256 weights, 2 × 256 for a batch norm, 2 operations per weight and sample, 4 bytes a value.
    @Test func ofADigitsNetwork() throws {
        let file = try load(
            config([
                "data": #"{train: {builtin: "digits"}, validation: {builtin: "digits"}}"#,
                "model":
                    #"["flatten", {dense: 128, batch_norm: true, activation: "relu"}, {dense: 10, name: "head", activation: "softmax"}]"#,
                "batch": "{size: 128, microbatches: 4}", "epochs": "100",
            ]))
        let plan = try TrainingPlan(file.job, try DecodedData(reading: file.job.data).facts)
        #expect(
            Summary.text(plan) == """
                layer        kind                        output  parameters  activations  FLOPs/sample
                --------------------------------------------------------------------------------------
                input                                     8×8×1                 32.0 KiB
                flatten1     flatten                         64
                dense1       dense (he_normal, no bias)     128       8,192     64.0 KiB        16,384
                dense1.bn    batch norm                     128         256     64.0 KiB           512
                dense1.relu  relu                           128                 64.0 KiB           128
                head         dense (xavier_uniform)          10       1,290      5.0 KiB         2,570

                parameters       9,738 (38.0 KiB)
                optimizer state  76.1 KiB, once in the cluster
                gradients        38.0 KiB to reduce per step
                FLOPs            19,594 per sample forward, about three times that in training
                batch            128 samples in 4 microbatches, the last of an epoch has 29
                steps            12 per epoch, 1,200 in all
                samples          1,437 train, 360 validation, 0 test
                """)
    }
}
