import Datasets
import System

/// A model for a first training: its layers and the settings that go with them, as lines of a config.
///
/// Tables get two paths whose outputs are added, a linear model and hidden units with dropout ("wide and
/// deep", Cheng et al. 2016, https://arxiv.org/abs/1606.07792). Both begin with an output of 0. The linear
/// path learns first; where there are few samples it is about as good as logistic or ridge regression alone,
/// and the hidden units add what a linear model cannot express. Images get convolutions.
struct ModelDraft {
    let layers: [String]
    /// The optimizer as a config writes it.
    let optimizer: String
    /// Lines behind the optimizer: factors of the learning rate, penalties, frozen layers.
    var settings: [String]
    var batchSize: Int
    let epochs: Int
    let patience: Int
    /// The metric that ends the training and chooses the checkpoint.
    var monitor = "validation.loss"
    /// The metrics beside the loss; nil: those that suit the targets.
    var metrics: [String]?
    /// The fractions of the samples for validation and for testing.
    var (validation, test) = (0.15, 0.15)
    /// Lines of `data`: how images are varied.
    var augmentation: [String] = []

    /// - Parameters:
    ///   - samples: those of the training set, after the split.
    ///   - isPhotographs: whether an image's mirror image means the same.
    init(_ facts: DatasetReport, samples: Int, isPhotographs: Bool) {
        if facts.isImage {
            self.init(images: facts, samples: samples, isPhotographs: isPhotographs)
        } else {
            self.init(table: facts, samples: samples)
        }
    }

    /// The batch size by the number of samples.
    private static func batchSize(_ samples: Int) -> Int {
        switch samples {
        case ..<2_000: 32
        case ..<10_000: 64
        case ..<50_000: 128
        default: 256
        }
    }

    /// With fewer samples a validation set is too small to choose an epoch by: dropout and the penalty alone
    /// prevent overfitting, and the set, which is only looked at, takes few samples from the training.
    private static let fewSamples = 250

    // MARK: Tables

    private init(table facts: DatasetReport, samples: Int) {
        let scale = TargetScale(facts)
        let outputs = facts.outputs
        let units = min(256, max(16, samples / 16 / 8 * 8))
        let dropout = samples < 5_000 ? "0.5" : "0.2"
        var layers = [
            "// Hidden units and, beside them, a linear model; their outputs are added.",
            "{dense: \(units), activation: \"relu\"}, {dropout: \(dropout)},",
        ]
        if samples >= 5_000 {
            layers.append("{dense: \(units / 2), activation: \"relu\"}, {dropout: \(dropout)},")
        }
        layers += [
            "{dense: \(outputs), init: \"zeros\", name: \"deep\"},",
            "{dense: \(outputs), init: \"zeros\", from: \"input\", name: \"linear\"},",
            "{add: [\"deep\", \"linear\"]},",
        ]
        self.layers = layers + scale.layers
        optimizer = "{adam: {learning_rate: \(samples < 5_000 ? "2e-3" : "1e-3")}}"
        let penalty = TargetScale.short(4 / Double(max(1, samples)) * scale.penaltyFactor)
        settings =
            ["learning_rates: {\"linear.\": 5},    // the linear model learns first"]
            + ["regularization: {l2: \(penalty)},    // keeps weights small: the less data, the smaller"]
            + scale.settings
        batchSize = Self.batchSize(samples)
        epochs = samples < 2_000 ? 300 : samples < 20_000 ? 200 : 100
        let usual = samples < 2_000 ? 30 : samples < 20_000 ? 20 : 10
        guard samples >= Self.fewSamples else {
            patience = usual
            monitor = "train.loss"
            validation = 0.05
            return
        }
        // The loss of values is dominated by few samples, so that it falls less evenly than that of classes.
        patience = facts.isClassification ? usual : max(usual, 100_000 / max(1_250, samples))
    }

    // MARK: Images

    private init(images facts: DatasetReport, samples: Int, isPhotographs: Bool) {
        let scale = TargetScale(facts)
        let side = min(facts.form.sampleShape[0], facts.form.sampleShape[1])
        let isColoured = facts.form.sampleShape[2] == 3
        var layers: [String] = []
        var (rest, channels) = (side, side > 48 ? 16 : 32)
        repeat {
            let stride = rest > 48 ? ", stride: 2" : ""
            layers.append("{conv: \(channels), kernel: 3\(stride), batch_norm: true, activation: \"relu\"},")
            if rest <= 48 {
                layers.append("{conv: \(channels), kernel: 3, batch_norm: true, activation: \"relu\"},")
                if rest >= 8 { layers.append("{max_pool: 2},") }
            }
            (rest, channels) = (rest / 2, min(256, channels * 2))
        } while rest > 8
        layers += [
            "{conv: \(channels), kernel: 3, batch_norm: true, activation: \"relu\"},",
            "\"global_average_pool\",", "{dropout: 0.3},", "{dense: \(facts.outputs), name: \"head\"},",
        ]
        self.layers = layers + scale.layers
        optimizer = "{adam: {learning_rate: 1e-3}}"
        settings =
            ["schedule: \"cosine\",    // the learning rate falls to 0 by the last epoch"] + scale.settings
        batchSize = samples < 500 ? 16 : samples < 5_000 ? 32 : 128
        epochs = samples < 500 ? 60 : samples < 5_000 ? 30 : 12
        patience = max(5, epochs / 3)
        if isPhotographs, isColoured {
            augmentation = [
                "augment: {horizontal_flip: true, rotation: 10, translation: 0.1, brightness: 0.2},"
                    + "    // see: dist-train data preview"
            ]
        } else if side >= 16 {
            augmentation = ["augment: {rotation: 8, translation: 0.08},    // see: dist-train data preview"]
        }
    }
}

/// A last layer that brings outputs of about the size of 1 to the scale of a target: the layers before it
/// learn as if the target had mean 0 and standard deviation 1.
private struct TargetScale {
    var layers: [String] = []
    var settings: [String] = []
    /// The loss is this times as large as that of a target with standard deviation 1.
    var penaltyFactor = 1.0

    init(_ facts: DatasetReport) {
        guard let target = facts.target, target.deviation > 0, target.deviation.isFinite else { return }
        let deviation = Self.short(target.deviation)
        let mean = Self.short(target.mean)
        layers = [
            "// The target's standard deviation and mean: the layers before this one need not learn them.",
            "{dense: 1, name: \"scale\", init: {constant: \(deviation)}, bias_init: \(mean)},",
        ]
        settings = ["freeze: [\"scale\"],"]
        penaltyFactor = target.deviation * target.deviation
    }

    /// A number with four significant digits.
    static func short(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        var (power, size) = (1.0, value.magnitude)
        while size >= 10_000 { (size, power) = (size / 10, power * 10) }
        while size < 1_000 { (size, power) = (size * 10, power / 10) }
        let digits = Int(size.rounded()) * (value < 0 ? -1 : 1)
        let text = power >= 1 ? "\(Double(digits) * power)" : "\(Double(digits) / (1 / power).rounded())"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
