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
    package var normalization: Normalization
    package var classNames: [String]?
    /// The report's sums since the epoch began; empty before the first step.
    package var epochTotals: [Double]
    package var platform: String
    package var isExact: Bool
    package var decisions: DecisionState
    /// The resolved job, as text; nil in checkpoints of before.
    package var job: String?
    /// The encoding of a table's columns as features and targets; nil if the data are no table.
    package var table: TableEncoding?
    /// The shape of a sample, by which a model can be made without its data; nil in checkpoints of before.
    package var sampleShape: [Int]?
    /// Target values of a sample; nil for classes, or without targets.
    package var targetWidth: Int?
    /// Training samples.
    package var trainCount: Int?

    package init(
        data: String, normalization: Normalization, classNames: [String]?, epochTotals: [Double],
        platform: String, isExact: Bool,
        decisions: DecisionState = DecisionState(), job: String? = nil, table: TableEncoding? = nil,
        sampleShape: [Int]? = nil,
        targetWidth: Int? = nil, trainCount: Int? = nil
    ) {
        (self.data, self.normalization, self.classNames) = (data, normalization, classNames)
        (self.epochTotals, self.platform, self.isExact) = (epochTotals, platform, isExact)
        (self.decisions, self.job) = (decisions, job)
        (self.table, self.sampleShape, self.targetWidth, self.trainCount) = (
            table, sampleShape, targetWidth, trainCount
        )
    }

    /// Identifies decoded data by its content.
    package static func identity(of data: DecodedData) -> String {
        let hash = SHA256()
        for dataset in [data.train, data.validation, data.test] { hash.update(dataset?.contentHash() ?? [0]) }
        return hash.hexDigest()
    }

    package var value: ConfigValue {
        .object([
            ("data", .string(data)),
            (
                "normalization",
                .object([
                    ("kind", .string(normalization.kind.rawValue)),
                    ("shift", .array(normalization.shift.map { .number($0) })),
                    ("factor", .array(normalization.factor.map { .number($0) })),
                ])
            ),
            ("class_names", classNames.map { .array($0.map { .string($0) }) } ?? .null),
            ("epoch_totals", .array(epochTotals.map { .number($0) })),
            ("platform", .string(platform)), ("exact", .bool(isExact)), ("decisions", decisions.value),
            ("job", job.map { .string($0) } ?? .null), ("table", table?.value ?? .null),
            ("sample_shape", sampleShape.map { .array($0.map { .int($0) }) } ?? .null),
            ("target_width", targetWidth.map { .int($0) } ?? .null),
            ("train_count", trainCount.map { .int($0) } ?? .null),
        ])
    }

    package init(_ checkpoint: Checkpoint) throws {
        let diagnostics = Diagnostics()
        var read: CheckpointState?
        if let fields = ObjectDecoder(checkpoint.state, diagnostics) {
            let data = fields.required("data", .string)
            let normalization = fields.required(
                "normalization",
                .object { fields -> Normalization? in
                    let kind = fields.required("kind", .oneOf(Normalization.Kind.self))
                    let shift = fields.required("shift", .array(of: Expectation<Double>.number(.finite)))
                    let factor = fields.required("factor", .array(of: Expectation<Double>.number(.finite)))
                    let (shifts, factors) = (
                        (shift ?? []).map { Float($0) }, (factor ?? []).map { Float($0) }
                    )
                    guard let kind, shifts.count == factors.count, (shifts + factors).allSatisfy(\.isFinite)
                    else { return nil }
                    return Normalization(kind: kind, shift: shifts, factor: factors)
                })
            let classNames = fields.optional("class_names", .array(of: Expectation<String>.string))
            let totals = fields.required("epoch_totals", .array(of: Expectation<Double>.number(.finite)))
            let platform = fields.required("platform", .string)
            let isExact = fields.required("exact", .bool)
            let decisions = fields.optional("decisions", DecisionState.expectation, default: DecisionState())
            let job = fields.optional("job", .string)
            let table = fields.optional("table", TableEncoding.expectation)
            let shape = fields.optional(
                "sample_shape", .array(of: Expectation<Int>.int(1...1 << 40), count: 1...8))
            let targetWidth = fields.optional("target_width", .int(1...1 << 40))
            let trainCount = fields.optional("train_count", .int(1...1 << 40))
            fields.finish()
            if let data, let normalization, let totals, let platform, let isExact {
                read = CheckpointState(
                    data: data, normalization: normalization, classNames: classNames, epochTotals: totals,
                    platform: platform,
                    isExact: isExact, decisions: decisions, job: job, table: table, sampleShape: shape,
                    targetWidth: targetWidth,
                    trainCount: trainCount)
            }
        }
        guard let read, !diagnostics.hasErrors else {
            throw CheckpointError(
                "the manifest of `\(checkpoint.path)` does not have the state of a training run; use a checkpoint that this program wrote"
            )
        }
        self = read
    }
}
