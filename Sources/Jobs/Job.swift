import Datasets
import NeuralNetwork

/// One training run, as its config file says, with every default filled in. Everything that decides bits is
/// here or in the data.
package struct Job: Equatable, Sendable {
    package var name: String
    package var seed: UInt64
    /// So many models are trained one after the other, from seeds that follow each other; nil: one, and no
    /// ensemble.
    package var ensemble: Int?
    /// The computation; `layers`, `loss` and `optimizer` count for a training alone.
    package var task = Task.training
    package var data: DataSpec
    package var layers: [NamedLayer]
    package var loss: Loss
    /// The metrics beside the loss; nil: those that suit the loss and the targets.
    package var metrics: [Metric]?
    package var optimizer: Optimizer
    package var optimization = Optimization()
    /// Samples in a global mini-batch; nil: all of the training set (batch gradient descent).
    package var batchSize: Int?
    /// V; nil: the largest power of two ≤ 8 that leaves at least 32 samples in each.
    package var microbatches: Int?
    package var epochs: Int
    /// Ends the job early, after so many steps.
    package var maxSteps: Int?
    package var checkpoint: CheckpointPolicy
    package var earlyStopping: EarlyStopping?
    /// The weights to begin with; nil: drawn from the seed.
    package var weights: WeightsSpec?
    /// Layers and blocks that are not trained, by name.
    package var freeze: [String] = []
    /// Low-rank adapters, which are trained in place of the network; nil: none.
    package var adapters: LowRankAdapters?
    /// A step is logged to metrics.jsonl if its number is a multiple of this, or an epoch ends with it.
    package var logEvery: Int
    /// Whether the run is written for TensorBoard too.
    package var logsTensorBoard = false
    /// Texts that a language model writes during the training; nil: none.
    package var samples: SamplePolicy?
    /// The OpenBLAS core that every worker must compute with; nil: the first worker's.
    package var blasCore: String?
    /// Microbatch cuts that replace the even assignment, for tests and measurements.
    package var forcedCuts: [Int]?

    package init(
        name: String, seed: UInt64, data: DataSpec, layers: [NamedLayer], loss: Loss,
        metrics: [Metric]? = nil,
        optimizer: Optimizer, batchSize: Int?,
        microbatches: Int? = nil, epochs: Int, maxSteps: Int? = nil,
        checkpoint: CheckpointPolicy = CheckpointPolicy(),
        logEvery: Int = 10, blasCore: String? = nil, forcedCuts: [Int]? = nil
    ) {
        self.name = name
        self.seed = seed
        self.data = data
        self.layers = layers
        self.loss = loss
        self.metrics = metrics
        self.optimizer = optimizer
        self.batchSize = batchSize
        self.microbatches = microbatches
        self.epochs = epochs
        self.maxSteps = maxSteps
        self.checkpoint = checkpoint
        self.logEvery = logEvery
        self.blasCore = blasCore
        self.forcedCuts = forcedCuts
    }
}

/// When checkpoints are written besides the one at the end, and how many are kept.
package struct CheckpointPolicy: Equatable, Sendable {
    package enum Interval: Equatable, Sendable {
        case epoch
        case steps(Int)
    }

    package var every: Interval
    /// The newest so many are kept.
    package var keep: Int
    /// By what the best one is chosen, which is kept too.
    package var best: MetricMonitor?

    package init(every: Interval = .epoch, keep: Int = 3, best: MetricMonitor? = nil) {
        self.every = every
        self.keep = keep
        self.best = best
    }
}

/// Trained weights to begin with.
package struct WeightsSpec: Equatable, Sendable {
    /// A safetensors file, a checkpoint or a run directory.
    package var file: String
    /// Tensors, layers and blocks that begin fresh all the same, by name.
    package var skip: [String]

    package init(file: String, skip: [String] = []) {
        self.file = file
        self.skip = skip
    }
}

/// The samples of a job and their preparation.
package struct DataSpec: Equatable, Sendable {
    package indirect enum Source: Equatable, Sendable {
        /// A set inside the program. Of the digits the first 1,437 train, the last 360 validate.
        case builtin(EmbeddedDataset)
        case idx(images: String, labels: String, firstClass: Int = 0)
        /// The directory of MNIST or Fashion-MNIST.
        case mnist(MNIST, directory: String)
        case csv(path: String, CSVFormat, TableRules)
        /// Files, or the directory with all of them.
        case cifar10([String])
        case cifar100(path: String, labels: CIFAR.Labels)
        case npy(NPYFiles)
        case imageFolder(ImageFolder)
        case text(TextData)
        case madeUp(MadeUpData)
        /// The first `count` samples of another source.
        case limited(Source, count: Int)

        package static let digits = Source.builtin(.digits)

        /// Sets the stride of a text's windows, and of those of the parts that are split off.
        package mutating func setStride(_ stride: Int) {
            switch self {
            case .text(var data):
                (data.stride, data.evaluationStride) = (stride, stride)
                self = .text(data)
            case .limited(var source, let count):
                source.setStride(stride)
                self = .limited(source, count: count)
            default: break
            }
        }

        /// The texts that these data, or the first of these data, are; nil for other data.
        package var text: TextData? {
            switch self {
            case .text(let data): data
            case .limited(let source, _): source.text
            default: nil
            }
        }
    }

    /// Arrays written by numpy.save: see `Dataset.npy`.
    package struct NPYFiles: Equatable, Sendable {
        package var features: String
        package var targets: String?
        package var layout: Dataset.ImageLayout
        package var classes: Bool?
        /// The number of the first class.
        package var firstClass: Int

        package init(
            features: String, targets: String? = nil, layout: Dataset.ImageLayout = .nhwc,
            classes: Bool? = nil, firstClass: Int = 0
        ) {
            self.features = features
            self.targets = targets
            self.layout = layout
            self.classes = classes
            self.firstClass = firstClass
        }
    }

    package var train: Source
    package var validation: Source?
    package var test: Source?
    package var split: DataSplit?
    package var normalization: Normalization.Kind
    /// Instead of a normalisation.
    package var whitening: WhiteningSpec?
    package var target: Target
    /// The variation of the training set's images; nil: none.
    package var augmentation: Augmentation?

    package enum Target: String, CaseIterable, Sendable {
        /// The data's own: labels, or values.
        case data
        /// The network's own input, which it learns to give back (an autoencoder).
        case input
    }

    package init(
        train: Source, validation: Source? = nil, test: Source? = nil, split: DataSplit? = nil,
        normalization: Normalization.Kind = .none,
        target: Target = .data, augmentation: Augmentation? = nil
    ) {
        self.train = train
        self.validation = validation
        self.test = test
        self.split = split
        self.normalization = normalization
        self.target = target
        self.augmentation = augmentation
    }
}

extension Job {
    /// The vectors that the owners of shards keep beside the parameters: the optimizer's moments, then the
    /// parameters' average.
    package var momentNames: [String] {
        optimizer.momentNames + (isAveraged ? [WeightAverage.name] : [])
    }

    /// True if an average of the parameters is evaluated in place of them.
    package var isAveraged: Bool { optimization.average != nil }
}
