import Datasets

// Models of texts.
extension ModelDraft {
    /// - Parameters:
    ///   - facts: those of the training data.
    ///   - samples: those that are left for the training.
    init(_ task: TextDraft.Task, _ facts: DatasetReport, samples: Int) {
        let vocabulary = facts.form.stream?.vocabulary ?? 1
        switch task {
        case .continuation:
            self.init(continuing: facts.form, vocabulary, samples: samples)
        case .answers:
            self.init(
                languageModel: vocabulary, samples: samples, batchSize: samples < 5_000 ? 32 : 128,
                epochs: samples < 5_000 ? 60 : samples < 50_000 ? 20 : 5)
            metrics = ["exact_match", "accuracy"]
        case .classes:
            self.init(classes: facts.outputs, vocabulary, samples: samples)
        }
    }

    /// nanoGPT's network and settings for a computer without a GPU (https://github.com/karpathy/nanoGPT).
    private init(languageModel vocabulary: Int, samples: Int, batchSize: Int, epochs: Int) {
        layers = [
            "// 4 blocks of attention, 128 wide. Others: \"gpt2\", \"llama\", or layers of your own.",
            "{preset: \"gpt_nano\", classes: \(vocabulary)},",
        ]
        optimizer =
            "{adamw: {learning_rate: 1e-3, beta2: 0.99, weight_decay: 0.1, weight_decay_on: \"matrices\"}}"
        let warmUp = min(100, max(1, samples / batchSize * epochs / 10))
        settings = [
            "schedule: {cosine: {warmup_steps: \(warmUp), minimum: 1e-4}},", "clip: {global_norm: 1},",
        ]
        (self.batchSize, self.epochs) = (batchSize, epochs)
        patience = max(2, epochs / 5)
        metrics = ["accuracy"]
    }

    /// So many tokens are read that a small network comes near to what it can learn.
    private static let tokensToRead = 5_000_000

    private init(continuing form: DatasetForm, _ vocabulary: Int, samples: Int) {
        let tokens = form.stream?.positions ?? 1
        self.init(
            languageModel: vocabulary, samples: samples, batchSize: 16,
            epochs: min(40, max(1, Self.tokensToRead / max(1, tokens))))
        validation = tokens > 10_000_000 ? 0.01 : 0.1
        test = tokens > 10_000_000 ? 0.01 : 0.05
        if tokens > 4 * Self.tokensToRead {
            let steps = 4 * Self.tokensToRead / (batchSize * form.sampleShape[0])
            settings.append("max_steps: \(steps),    // a part of the long text; more is better")
        }
        settings.append("logging: {samples: {tokens: 200}},    // a text of the model after each epoch")
    }

    private init(classes: Int, _ vocabulary: Int, samples: Int) {
        layers = [
            "{embedding: \(vocabulary), width: 128, init: {normal: {deviation: 0.3}}, name: \"words\"},",
            "{dropout: 0.5},",
            "{lstm: 128, bidirectional: true, output: \"last\"},    // reads the text in both directions",
            "{dropout: 0.5},", "{dense: \(classes), name: \"head\"},",
        ]
        optimizer = "{adam: {learning_rate: 2e-3}}"
        settings = ["schedule: \"cosine\",    // the learning rate falls to 0 by the last epoch"]
        batchSize = samples < 10_000 ? 50 : 128
        epochs = samples < 2_000 ? 20 : 8
        patience = max(3, epochs / 4)
    }
}
