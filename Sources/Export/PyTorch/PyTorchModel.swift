import NeuralNetwork

/// The source text of `model.py`: the model as a module of PyTorch, written from its job.
struct PyTorchModel {
    let model: ExportedModel

    var text: String {
        var parts = [header, imports, constants]
        var lines: (definitions: [String], statements: [String], helpers: Set<PyTorchLayers.Helper>)
        switch model.body {
        case .network(let network):
            let layers = PyTorchLayers(model, network)
            lines = (layers.definitions, layers.statements, layers.helpers)
        case .clusters(let count): lines = (buffers, Self.cluster(count), [])
        case .components(let tensor, let count): lines = (buffers, Self.components(tensor, count), [])
        }
        parts += PyTorchLayers.Helper.allCases.filter(lines.helpers.contains).map(\.text)
        parts.append(module(lines.definitions, lines.statements))
        parts += [answer, Self.load]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    // MARK: The head

    private var header: String {
        """
        \"\"\"\(model.name), step \(model.step): a model that dist-train trained, for PyTorch.

            from model import answer, load
            outputs = load()(x\(model.takesLengths ? ", lengths" : ""))      # x: \(inputText)\(lengthsText)
            answer(outputs)          # \(answerText)
        \"\"\"
        """
    }

    private var imports: String {
        """
        from pathlib import Path

        import torch
        import torch.nn.functional as F
        from safetensors.torch import load_file
        from torch import nn
        """
    }

    private var inputText: String {
        switch model.input {
        case .table: "float32 [N, \(model.features)], the encoded columns of a table: see predict.py"
        case .values(let shape, _) where model.takesAnyLength:
            "[N, T, \(shape[1])], raw values of at most \(shape[0]) positions"
        case .values(let shape, _):
            "[N, \(model.networkShape.map(String.init).joined(separator: ", "))], raw values"
                + (shape.count > 2 ? ", channels first" : "")
        case .tokens(let positions):
            (model.takesAnyLength ? "[N, T], T at most \(positions)" : "[N, \(positions)]")
                + ", numbers of tokens"
        }
    }

    private var lengthsText: String {
        model.takesLengths ? "\n    # lengths: [N], how many positions of each sample count" : ""
    }

    private var answerText: String {
        switch model.answer {
        case .classes: "a number for each class, and the index of the class"
        case .values, .components: "the values"
        case .nextToken: "at each position the probability of each token to come next"
        case .reconstruction: "the samples as the model reconstructs them, in the units of the data"
        case .cluster: "the distance to the nearest centre, and its number"
        }
    }

    private var constants: String {
        var lines: [String] = []
        switch model.answer {
        case .classes(let names, _, _): lines.append("CLASSES = " + Python.list(names.map(Python.text)))
        case .values(let columns, _, _), .reconstruction(let columns, _):
            lines.append("COLUMNS = " + Python.list(columns.map(Python.text)))
        case .cluster, .components, .nextToken: break
        }
        if case .values(_, _, let offsets) = model.answer { lines += Self.offsets(offsets) }
        if case .reconstruction(_, let offsets) = model.answer { lines += Self.offsets(offsets) }
        lines.append("SHAPE = " + Python.list(model.networkShape.map(String.init)))
        if !model.isNormalizedAlready {
            lines.append("# The input is normalised: (x - SHIFT) * FACTOR, for each channel or column.")
            lines.append("SHIFT = " + Python.numbers(model.normalization.shift))
            lines.append("FACTOR = " + Python.numbers(model.normalization.factor))
        }
        return lines.joined(separator: "\n")
    }

    private static func offsets(_ offsets: [Double]) -> [String] {
        guard offsets.contains(where: { $0 != 0 }) else { return [] }
        return [
            "# The training data were large numbers, from which these were subtracted.",
            "OFFSETS = " + Python.numbers(offsets),
        ]
    }

    // MARK: The module

    private func module(_ definitions: [String], _ statements: [String]) -> String {
        var start: [String] = []
        var first: [String] = []
        if !model.isNormalizedAlready {
            let view = model.channelShape.map(String.init).joined(separator: ", ")
            for name in ["shift", "factor"] {
                start.append(
                    "self.register_buffer(\"\(name)\", torch.tensor(\(name.uppercased())).view(\(view)), "
                        + "persistent=False)")
            }
            first = ["x = (x - self.shift) * self.factor"]
        }
        if model.takesLengths {
            first = Self.lengths(makingMask: statements.contains { $0.contains("mask") }) + first
        }
        let readsInput = statements.contains { $0.contains("input") }
        if readsInput { first.append("input = x") }
        let made = (start + definitions).map { "        \($0)\n" }.joined()
        let computed = (first + statements).map { "        \($0)\n" }.joined()
        return """

            class Model(nn.Module):
                def __init__(self):
                    super().__init__()
            \(made)
                def forward(self, x\(model.takesLengths ? ", lengths=None" : "")):
            \(computed)        return x
            """
    }

    /// The lines that find out which positions of padded samples count.
    private static func lengths(makingMask: Bool) -> [String] {
        [
            "if lengths is None:",
            "    lengths = torch.full(x.shape[:1], x.shape[1], device=x.device)",
        ] + (makingMask ? ["mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]"] : [])
    }

    private var buffers: [String] {
        model.tensors.map { tensor in
            let shape = Python.list(tensor.shape.map(String.init))
            return "self.register_buffer(\(Python.text(tensor.name)), torch.zeros(\(shape)))"
        }
    }

    private static func cluster(_ count: Int) -> [String] {
        [
            "x = x.flatten(1)[:, None] - self.centroids[:\(count)]",
            "x = x.square().sum(2).sqrt()",
        ]
    }

    private static func components(_ tensor: String, _ count: Int) -> [String] {
        ["x = (x.flatten(1) - self.mean) @ self.\(tensor)[:\(count)].T"]
    }

    // MARK: The answer

    private var answer: String {
        let body: [String]
        switch model.answer {
        case .classes(let names, let scores, let threshold):
            body = classes(scores, threshold, isSingle: names.count == 2 && outputs == 1)
        case .values(_, let scores, let offsets):
            body = Self.values(
                scores.areLogits ? "outputs.flatten(1).sigmoid()" : "outputs.flatten(1)", offsets)
        case .reconstruction(_, let offsets): body = reconstruction(offsets)
        case .cluster: body = ["distance, index = outputs.min(1)", "return distance, index"]
        case .components: body = ["return outputs"]
        case .nextToken: body = ["return outputs.softmax(2)"]
        }
        return """

            def answer(outputs):
                \"\"\"Returns \(answerText).\"\"\"
            \(body.map { "    \($0)" }.joined(separator: "\n"))
            """
    }

    private var outputs: Int {
        if case .network(let network) = model.body { network.outputShape.count } else { 0 }
    }

    private func classes(_ scores: ExportedAnswer.Scores, _ threshold: Float, isSingle: Bool) -> [String] {
        let readable =
            switch scores {
            case .logits: "outputs.softmax(1)"
            case .binaryLogits: "outputs.sigmoid()"
            case .probabilities, .values: "outputs"
            }
        guard isSingle else { return ["return \(readable), outputs.argmax(1)"] }
        return [
            "second = \(readable)",
            "return torch.cat([1 - second, second], 1), (outputs[:, 0] > \(threshold)).long()",
        ]
    }

    private static func values(_ values: String, _ offsets: [Double]) -> [String] {
        guard offsets.contains(where: { $0 != 0 }) else { return ["return \(values)"] }
        return ["return \(values).double() + torch.tensor(OFFSETS, dtype=torch.float64)"]
    }

    private func reconstruction(_ offsets: [Double]) -> [String] {
        guard !model.isNormalizedAlready else { return Self.values("outputs.flatten(1)", offsets) }
        return [
            "# Each channel's numbers, for all of its positions.",
            "repeats = outputs.flatten(1).shape[1] // len(FACTOR)",
            "factor = outputs.new_tensor(FACTOR).repeat_interleave(repeats)",
            "shift = outputs.new_tensor(SHIFT).repeat_interleave(repeats)",
        ] + Self.values("(outputs.flatten(1) / factor + shift)", offsets)
    }

    private static let load = """

        def load(path=Path(__file__).with_name("model.safetensors")):
            \"\"\"Returns the model with its trained weights, ready to predict.\"\"\"
            model = Model()
            model.load_state_dict(load_file(path))
            return model.eval()
        """
}
