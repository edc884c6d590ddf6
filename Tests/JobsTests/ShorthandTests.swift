import Datasets
import Jobs
import TestSupport
import Testing

/// A value that stands for an object, and what is said where neither fits.
@Suite struct ShorthandTests {
    @Test(
        arguments: [
            (["batch": "32"], ["batch": "{size: 32}"]), (["batch": "\"all\""], ["batch": "{size: \"all\"}"]),
            (["early_stopping": "7"], ["early_stopping": "{patience: 7}"]),
            (["early_stopping": "true"], ["early_stopping": "{}"]),
            (
                ["data": #"{train: {builtin: "digits"}, split: 0.2}"#],
                ["data": #"{train: {builtin: "digits"}, split: {validation: 0.2}}"#]
            ),
            (["weights": "\"a.safetensors\""], ["weights": "{file: \"a.safetensors\"}"]),
        ] as [([String: String], [String: String])])
    func aValueStandsForAnObject(short: [String: String], long: [String: String]) throws {
        #expect(try load(config(short)).job == load(config(long)).job)
    }

    @Test(
        arguments: [
            (["batch": "[32]"], "`batch` must be an object, found a list of 1", "such as {size: 256}"),
            (["batch": "0"], "`batch` must be a whole number of at least 1", ""),
            (
                ["optimizer": "{adam: 0.1}"], "`adam` must be an object, found 0.1",
                "such as {learning_rate: 1e-3}"
            ),
            (["checkpoint": "5"], "`checkpoint` must be an object, found 5", "such as {every: 500}"),
            (["regularization": "1e-4"], "`regularization` must be an object", "such as {l1: 1e-4}"),
            (["logging": "10"], "must be an object, found 10", "such as {every: 50}"),
            (["data": "\"a.csv\""], "`data` must be an object", "such as {train: {builtin: \"digits\"}}"),
            (
                ["early_stopping": "{monitor: \"val_loss\"}"], "`monitor` must be",
                "did you mean \"validation.loss\"?"
            ),
            (
                ["checkpoint": "{best: \"val_acc\"}"], "must be a value to monitor",
                "did you mean \"validation.accuracy\"?"
            ),
            (["loss": "\"CrossEntropyLoss\""], "is not a loss", "did you mean `cross_entropy`?"),
        ] as [([String: String], String, String)])
    func mistakesHaveAnExample(fields: [String: String], message: String, label: String) throws {
        let shown = try complaint(config(fields)) ?? "nothing"
        #expect(shown.contains(message) && shown.contains(label), "\(shown)")
    }

    @Test func theBiasOfADenseLayerBeginsWhereTheConfigSays() throws {
        let job = try load(config(["model": #"["flatten", {dense: 10, bias_init: 22.5}]"#])).job
        #expect(
            job.layers[1].spec
                == .dense(units: 10, bias: true, initializer: .xavierUniform, initialBias: 22.5))
        #expect(try load(job.resolved.compactJSON()).job == job)
        let usual = try load(config()).job.resolved.compactJSON()
        #expect(!usual.contains("bias_init"), "jobs without it are written as before")
    }
}
