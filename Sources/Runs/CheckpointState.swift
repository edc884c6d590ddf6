import Checkpoints
import Configuration
import Datasets
import Jobs
import System
import Training

/// The content of a checkpoint's manifest beside its tensors: the facts that resuming and predicting need.
package struct CheckpointState: Equatable, Sendable {
    /// Content hashes of the decoded data.
    package var data: String
    /// The content hash of the training, the validation and the test set, empty for one that is absent; nil
    /// in checkpoints of before.
    package var sets: [String]?
    package var normalization: Normalization
    /// How the training data became samples: a table's columns, an array's numbers, the classes.
    package var encoding: DataEncoding
    package var classNames: [String]? { encoding.classNames }
    package var table: TableEncoding? { encoding.table }
    /// The report's sums since the epoch began; empty before the first step.
    package var epochTotals: [Double]
    package var platform: String
    package var isExact: Bool
    package var decisions: DecisionState
    /// The resolved job, as text; nil in checkpoints of before.
    package var job: String?
    /// The shape of a sample, by which a model can be made without its data; nil in checkpoints of before.
    package var sampleShape: [Int]?
    /// Target values of a sample; nil for classes, or without targets.
    package var targetWidth: Int?
    /// Nil for samples that are no pieces of streams.
    package var sequences: SequenceFacts? = nil
    /// Training samples.
    package var trainCount: Int?
    /// True if all values of images have PyTorch's order in the checkpoint's tensors. In checkpoints of
    /// version 0.2 those behind a flatten had memory's order, unless a dense layer followed.
    package var isChannelsFirst: Bool
    /// Seconds of training until this checkpoint, over all interruptions; nil in checkpoints of before.
    package var seconds: Double? = nil
    /// Generations that had ended before their time until this checkpoint; nil in checkpoints of before.
    package var recoveries: Int? = nil

    package init(
        data: String, sets: [String]? = nil, normalization: Normalization,
        encoding: DataEncoding = DataEncoding(), epochTotals: [Double],
        platform: String, isExact: Bool,
        decisions: DecisionState = DecisionState(), job: String? = nil,
        sampleShape: [Int]? = nil,
        targetWidth: Int? = nil, trainCount: Int? = nil, isChannelsFirst: Bool = true
    ) {
        self.data = data
        self.sets = sets
        self.normalization = normalization
        self.encoding = encoding
        self.epochTotals = epochTotals
        self.platform = platform
        self.isExact = isExact
        self.decisions = decisions
        self.job = job
        self.sampleShape = sampleShape
        self.targetWidth = targetWidth
        self.trainCount = trainCount
        self.isChannelsFirst = isChannelsFirst
    }

    /// Checks that this program understands the order of the values in the checkpoint's tensors.
    ///
    /// - Throws: `CheckpointError` for a checkpoint of version 0.2 whose model depends on that order.
    package func checkOrder(for plan: TrainingPlan, path: String) throws {
        guard !isChannelsFirst, plan.dependsOnChannelOrder else { return }
        throw CheckpointError(
            "`\(path)` was written by version 0.2, which gave the values of this model's images another order"
                + " than PyTorch's; use that version for it, or train again")
    }

    /// Identifies decoded data by its content.
    package static func identity(of data: DecodedData) -> String {
        let hash = SHA256()
        for dataset in [data.train, data.validation, data.test] { hash.update(dataset?.contentHash() ?? [0]) }
        return hash.hexDigest()
    }

    /// The content hash of each set of the data, for `sets`.
    package static func sets(of data: DecodedData) -> [String] {
        [data.train, data.validation, data.test].map { $0.map(hash) ?? "" }
    }

    /// Whether a set is the one of the training, as far as the checkpoint says it.
    package func knows(_ dataset: Dataset, as part: DataPart.Name) -> Bool {
        guard let sets, let index = DataPart.Name.allCases.firstIndex(of: part),
            sets.indices.contains(index)
        else { return true }
        return sets[index] == Self.hash(dataset)
    }

    private static func hash(_ dataset: Dataset) -> String { TextFormat.hex(dataset.contentHash()) }

    package var value: ConfigValue { Self.codec.encode(self) }

    /// Reads the state in a checkpoint's manifest.
    /// - Throws: `CheckpointError` if the manifest has no such state.
    package init(_ checkpoint: Checkpoint) throws {
        let diagnostics = Diagnostics()
        guard let read = Self.codec.read(checkpoint.state, diagnostics), !diagnostics.hasErrors else {
            throw CheckpointError(
                "the manifest of `\(checkpoint.path)` does not have the state of a training run; "
                    + "use a checkpoint that this program wrote"
            )
        }
        self = read
    }
}

// MARK: - In a checkpoint's manifest

extension CheckpointState {
    private static let codec = Codec<CheckpointState>.object(
        CheckpointState(
            data: "", normalization: Normalization(kind: .none, shift: [], factor: []),
            epochTotals: [], platform: "", isExact: false, isChannelsFirst: false)
    ) {
        Field(required: "data", \.data, .string, "Content hash of the decoded data.")
        Field(
            "sets", \.sets, .array(of: Codec<String>.string),
            "Content hash of the training, validation and test set.")
        Field(
            required: "normalization", \.normalization, normalization,
            "How features are brought to one scale.")
        Field(
            "class_names", \.encoding.classNames, .array(of: Codec<String>.string),
            "Names of the classes, in order.")
        Field(
            required: "epoch_totals", \.epochTotals, .array(of: .number(.finite)),
            "The report's sums since the epoch began.")
        Field(required: "platform", \.platform, .string, "The numeric platform.")
        Field(required: "exact", \.isExact, .bool, "Whether all workers had that platform.")
        Field("decisions", \.decisions, DecisionState.codec, "What the decisions during a training remember.")
        Field("job", \.job, .string, "The text of the resolved job.")
        Field(
            "table", \.encoding.table, TableEncoding.codec,
            "How a table's columns became features and targets.")
        Field(
            "array_offsets", \.encoding.offsets, offsets, "What is subtracted from the numbers of arrays.")
        Field("tokenizer", \.encoding.tokenizer, tokenizer, "The tokenizer of texts, as `tokenizer.json`.")
        Field(
            "sample_shape", \.sampleShape, .array(of: .int(1...1 << 40), count: 1...8), "Shape of a sample.")
        Field("target_width", \.targetWidth, .int(1...1 << 40), "Target values of a sample.")
        Field(
            "sequences", \.sequences, sequences, "Tokens and lengths of samples that are sequences.")
        Field("train_count", \.trainCount, .int(1...1 << 40), "Training samples.")
        Field(
            "channels_first", \.isChannelsFirst, .bool, "Whether values of images have PyTorch's order.")
        Field("seconds", \.seconds, .number(.atLeast(0)), "Seconds of training so far.")
        Field("recoveries", \.recoveries, .int(0...1 << 40), "Generations that ended before their time.")
    }

    private static let tokenizer = Codec<String>.string.map(
        to: { try? Tokenizer(serialized: Array($0.utf8)) },
        from: { String(decoding: $0.serialized, as: UTF8.self) })

    private static let sequences = Codec<SequenceFacts>.object(
        SequenceFacts(vocabulary: nil, isRagged: false, predictsNextToken: false)
    ) {
        Field("vocabulary", \.vocabulary, .int(1...StreamForm.mostTokens), "Number of different tokens.")
        Field(required: "ragged", \.isRagged, .bool, "Whether samples may have unequal lengths.")
        Field(
            required: "next_token", \.predictsNextToken, .bool, "Whether the targets are the next tokens.")
    }

    private static let offsets = Codec<ArrayOffsets>.object(ArrayOffsets()) {
        Field(
            "features", \.features, .array(of: .number(.finite)), "For each channel or column.",
            omitsDefault: true)
        Field(
            "targets", \.targets, .array(of: .number(.finite)), "For each target value.", omitsDefault: true)
    }

    private struct NormalizationFields: Sendable {
        var kind = Normalization.Kind.none
        var shift: [Float] = []
        var factor: [Float] = []
    }

    private static let normalization = Codec<NormalizationFields>.object(
        NormalizationFields(),
        check: { fields, decoder in
            guard fields.shift.count != fields.factor.count else { return }
            decoder.error("there must be a factor for each shift", atValueOf: "factor")
        }
    ) {
        Field(required: "kind", \.kind, .oneOf(Normalization.Kind.self), "The kind.")
        Field(required: "shift", \.shift, .array(of: .float), "What is subtracted, per channel.")
        Field(required: "factor", \.factor, .array(of: .float), "What is multiplied with, per channel.")
    }.map(
        to: { fields -> Normalization? in
            guard fields.shift.count == fields.factor.count else { return nil }
            return Normalization(kind: fields.kind, shift: fields.shift, factor: fields.factor)
        }, from: { NormalizationFields(kind: $0.kind, shift: $0.shift, factor: $0.factor) })
}
