import Jobs
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

@Suite struct JobCodecTests {
    /// Configs in which every field, kind of layer and optimizer occurs, with numbers that decimals only come
    /// near to.
    static let variations: [[String: String]] = {
        var all: [[String: String]] = [[:]]
        for optimizer in [
            "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw",
            "{sgd: {learning_rate: 0.3333333333333333, momentum: 0.1}}", "{momentum: {momentum: 0}}",
            "{adam: {learning_rate: 1e-300, beta1: 0.1, beta2: 0.30000000000000004, epsilon: 1e-30}}",
        ] {
            all.append(["optimizer": optimizer.hasPrefix("{") ? optimizer : "\"\(optimizer)\""])
        }
        for kind in Loss.Kind.allCases { all.append(["loss": "\"\(kind.rawValue)\""]) }
        for loss in [
            "{cross_entropy: {label_smoothing: 0.1, class_weights: [0.1, 3]}}",
            #"{cross_entropy: {class_weights: "balanced"}}"#,
            "{binary_cross_entropy: {positive_weight: 0.3333333333333333}}",
            "{binary_cross_entropy: {positive_weight: [1, 2.5], class_weights: [1, 0]}}", "{mae: {}}",
        ] {
            all.append(["loss": loss])
        }
        all += [
            ["metrics": "[]"], ["ema": "0.99"], ["ema": "{decay: 0.5, warmup: false}"],
            ["lora": #"{rank: 3, alpha: 0.5, on: ["dense1"], train: ["head"]}"#],
            ["metrics": #"["accuracy", "top_5", "precision", "recall", "f1", "confusion_matrix"]"#],
            ["metrics": #"["mae", "mse", "rmse", "r2"]"#],
            ["data": #"{train: {builtin: "digits"}, target: "input"}"#],
        ]
        for optimizer in [
            "{nesterov: {momentum: 0.3}}", "{sgd: {momentum: 0.7, nesterov: true}}",
            "{adagrad: {epsilon: 1e-5}}",
            "{rmsprop: {alpha: 0.1, epsilon: 0.7, momentum: 0.3, centered: true}}",
            "{adamw: {beta1: 0.1, weight_decay: 0.7}}",
            #"{adamw: {weight_decay: 0.1, weight_decay_on: "matrices"}}"#,
        ] { all.append(["optimizer": optimizer]) }
        for schedule in [
            #""constant""#, "{constant: {warmup_steps: 7}}", "{step: {every_epochs: 30}}",
            "{step: {every_steps: 3, factor: 0.7}}",
            "{multi_step: {epochs: [3, 5], warmup_steps: 2}}", "{multi_step: {steps: [3], factor: 0.3}}",
            "{exponential: {factor: 0.95}}",
            #"{exponential: {factor: 0.95, per: "step"}}"#, #""cosine""#,
            "{cosine: {minimum: 1e-5, total_steps: 77, warmup_steps: 5}}",
            #""reduce_on_plateau""#,
            #"{reduce_on_plateau: {monitor: "train.accuracy", factor: 0.3, patience: 0, threshold: 0, "#
                + #"min_learning_rate: 0.1, mode: "min"}}"#,
        ] { all.append(["schedule": schedule]) }
        for regularization in [
            "{l1: 0.3}", "{l2: 0.1}", "{elastic_net: {alpha: 0.3, l1_ratio: 0.9}}",
            "{elastic_net: {alpha: 0.7}}",
        ] {
            all.append(["regularization": regularization])
        }
        for clip in ["{global_norm: 0.7}", "{value: 1}"] { all.append(["clip": clip]) }
        let initializers =
            Initializer.named.map { "\"\($0.name)\"" } + [
                "{constant: 0.1}", "{uniform: 0.05}", "{uniform: {low: -1, high: 1e-300}}",
                "{normal: {deviation: 0.3}}", "\"orthogonal\"",
                "{orthogonal: {gain: 0.1}}",
            ]
        for initializer in initializers { all.append(["model": "[{dense: 3, init: \(initializer)}]"]) }
        for layer in [
            "{conv: 4}",
            "{conv: 4, kernel: [1, 3], stride: [2, 1], padding: [0, 1], bias: false, init: {constant: 1}}",
            "{conv: 4, kernel: 2, padding: {top: 1, right: 3}, batch_norm: true, activation: \"relu\", "
                + "name: \"c\"}",
            "{conv: 4, padding: \"valid\"}", "{max_pool: 2}",
            "{max_pool: [2, 3], stride: 1, padding: \"same\", ceil_mode: true}",
            "{average_pool: 3, stride: [1, 2], padding: 1}", "\"global_average_pool\"",
            "{global_average_pool: true, name: \"g\"}",
        ] { all.append(["model": "[\(layer), \"flatten\", {dense: 3}]"]) }
        for function in ["relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax"] {
            all.append([
                "model":
                    "[\"\(function)\", {dense: 3, activation: \"\(function)\"}, "
                    + "{activation: \"\(function)\", name: \"last\"}]"
            ])
        }
        for batch in [
            #"{size: "all"}"#, #"{size: "all", microbatches: 3}"#, "{size: 1}",
            "{size: 4096, microbatches: 4096}",
        ] {
            all.append(["batch": batch])
        }
        for normalization in [
            "\"none\"", "\"z_score\"", "\"min_max\"", "\"zca_whitening\"", "{zca_whitening: {epsilon: 0.1}}",
            "{pca_whitening: {components: 7}}",
        ] {
            all.append([
                "data":
                    #"{train: {idx: {images: "a \"b\"", labels: "ü"}}, test: {builtin: "digits"}, "#
                    + #"normalize: \#(normalization)}"#
            ])
        }
        all += [
            ["seed": "0"], ["seed": "18446744073709551615"], ["name": "\"x.y_z-1\""], ["max_steps": "3"],
            ["logging": "{every: 77}"],
            ["logging": "{gradients: true}"], ["learning_rates": #"{"layer1.": 0.1, "": 3}"#],
            ["checkpoint": "{every: 12}"], ["checkpoint": #"{every: "epoch", keep: 1}"#],
            ["numerics": #"{blas_core: "Zen"}"#],
            ["batch": "{size: 64, microbatches: 4}", "assignment": "{cuts: [0, 1, 4]}"],
            [
                "model":
                    #"["flatten", {dense: 5, batch_norm: {momentum: 0.7, epsilon: 0.1}, "#
                    + #"activation: "relu"}, {batch_norm: true, name: "n"}]"#
            ],
        ]
        let models = [
            #"[{dense: 4, activation: {maxout: 3}}, {activation: {leaky_relu: 0.2}}, "#
                + #"{activation: {elu: {alpha: 0.5}}}, {dropout: 0.25}]"#,
            #"[{name: "b", residual: [{dense: 4}, {dense: 64}], activation: "relu"}, "#
                + #"{residual: ["tanh"], shortcut: [{dense: 64}]}]"#,
            #"[{branches: [[{dense: 3}], [{dense: 2}, "relu"]]}, {name: "x", dense: 4}, "#
                + #"{dense: 4, from: "branches1"}, {add: ["x", "dense2"]}]"#,
            #"[{dense: 4, batch_norm: {sync: false}}, {name: "y", repeat: 3, layers: [{dense: 5}]}, "#
                + #"{concat: ["y", "dense1"]}]"#,
            #"[{block: [{block: [{dense: 3, name: "deep"}]}, {dense: 2}]}, {maxout: 2}]"#,
            #"[{dense: 4, activation: {gelu: "tanh"}}, {layer_norm: {epsilon: 0.1, scale: false}}, "gelu", "#
                + #"{layer_norm: true}]"#,
        ]
        return all + models.map { ["model": $0] } + [
            [
                "define":
                    "{tower: {parameters: {units: null, factor: 2}, "
                    + "layers: [{dense: \"$units * 3\"}, {maxout: \"$factor\"}]}}",
                "model":
                    #"[{use: "tower", units: 4}, "#
                    + #"{use: "tower", name: "top", units: 5, factor: 3, repeat: 2}]"#,
            ]
        ]
    }()

    /// The text that a job writes decodes to the same job, text and identity.
    @Test(arguments: variations) func theResolvedJobDecodesToItself(fields: [String: String]) throws {
        let file = try load(config(fields))
        for text in [file.resolved.prettyJSON(), file.resolved.compactJSON()] {
            let job = try Job(resolvedText: text)
            #expect(job == file.job)
            #expect(job.resolved.compactJSON() == file.resolved.compactJSON())
            let again = try load(text)
            #expect(again.job == file.job)
            #expect(again.identity == file.identity)
        }
    }

    /// `job.json5` as a whole: every default is in it, every layer has its name.
    @Test func theResolvedTextOfASmallJob() throws {
        let text = try load(
            config(["model": #"["flatten", {dense: 10, batch_norm: true, activation: "relu"}]"#])
        ).resolved.compactJSON()
        let expected = """
            {"name":"job","seed":1,"data":{"train":{"builtin":"digits"},"normalize":"none"},\
            "model":[{"flatten":true,"name":"flatten1"},\
            {"dense":10,"bias":false,"init":"he_normal","name":"dense1"},\
            {"batch_norm":{"momentum":0.1,"epsilon":1e-05,"sync":true},"name":"dense1.bn"},\
            {"activation":"relu","name":"dense1.relu"}],"loss":"cross_entropy",\
            "optimizer":{"adam":{"learning_rate":0.001,"beta1":0.9,"beta2":0.999,"epsilon":1e-08}},\
            "batch":{"size":100},"epochs":2,"schedule":{"constant":{"warmup_steps":0}},\
            "regularization":{"l1":0,"l2":0},"checkpoint":{"every":"epoch","keep":3},\
            "logging":{"every":10,"gradients":false,"tensorboard":false}}
            """
        #expect(text == expected)
    }

    @Test func aBadResolvedTextIsRefused() throws {
        let error = #expect(throws: (any Error).self) { try Job(resolvedText: "{\"name\": 3}") }
        let shown = "\(try #require(error))"
        #expect(shown.contains("the coordinator's job:1:10   name"), "\(shown)")
        #expect(throws: (any Error).self) { try Job(resolvedText: "") }
    }
}
