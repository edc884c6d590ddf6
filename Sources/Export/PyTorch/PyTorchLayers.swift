import Kernels
import NeuralNetwork

/// The layers of a network as source text of a PyTorch module: what is made once, and the way from the input
/// to the output.
struct PyTorchLayers {
    /// Lines that make the layers with tensors.
    private(set) var definitions: [String] = []
    /// Lines that compute; the input and the output are called `x`.
    private(set) var statements: [String] = []
    /// Classes of the module's own that the lines use.
    private(set) var helpers: Set<Helper> = []

    enum Helper: CaseIterable {
        case block, layerNorm, rmsNorm, gated, rotary, attention, recurrent, whitening
    }

    private let network: NetworkPlan
    private let hasTensor: (String) -> Bool
    private let recurrent: [RecurrentModule]
    /// True if the module takes the lengths of padded samples; `mask` then tells which positions count.
    private let takesLengths: Bool
    /// True if the input is the numbers of tokens.
    private let readsTokens: Bool
    /// The classes of layers with tensors, by name.
    private var modules: [String: String] = [:]
    private var defined: Set<String> = []

    init(_ model: ExportedModel, _ network: NetworkPlan) {
        self.network = network
        hasTensor = { model.tensor($0) != nil }
        recurrent = RecurrentModule.all(of: network)
        takesLengths = model.takesLengths
        if case .tokens = model.input { readsTokens = true } else { readsTokens = false }
        for layer in network.layers { modules[layer.name] = module(layer) }
        for layer in network.layers where modules[layer.name] != nil { define(layer.name) }
        let variables = variables()
        for (index, layer) in network.layers.enumerated() {
            if let module = recurrentModule(of: index) {
                guard index == module.layers.upperBound else { continue }
                statements.append("\(variables[index + 1]) = \(value(of: module, variables[module.input]))")
                continue
            }
            let inputs = layer.inputs.map { variables[$0] }
            let value = value(of: layer, inputs)
            if value != variables[index + 1] { statements.append("\(variables[index + 1]) = \(value)") }
        }
    }

    /// The name of the variable of each boundary: `x` where only the next layer reads it.
    private func variables() -> [String] {
        var readers = [[Int]](repeating: [], count: network.layers.count + 1)
        for (index, layer) in network.layers.enumerated() {
            let reader = recurrentModule(of: index)?.layers.lowerBound ?? index
            for input in layer.inputs { readers[input].append(reader) }
        }
        return readers.enumerated().map { boundary, layers in
            layers.allSatisfy { $0 == boundary } ? "x" : boundary == 0 ? "input" : "x\(boundary)"
        }
    }

    /// The recurrent module that a layer is a part of.
    private func recurrentModule(of index: Int) -> RecurrentModule? {
        recurrent.first { $0.layers.contains(index) }
    }

    // MARK: What is made once

    /// The call that makes a layer's module; nil for layers without one.
    private mutating func module(_ layer: PlannedLayer) -> String? {
        let channels = layer.input.channels
        let bias = hasTensor("\(layer.name).bias") ? "" : ", bias=False"
        switch layer.spec {
        case .dense: return "nn.Linear(\(channels), \(layer.output.channels)\(bias))"
        case .convolution(_, let window, _, _):
            return convolution(layer, WindowLayout(window, on: layer.input, of: layer.name), bias)
        case .batchNorm(let momentum, let epsilon, _):
            let dimensions = max(1, layer.input.dimensions.count - 1)
            return "nn.BatchNorm\(dimensions)d(\(channels), eps=\(epsilon), momentum=\(momentum))"
        case .layerNorm(let epsilon, let hasScale, let hasShift):
            helpers.insert(.layerNorm)
            let (scale, shift) = (hasScale ? "True" : "False", hasShift ? "True" : "False")
            return "LayerNorm(\(channels), eps=\(epsilon), scale=\(scale), shift=\(shift)\(axis(of: layer)))"
        case .rmsNorm(let epsilon, let hasScale):
            helpers.insert(.rmsNorm)
            let scale = hasScale ? "True" : "False"
            return "RMSNorm(\(channels), eps=\(epsilon), scale=\(scale)\(axis(of: layer)))"
        case .embedding(let entries, let width, _): return "nn.Embedding(\(entries), \(width))"
        case .positions: return "nn.Embedding(\(layer.input.positions), \(channels))"
        case .sequenceConvolution(_, let kernel, _, _, _):
            return "nn.Conv1d(\(channels), \(layer.output.channels), \(kernel)\(bias))"
        case .recurrentCell: return recurrent.first { $0.name == layer.name }.map(module)
        case .whitening(let components):
            helpers.insert(.whitening)
            let output = layer.output
            let shape =
                components == nil ? [output.channels] + output.dimensions.dropLast() : output.dimensions
            let text = Python.list(shape.map(String.init))
            return "Whitening(\(layer.input.count), \(output.count), shape=\(text))"
        case .concatenate: return recurrent.first { $0.name == layer.name }.map(module)
        case .pool, .globalPool, .activation, .gelu, .silu, .gated, .maxout, .softmax, .flatten, .imageRows,
            .dropout, .add, .tiedHead, .rotary, .attentionCore:
            return nil
        case .block, .attention, .residual, .branches, .recurrent:
            preconditionFailure("a plan has no composite layers")
        }
    }

    /// The argument of a normalisation whose channels are the last dimension.
    private func axis(of layer: PlannedLayer) -> String { layer.input.isSequence ? ", axis=-1" : "" }

    private func module(_ module: RecurrentModule) -> String {
        let cell = module.cells[0]
        let kind =
            switch cell.cell {
            case .tanh, .relu: "RNN"
            case .lstm: "LSTM"
            case .gru: "GRU"
            }
        let layers = module.cells.count / (module.isBidirectional ? 2 : 1)
        return "nn.\(kind)(\(module.inputs), \(cell.units), batch_first=True"
            + (layers > 1 ? ", num_layers=\(layers)" : "")
            + (module.isBidirectional ? ", bidirectional=True" : "")
            + (cell.cell == .relu ? ", nonlinearity=\"relu\"" : "")
            + (module.dropout > 0 ? ", dropout=\(module.dropout)" : "") + ")"
    }

    private func convolution(_ layer: PlannedLayer, _ layout: WindowLayout, _ bias: String) -> String {
        let geometry = layout.geometry
        var text = "nn.Conv2d(\(layer.input.channels), \(layer.output.channels), "
        text += Python.pair(geometry.kernelHeight, geometry.kernelWidth)
        if geometry.strideHeight != 1 || geometry.strideWidth != 1 {
            text += ", stride=" + Python.pair(geometry.strideHeight, geometry.strideWidth)
        }
        if layout.isSymmetric, geometry.top > 0 || geometry.left > 0 {
            text += ", padding=" + Python.pair(geometry.top, geometry.left)
        }
        return text + bias + ")"
    }

    /// Adds the line that makes a layer, behind those that make what its name lies in.
    private mutating func define(_ name: String) {
        guard defined.insert(name).inserted else { return }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1 { define(parts.dropLast().joined(separator: ".")) }
        let parent = path(Array(parts.dropLast()))
        let last = parts[parts.count - 1]
        if modules[name] == nil { helpers.insert(.block) }
        let made = modules[name] ?? "Block()"
        if Python.isAttribute(last) {
            definitions.append("\(parent).\(last) = \(made)")
        } else if last.utf8.allSatisfy({ (48...57).contains($0) }), !last.isEmpty {
            definitions.append("\(parent).add_module(\(Python.text(last)), \(made))")
        } else {
            definitions.append("\(parent)._modules[\(Python.text(last))] = \(made)")
        }
    }

    private func path(_ name: String) -> String {
        path(name.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
    }

    /// The expression of a module: `self.layer1[0].conv1`.
    private func path(_ parts: [String]) -> String {
        var text = "self"
        for (index, part) in parts.enumerated() {
            let parent = parts[..<index].joined(separator: ".")
            let isNumber = Int(part).map { String($0) == part } ?? false
            if Python.isAttribute(part) {
                text += ".\(part)"
            } else if isNumber, index > 0, modules[parent] == nil {
                text += "[\(part)]"
            } else {
                text += "._modules[\(Python.text(part))]"
            }
        }
        return text
    }

    // MARK: What is computed

    /// The expression of a layer's output. Layers with tensors are modules, the others functions.
    private mutating func value(of layer: PlannedLayer, _ inputs: [String]) -> String {
        let x = inputs[0]
        let own = path(layer.name)
        switch layer.spec {
        case .batchNorm where layer.input.isSequence:
            return "\(own)(\(x).flatten(0, 1)).unflatten(0, \(x).shape[:2])"
        case .dense, .batchNorm, .layerNorm, .rmsNorm, .whitening: return "\(own)(\(x))"
        case .embedding:
            return readsTokens && layer.inputs[0] == 0 ? "\(own)(\(x))" : "\(own)(\(x)[..., 0].long())"
        case .positions: return "\(x) + \(own).weight[: \(x).shape[1]]"
        case .tiedHead(let embedding): return "F.linear(\(x), \(path(embedding)).weight)"
        case .rotary(let core, let base, let width):
            helpers.insert(.rotary)
            return "rotary(\(x), heads=\(core.heads + core.kvHeads), head_width=\(core.headWidth), "
                + "width=\(width), base=\(base))"
        case .attentionCore(let core, _):
            helpers.insert(.attention)
            let mask =
                core.isCausal ? ", causal=True" : takesLengths ? ", mask=mask[:, None, None]" : ""
            return "attention(\(x), heads=\(core.heads), kv_heads=\(core.kvHeads)\(mask))"
        case .sequenceConvolution(_, let kernel, let isCausal, _, _):
            let before = isCausal ? kernel - 1 : (kernel - 1) / 2
            let counted = takesLengths && !isCausal ? "\(x).masked_fill(~mask[..., None], 0)" : x
            return "\(own)(F.pad(\(counted).mT, (\(before), \(kernel - 1 - before)))).mT"
        case .globalPool(let function) where layer.input.isSequence: return pool(function, x)
        case .convolution(_, let window, _, _):
            let layout = WindowLayout(window, on: layer.input, of: layer.name)
            return "\(own)(\(layout.isSymmetric ? x : padded(x, layout, with: nil)))"
        case .pool(let function, let window):
            return pool(function, WindowLayout(window, on: layer.input, of: layer.name), x)
        case .globalPool(let function):
            return function == .maximum ? "\(x).amax((2, 3))" : "\(x).mean((2, 3))"
        case .activation(let function): return activation(function, x)
        case .gelu(.exact): return "F.gelu(\(x))"
        case .gelu(.tanh): return "F.gelu(\(x), approximate=\"tanh\")"
        case .silu: return "F.silu(\(x))"
        case .gated(let function):
            helpers.insert(.gated)
            return "gated(\(x), \(Self.gate(function))\(axis(of: layer)))"
        case .maxout(let pieces) where layer.input.isSequence:
            return "\(x).unflatten(2, (-1, \(pieces))).amax(3)"
        case .maxout(let pieces): return "\(x).unflatten(1, (-1, \(pieces))).amax(2)"
        case .softmax: return "\(x).softmax(\(layer.input.isSequence ? 2 : 1))"
        case .imageRows: return "\(x).permute(0, 2, 3, 1).flatten(2)"
        case .flatten: return "\(x).flatten(1)"
        case .dropout(let rate): return "F.dropout(\(x), \(rate), self.training)"
        case .add: return inputs.joined(separator: " + ")
        case .concatenate:
            return "torch.cat([\(inputs.joined(separator: ", "))], \(layer.input.isSequence ? 2 : 1))"
        case .recurrentCell: preconditionFailure("cells are parts of a recurrent module")
        case .block, .attention, .residual, .branches, .recurrent:
            preconditionFailure("a plan has no composite layers")
        }
    }

    private mutating func value(of module: RecurrentModule, _ x: String) -> String {
        helpers.insert(.recurrent)
        return "recurrent(\(path(module.name)), \(x)" + (takesLengths ? ", lengths" : "")
            + (module.hasAllOutputs ? "" : ", last=True") + ")"
    }

    /// A vector of the positions that a sample has.
    private func pool(_ function: GlobalPoolFunction, _ x: String) -> String {
        switch function {
        case .average where takesLengths:
            "\(x).masked_fill(~mask[..., None], 0).sum(1) / lengths[:, None]"
        case .average: "\(x).mean(1)"
        case .maximum where takesLengths: "\(x).masked_fill(~mask[..., None], -torch.inf).amax(1)"
        case .maximum: "\(x).amax(1)"
        case .firstPosition: "\(x)[:, 0]"
        case .lastPosition where takesLengths: "\(x)[torch.arange(len(\(x))), lengths - 1]"
        case .lastPosition: "\(x)[:, -1]"
        }
    }

    private static func gate(_ function: GateFunction) -> String {
        switch function {
        case .sigmoid: "torch.sigmoid"
        case .silu: "F.silu"
        case .gelu: "F.gelu"
        case .geluTanh: "lambda x: F.gelu(x, approximate=\"tanh\")"
        }
    }

    private func activation(_ function: ActivationFunction, _ x: String) -> String {
        switch function {
        case .relu: "F.relu(\(x))"
        case .leakyReLU(let slope): "F.leaky_relu(\(x), \(slope))"
        case .elu(let alpha): "F.elu(\(x), \(alpha))"
        case .sigmoid: "torch.sigmoid(\(x))"
        case .tanh: "torch.tanh(\(x))"
        }
    }

    private func padded(_ x: String, _ layout: WindowLayout, with value: String?) -> String {
        let geometry = layout.geometry
        let sides = "(\(geometry.left), \(layout.right), \(geometry.top), \(layout.bottom))"
        return "F.pad(\(x), \(sides)\(value.map { ", value=\($0)" } ?? ""))"
    }

    private func pool(_ function: PoolFunction, _ layout: WindowLayout, _ x: String) -> String {
        let geometry = layout.geometry
        // PyTorch pads pools by half a window at most, and both ends alike.
        let pads =
            layout.isSymmetric && 2 * geometry.top <= geometry.kernelHeight
            && 2 * geometry.left <= geometry.kernelWidth
        let padding =
            pads && (geometry.top > 0 || geometry.left > 0)
            ? ", padding=" + Python.pair(geometry.top, geometry.left) : ""
        let window = Python.pair(geometry.kernelHeight, geometry.kernelWidth)
        let steps = ", stride=" + Python.pair(geometry.strideHeight, geometry.strideWidth)
        switch function {
        case .maximum:
            let input = pads ? x : padded(x, layout, with: "-torch.inf")
            return "F.max_pool2d(\(input), \(window)\(steps)\(padding))"
        case .average:
            let input = pads ? x : padded(x, layout, with: nil)
            let means = "F.avg_pool2d(\(input), \(window)\(steps)\(padding))"
            guard let factors = layout.meanFactors else { return means }
            let width = geometry.outputWidth
            let rows = stride(from: 0, to: factors.count, by: width).map {
                Python.list(factors[$0..<$0 + width].map(\.description))
            }
            return "\(means) * \(x).new_tensor([\(rows.joined(separator: ", "))])"
        }
    }
}
