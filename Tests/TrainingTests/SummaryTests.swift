import Configuration
import Testing
import Training

@Suite struct SummaryTests {
    /// By hand: 64·16 and 16·10 + 10 weights, 2·16 of batch norm; 1,437 = 14·100 + 37; floats of 4 bytes.
    @Test func table() throws {
        let text = minimal(model: "[\"flatten\", {dense: 16, batch_norm: true, activation: \"relu\"}, {dense: 10, name: \"head\"}]")
        let file = try load(text, overrides: ["batch={size: 100, microbatches: 2}"])
        let facts = DataFacts(sampleShape: [8, 8, 1], classCount: 10, trainCount: 1437, validationCount: 360, testCount: 0)
        let expected = """
            layer        kind                        output  parameters  activations  FLOPs/sample
            --------------------------------------------------------------------------------------
            input                                     8×8×1                 25.0 KiB
            flatten1     flatten                         64
            dense1       dense (he_normal, no bias)      16       1,024      6.2 KiB         2,048
            dense1.bn    batch norm                      16          32      6.2 KiB            64
            dense1.relu  relu                            16                  6.2 KiB            16
            head         dense (xavier_uniform)          10         170      3.9 KiB           330

            parameters       1,226 (4.8 KiB)
            optimizer state  9.6 KiB, once in the cluster
            gradients        4.8 KiB to reduce per step
            FLOPs            2,458 per sample forward, about three times that in training
            batch            100 samples in 2 microbatches, the last of an epoch has 37
            steps            15 per epoch, 30 in all
            samples          1,437 train, 360 validation, 0 test
            """
        #expect(Summary.text(try TrainingPlan(file.job, facts)) == expected)
    }

    /// Plain gradient descent keeps nothing, and an even division has no last batch to tell of.
    @Test func nothingToTell() throws {
        let file = try load(minimal(optimizer: "{sgd: {learning_rate: 0.1}}"))
        let facts = DataFacts(sampleShape: [8, 8, 1], classCount: 10, trainCount: 640, validationCount: 0, testCount: 0)
        let lines = Summary.text(try TrainingPlan(file.job, facts)).split(separator: "\n")
        #expect(lines.contains("optimizer state  0 B, once in the cluster"))
        #expect(lines.contains("batch            64 samples in 2 microbatches"))
        #expect(lines.contains("steps            10 per epoch, 20 in all"))
    }
}
