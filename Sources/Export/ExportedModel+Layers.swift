import Checkpoints
import NeuralNetwork

extension ExportedModel {
    /// Checks that the model can be written as layers of other programs; its tensors alone always can.
    ///
    /// - Throws: `CheckpointError` with the name of a layer that has no counterpart there.
    package func checkLayers() throws(CheckpointError) {
        guard case .network(let network) = body else {
            if case .tokens = input { throw Self.refusal(name, "measures the numbers of tokens") }
            return
        }
        let recurrent = RecurrentModule.all(of: network)
        for (index, layer) in network.layers.enumerated() {
            if case .tokens = input, layer.inputs.contains(0), !layer.spec.isEmbedding {
                throw Self.refusal(
                    layer.name, "reads the numbers of tokens as values: put an embedding before")
            }
            let inner = recurrent.first { module in
                !module.layers.contains(index) && layer.inputs.contains(where: module.isInner)
            }
            if let inner {
                throw Self.refusal(layer.name, "reads what is between the layers of `\(inner.name)`")
            }
        }
        if case .reconstruction = answer, networkShape.count == 2 {
            throw Self.refusal(network.layers.last?.name ?? "", "gives back a sequence")
        }
    }

    private static func refusal(_ layer: String, _ reason: String) -> CheckpointError {
        CheckpointError(
            "`\(layer)` cannot be exported: it \(reason); export the tensors with --safetensors")
    }

    /// True if the samples are sequences.
    var hasSequences: Bool {
        switch input {
        case .table: false
        case .values(let shape, _): shape.count == 2
        case .tokens: true
        }
    }

    /// True if the model must be told how many positions of a padded sample count.
    var takesLengths: Bool {
        guard isRagged, case .network(let network) = body else { return false }
        return network.layers.contains { $0.readsLengths }
    }

    /// True if sequences may be shorter than the longest of the training.
    var takesAnyLength: Bool {
        guard hasSequences, case .network(let network) = body else { return false }
        return !network.layers.contains { $0.spec == .flatten && $0.input.isSequence }
    }
}

extension LayerSpec {
    fileprivate var isEmbedding: Bool { if case .embedding = self { true } else { false } }
}

extension PlannedLayer {
    /// True if what the layer computes for the positions of a sample depends on where the sample ends.
    fileprivate var readsLengths: Bool {
        switch spec {
        case .recurrentCell(let options): options.isReversed || !options.hasAllOutputs
        case .sequenceConvolution(_, let kernel, let isCausal, _, _): kernel > 1 && !isCausal
        case .attentionCore(let core, _): !core.isCausal
        case .globalPool(let function): input.isSequence && function != .firstPosition
        default: false
        }
    }
}
