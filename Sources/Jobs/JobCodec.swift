import Configuration
import Datasets
import NeuralNetwork
import System

/// The fields of a job's config. The model is read when its definitions are known: see `JobReader`.
struct JobFields: Sendable {
    var job: Job
    var model: [ConfigValue] = []
    var definitions: [String: BlockDefinition] = [:]

    /// A job before its fields are read: the defaults.
    fileprivate init(_ optimizer: Optimizer) {
        job = Job(
            name: "job", seed: 1, data: DataSpec(train: .digits), layers: [], loss: .meanSquaredError,
            optimizer: optimizer, batchSize: nil, epochs: 1)
    }

    /// The fields of a job that there is.
    init(_ job: Job) {
        self.job = job
        model = job.layers.map(ModelReader.write)
    }

    static let mostEpochs = 1_000_000

    /// A job that trains a model.
    static let training = ObjectCodec(
        JobFields(.adam(learningRate: 1e-3)), check: { checkCuts($0.job, $1) }
    ) {
        head
        Field(
            required: "model", \.model, .array(of: .layer, count: 1...100_000),
            "The layers, one after the other.", example: "[\"flatten\", {dense: 10}]")
        Field(
            "define", \.definitions, BlockDefinition.table,
            "Blocks of layers that `use` puts into the model, by their names.",
            example: "{basic: {parameters: {units: null}, layers: [{dense: \"$units\"}, \"relu\"]}}",
            omitsDefault: true)
        Field(
            required: "loss", \.job.loss, Loss.codec, "What the training makes small.",
            example: "\"cross_entropy\"")
        Field(
            required: "optimizer", \.job.optimizer, Optimizer.codec, "The update rule.",
            example: "{adam: {learning_rate: 1e-3}}")
        Field.group(
            "batch", "The mini-batch of a step; a number is its size.",
            example: "{size: 256, microbatches: 8}", isRequired: true, shorthand: "size"
        ) {
            Field(
                required: "size", \.job.batchSize, size,
                "Samples in the global mini-batch, whatever the number of workers; "
                    + "\"all\": the training set.",
                example: "256")
            microbatches
        }
        Field(
            required: "epochs", \.job.epochs, .int(1...mostEpochs), "Passes through the training set.",
            example: "5", resume: .free)
        Field(
            "ensemble", \.job.ensemble, .int(1...1000),
            "Trains so many models, with the seeds `seed`, `seed` + 1 and so on.", example: "5",
            default: "one model, no ensemble")
        Field(
            "metrics", \.job.metrics, Metric.list, "What is measured beside the loss.",
            example: "[\"accuracy\", \"top_5\"]", default: "by the loss and the targets")
        optimization
        transfer
        runPolicy
        placement
    }

    /// A job with `kmeans` or `pca` instead of a model.
    static let unsupervised = ObjectCodec(
        JobFields(.gradientDescent(learningRate: 1, momentum: 0)),
        check: {
            checkUnsupervised($0.job, $1)
            checkCuts($0.job, $1)
        }
    ) {
        head
        Field(
            "kmeans", \.job.kMeans, KMeansSpec.codec, "Clusters of the samples (Lloyd's k-means).",
            example: "{clusters: 10}")
        Field(
            "pca", \.job.principalComponents, PrincipalComponentsSpec.codec,
            "Principal components of the samples.", example: "{components: 50}")
        Field.group("batch", "Every step goes over all samples.", example: "{microbatches: 4}") {
            Field(
                "size", \.job.batchSize,
                Codec<String>.oneOf(["all"]).map(to: { _ in Int??.some(nil) }, from: { _ in "all" }),
                "All samples.", example: "\"all\"")
            microbatches
        }
        runPolicy
        placement
    }

    // MARK: Parts

    @FieldBuilder<JobFields> private static var head: [Field<JobFields>] {
        Field(
            "name", \.job.name, .name, "Name of the job, and of its run directory.", example: "\"mnist-cnn\"",
            default: "the file's name")
        Field("seed", \.job.seed, .unsigned, "Seed of everything that is drawn at random.", example: "42")
        Field(
            required: "data", \.job.data, DataSpec.codec(seed: 1), "The samples and their preparation.",
            example: "{train: {builtin: \"digits\"}}", given: { DataSpec.codec(seed: $0.job.seed) })
    }

    private static let size = Codec<Int>.int(1...).map(to: { Int??.some($0) }, from: { $0 }).or(
        "all", is: nil)

    private static let microbatches = Field(
        "microbatches", \JobFields.job.microbatches, .int(1...4096),
        "Pieces of the batch that workers share; more workers than this are of no use.", example: "8",
        default: "the largest power of two from 2 to 8 that leaves 16 samples in each; from 1 to 8 and 32"
            + " samples with `batch_norm: {sync: false}`, k-means and PCA")

    @FieldBuilder<JobFields> private static var optimization: [Field<JobFields>] {
        Field(
            "schedule", \.job.optimization.schedule, Schedule.codec,
            "How the learning rate changes during the training.", example: "{cosine: {warmup_steps: 500}}")
        Field(
            "regularization", \.job.optimization.regularization, Regularization.codec,
            "Penalties on weights, not on biases and batch-norm parameters.", example: "{l2: 1e-4}")
        Field(
            "clip", \.job.optimization.clipping, GradientClipping.codec,
            "Limits large gradients, before a penalty's part is added, as PyTorch does.",
            example: "{global_norm: 1}")
        Field(
            "ema", \.job.optimization.average, WeightAverage.codec,
            "Keeps an exponential moving average of the parameters, which is evaluated, chosen as the best"
                + " and exported, and is the model in checkpoints; training goes on from the parameters"
                + " themselves, which lie beside it. A number is the decay. Running statistics of batch norm"
                + " stay those of the training.",
            example: "0.999")
        Field(
            "learning_rates", \.job.optimization.rateFactors, Optimization.RateFactor.factors,
            "Factors of the learning rate by the beginning of tensors' names; the longest that fits holds.",
            example: "{\"layer1.\": 0.1}", omitsDefault: true)
    }

    @FieldBuilder<JobFields> private static var transfer: [Field<JobFields>] {
        Field(
            "weights", \.job.weights, WeightsSpec.codec,
            "Weights to begin with: a safetensors file, a checkpoint or a run directory.",
            example: "{file: \"data/x.safetensors\", skip: [\"head.\"]}", default: "drawn from the seed")
        Field(
            "freeze", \.job.freeze, .names,
            "Layers and blocks that stay as they are: no gradients, batch norm as in evaluation.",
            example: "[\"layer1\", \"bn1\"]", omitsDefault: true)
        Field(
            "lora", \.job.adapters, LowRankAdapters.codec,
            "Trains low-rank adapters of dense layers and leaves the network as it is: y + alpha/rank · "
                + "(xA)B.",
            example: "{rank: 8, alpha: 16, on: [\"attention\"]}")
    }

    @FieldBuilder<JobFields> private static var runPolicy: [Field<JobFields>] {
        Field(
            "max_steps", \.job.maxSteps, .int(1...), "Ends the job after so many steps.", example: "1000",
            resume: .free)
        Field(
            "early_stopping", \.job.earlyStopping, EarlyStopping.codec,
            "Ends the training when a metric no longer improves; a number is the patience.",
            example: "{patience: 5}")
        Field(
            "checkpoint", \.job.checkpoint, CheckpointPolicy.codec,
            "When checkpoints are written, and which are kept.",
            example: "{every: 500, keep: 3, best: \"validation.accuracy\"}", resume: .free)
        Field.group(
            "logging", "What is written to metrics.jsonl, and for TensorBoard.",
            example: "{every: 10, gradients: true}",
            resume: .mayChange
        ) {
            Field(
                "every", \.job.logEvery, .int(1...), "Steps from one logged step to the next.", example: "50",
                resume: .free)
            Field(
                "gradients", \.job.optimization.logsGradients, .bool,
                "Whether logged steps tell each layer's gradient norm and its dead units.", example: "true")
            Field(
                "tensorboard", \.job.logsTensorBoard, .bool,
                "Whether the run directory gets curves, histograms of weights and pictures for TensorBoard.",
                example: "true", resume: .free)
            Field(
                "samples", \.job.samples, SamplePolicy.codec,
                "Texts that a language model writes during the training, in the log and on the page.",
                example: "{every: 500, prompt: \"ROMEO:\", tokens: 200, temperature: 0.8}", resume: .free)
        }
    }

    @FieldBuilder<JobFields> private static var placement: [Field<JobFields>] {
        Field.group("numerics", "The numeric platform.", example: "{blas_core: \"Haswell\"}") {
            Field(
                "blas_core", \.job.blasCore, .oneOf(Processor.allBLASCores),
                "The OpenBLAS core that all workers use. OPENBLAS_CORETYPE of a worker comes before it.",
                example: "\"Haswell\"", default: "the first worker's")
        }
        Field.group(
            "assignment", "Forces who gets which microbatches: for tests and measurements.",
            example: "{cuts: [0, 6, 8]}"
        ) {
            Field(
                required: "cuts", \.job.forcedCuts, .array(of: .int(0...)),
                "Where the microbatches are cut, from 0 to their number.", example: "[0, 6, 8]")
        }
        Field.ignored(
            "$schema", "Where an editor finds the JSON Schema; without meaning for the job.",
            example: "\"dist-train.schema.json\"")
    }
}
