import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import Runs
import Training

/// A trained model as other programs take it: from raw values to an answer.
///
/// For example, `ExportedModel(model).onnx()` are the bytes of an ONNX file, and `pyTorchFiles` the files of
/// a directory for PyTorch. Both have images as PyTorch does, channels before height and width, so that
/// tensors keep the layout that they have in a checkpoint. Sequences are `[positions, channels]`, padded at
/// their ends.
package struct ExportedModel {
    /// The computation between the normalised input and the outputs.
    enum Body {
        case network(NetworkPlan)
        /// The distances to the rows of `centroids`, of which the first `count` are in use.
        case clusters(count: Int)
        /// The projections on the rows of a tensor, of which the first `count` are in use.
        case components(tensor: String, count: Int)
    }

    /// The raw values of a sample.
    enum Input {
        /// The cells of a table's row.
        case table(TableEncoding)
        /// Values `[…, channels]`: bytes, as images have, or floats.
        case values(shape: [Int], areBytes: Bool)
        /// At most so many tokens, as their numbers.
        case tokens(positions: Int)
    }

    /// The job's name.
    package let name: String
    let step: Int
    let body: Body
    let input: Input
    let normalization: Normalization
    let answer: ExportedAnswer
    /// True if samples may have unequal lengths.
    let isRagged: Bool
    /// The tokenizer of texts, as JSON.
    let tokenizer: String?
    /// The model's tensors, in PyTorch's names and layout.
    package let tensors: [NamedTensor]

    /// - Throws: `CheckpointError` if the checkpoint is damaged, of a version whose values have another
    ///   order, or of arrays far from 0; or `PlanError` if its job cannot be planned.
    package init(_ model: TrainedModel) throws {
        let (plan, snapshot) = try model.merged()
        try model.state.checkOrder(for: plan, path: model.path)
        guard model.state.encoding.offsets?.features.allSatisfy({ $0 == 0 }) ?? true else {
            throw CheckpointError(
                "`\(model.path)` was trained with arrays of numbers far from 0, from which some are "
                    + "subtracted, and no exported file does that: train with smaller numbers")
        }
        self.init(plan, model.state, snapshot, name: model.job.job.name)
    }

    /// - Parameters:
    ///   - state: the facts of the data.
    ///   - snapshot: parameters and statistics.
    package init(_ plan: TrainingPlan, _ state: CheckpointState, _ snapshot: Snapshot, name: String) {
        self.name = name
        step = snapshot.step
        tensors = snapshot.modelTensors(plan.network.layout)
        normalization = state.normalization
        let shape = plan.facts.sampleShape
        if plan.facts.sequences?.vocabulary != nil {
            input = .tokens(positions: shape[0])
        } else {
            input =
                state.table.map { .table($0) }
                ?? .values(shape: shape, areBytes: plan.job.data.train.isAlwaysBytes)
        }
        isRagged = plan.facts.sequences?.isRagged ?? false
        tokenizer = state.encoding.tokenizer.map { String(decoding: $0.serialized, as: UTF8.self) }
        switch plan.job.task {
        case .training: body = .network(plan.network)
        case .kMeans(let spec):
            let chosen = tensors.first { $0.name == "centroids_chosen" }?.floats()?.first ?? 0
            body = .clusters(count: chosen > 0 ? Int(min(chosen, Float(spec.clusters))) : 0)
        case .principalComponents(let spec):
            let tensor = spec.whiten ? "whitening" : "components"
            body = .components(
                tensor: tensor, count: tensors.first { $0.name == tensor }?.shape.first ?? 0)
        }
        answer = ExportedAnswer(plan, state)
    }
}

extension ExportedModel {
    /// The shape of a sample as the network sees it: channels first; those of a sequence last.
    var networkShape: [Int] {
        guard case .values(let shape, _) = input else { return [features] }
        return shape.count == 2 ? shape : Array(shape.suffix(1) + shape.dropLast())
    }

    /// The shape of numbers for each channel, which are the same for all samples and positions.
    var channelShape: [Int] {
        var shape = [Int](repeating: 1, count: networkShape.count + 1)
        shape[networkShape.count == 2 ? 2 : 1] = normalization.shift.count
        return shape
    }

    /// Values of a sample.
    var features: Int {
        switch input {
        case .table(let encoding): encoding.width
        case .values(let shape, _): shape.reduce(1, *)
        case .tokens(let positions): positions
        }
    }

    /// True if the normalisation changes nothing, as it never does with tokens.
    var isNormalizedAlready: Bool {
        if case .tokens = input { return true }
        return normalization.shift.allSatisfy { $0 == 0 } && normalization.factor.allSatisfy { $0 == 1 }
    }

    /// A number of the normalisation for each value of a sample, channels first.
    func perFeature(_ perChannel: [Float]) -> [Float] {
        let positions = features / max(1, perChannel.count)
        return perChannel.flatMap { repeatElement($0, count: positions) }
    }

    func tensor(_ name: String) -> NamedTensor? { tensors.first { $0.name == name } }
}

extension DataSpec.Source {
    /// True if the features of such a source are bytes; false if they may be floats.
    fileprivate var isAlwaysBytes: Bool {
        switch self {
        case .builtin(let set): set == .digits
        case .mnist, .cifar10, .cifar100, .imageFolder, .madeUp: true
        case .idx, .csv, .npy, .text: false
        case .limited(let source, _): source.isAlwaysBytes
        }
    }
}
