import Checkpoints
import Jobs
import NeuralNetwork
import System

extension Weights {
    /// Copies the tensors into a snapshot of a plan, as `load` does.
    ///
    /// A `config.json` of Hugging Face's transformers beside the file says more than shapes do: the number of
    /// heads, the rotary angles, the activation. The network must compute the same.
    /// - Throws: `CheckpointError`, which says what does not fit, and shows a model that does.
    @discardableResult
    package func load(into snapshot: inout Snapshot, _ plan: TrainingPlan, skip: [String]) throws -> [String]
    {
        let model = try described(plan.network)
        do {
            let parts = try load(into: &snapshot, plan.network.layout, skip: skip)
            try model?.check(plan.network)
            return parts
        } catch let error as CheckpointError {
            guard let model else { throw error }
            throw CheckpointError(
                "\(error.description)\nThe model that `\(model.path)` describes:\n\(model.model.config)")
        }
    }

    private struct Described {
        let path: String
        let model: LanguageModel

        func check(_ network: NetworkPlan) throws {
            guard let (own, other) = try model.difference(from: network) else { return }
            throw CheckpointError(
                "the weights are those of another model, which has \(own), where this one has \(other)")
        }
    }

    /// The language model that the file `config.json` beside the weights describes; nil if there is no such
    /// file, or none of a language model.
    private func described(_ network: NetworkPlan) throws -> Described? {
        let path = Path.join(directory, "config.json")
        guard network.layers.contains(where: \.isAttention), File.exists(path) else { return nil }
        let text = try File.read(path, limit: 1 << 20)
        do {
            if let model = try LanguageModel(huggingFace: text, path: path) {
                return Described(path: path, model: model)
            }
        } catch { throw CheckpointError(error.description) }
        if let kind = LanguageModel.kind(inHuggingFace: text, path: path) {
            throw CheckpointError(
                "`\(path)` says that the weights are those of a model of the kind `\(kind)`, but this "
                    + "program knows gpt2, llama and qwen2 alone. If your model computes the same all the "
                    + "same, copy the safetensors file to a directory without a config.json")
        }
        return nil
    }
}

extension PlannedLayer {
    fileprivate var isAttention: Bool { if case .attentionCore = spec { true } else { false } }
}
