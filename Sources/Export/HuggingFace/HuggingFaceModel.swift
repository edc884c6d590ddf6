import Checkpoints
import Jobs
import NeuralNetwork
import Runs
import System

/// A trained language model as Hugging Face's transformers has it: GPT-2, Llama or Qwen2.
///
/// For example, `AutoModelForCausalLM.from_pretrained("DIR")` loads what `write(to: "DIR")` has written.
package struct HuggingFaceModel {
    private let model: LanguageModel
    package let tensors: [NamedTensor]

    /// - Throws: `CheckpointError` if the model is of another kind or the checkpoint is damaged, or
    ///   `PlanError` if its job cannot be planned.
    package init(_ trained: TrainedModel) throws {
        let (plan, snapshot) = try trained.merged()
        try self.init(plan.network, snapshot, path: trained.path)
    }

    /// - Parameter path: what messages name.
    /// - Throws: `CheckpointError` if the network is of another kind.
    package init(_ network: NetworkPlan, _ snapshot: Snapshot, path: String) throws(CheckpointError) {
        guard let model = LanguageModel(network) else {
            throw CheckpointError(
                "`\(path)` is none of the models of transformers that can be written: give it the layers and "
                    + "names of the preset \"gpt_nano\", \"gpt2\" or \"llama\", in any size")
        }
        self.model = model
        tensors = Self.tensors(model, snapshot.modelTensors(network.layout))
    }

    /// The text of `config.json`.
    package var config: String { model.huggingFace }

    /// Writes `model.safetensors` and `config.json`.
    /// - Throws: `SystemError` if a file cannot be written.
    package func write(to directory: String) throws {
        if !Directory.isDirectory(directory) { try Directory.create(directory) }
        let path = Path.join(directory, "model.safetensors")
        let writer = try FileWriter("\(path).partial")
        try SafeTensors.write(tensors, metadata: ["format": "pt"], to: writer)
        _ = try writer.finish()
        try File.move("\(path).partial", to: path)
        try File.writeAtomically(config, to: Path.join(directory, "config.json"))
    }

    // MARK: Tensors

    private static func tensors(_ model: LanguageModel, _ own: [NamedTensor]) -> [NamedTensor] {
        let names = Set(own.map(\.name))
        return own.flatMap { tensor -> [NamedTensor] in
            let written = written(model, tensor)
            guard model.family == .gpt2, !model.hasBias, let bias = bias(of: tensor), !names.contains(bias)
            else { return written }
            let outputs = tensor.shape[0]
            let zeros = NamedTensor(bias, shape: [outputs], floats: Array(repeating: 0, count: outputs))
            return written + Self.written(model, zeros)
        }
    }

    /// The name of the bias that GPT-2 has beside a weight; nil for tables and heads.
    private static func bias(of tensor: NamedTensor) -> String? {
        guard tensor.name.hasSuffix(".weight"),
            !["wte.weight", "wpe.weight", "lm_head.weight"].contains(tensor.name)
        else { return nil }
        return tensor.name.dropLast("weight".count) + "bias"
    }

    /// A tensor under its name there, or its parts.
    private static func written(_ model: LanguageModel, _ tensor: NamedTensor) -> [NamedTensor] {
        let scheme = model.family == .gpt2 ? TensorNaming.huggingFaceGPT2 : .huggingFaceLlama
        guard let values = tensor.floats() else { return [] }
        let (rows, columns) = (tensor.shape[0], tensor.shape.dropFirst().reduce(1, *))
        let originals = scheme.originals(of: tensor.name)
        var first = 0
        return zip(originals, partRows(model, rows, of: originals.count)).map { original, count in
            let part = Array(values[(first * columns)..<((first + count) * columns)])
            first += count
            if !original.isTransposed {
                return NamedTensor(
                    original.name, shape: [count] + tensor.shape.dropFirst(), floats: part)
            }
            let transposed = (0..<columns).flatMap { column in
                (0..<count).map { part[$0 * columns + column] }
            }
            return NamedTensor(original.name, shape: [columns, count], floats: transposed)
        }
    }

    /// Rows of each part: queries, keys and values, or gates and what they gate, or all.
    private static func partRows(_ model: LanguageModel, _ rows: Int, of parts: Int) -> [Int] {
        let keys = model.width / model.heads * model.kvHeads
        return switch parts {
        case 3: [model.width, keys, keys]
        case 2: [rows / 2, rows / 2]
        default: [rows]
        }
    }
}
