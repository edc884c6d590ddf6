import Checkpoints
import NeuralNetwork

extension ExportedModel {
    /// - Throws: `CheckpointError` if a layer cannot be written as layers of other programs.
    func checkLayers() throws(CheckpointError) {
        guard case .network(let network) = body else { return }
        for layer in network.layers where layer.input.isSequence || layer.isForTransformers {
            throw CheckpointError(
                "the layer `\(layer.name)` cannot be exported: models of sequences, and layers of transformers, "
                    + "are not written as layers of other programs; export the tensors with --safetensors")
        }
    }
}

extension PlannedLayer {
    fileprivate var isForTransformers: Bool {
        switch spec {
        case .silu, .gated, .rmsNorm, .embedding, .positions, .tiedHead, .rotary, .attentionCore: true
        default: false
        }
    }
}
