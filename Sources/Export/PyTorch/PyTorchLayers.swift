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
        case block, layerNorm, whitening
    }

    private let network: NetworkPlan
    private let hasTensor: (String) -> Bool
    /// The classes of layers with tensors, by name.
    private var modules: [String: String] = [:]
    private var defined: Set<String> = []

    /// - Parameter hasTensor: tells whether the model has a tensor of that name.
    init(_ network: NetworkPlan, hasTensor: @escaping (String) -> Bool) {
        self.network = network
        self.hasTensor = hasTensor
        for layer in network.layers { modules[layer.name] = module(layer) }
        for layer in network.layers where modules[layer.name] != nil { define(layer.name) }
        let variables = variables()
        for (index, layer) in network.layers.enumerated() {
            let inputs = layer.inputs.map { variables[$0] }
            let value = value(of: layer, inputs)
            if value != variables[index + 1] { statements.append("\(variables[index + 1]) = \(value)") }
        }
    }

    /// The name of the variable of each boundary: `x` where only the next layer reads it.
    private func variables() -> [String] {
        var readers = [[Int]](repeating: [], count: network.layers.count + 1)
        for (index, layer) in network.layers.enumerated() {
            for input in layer.inputs { readers[input].append(index) }
        }
        return readers.enumerated().map { boundary, layers in
            layers.allSatisfy { $0 == boundary } ? "x" : boundary == 0 ? "input" : "x\(boundary)"
        }
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
            return "LayerNorm(\(channels), eps=\(epsilon), scale=\(scale), shift=\(shift))"
        case .whitening(let components):
            helpers.insert(.whitening)
            let output = layer.output
            let shape =
                components == nil ? [output.channels] + output.dimensions.dropLast() : output.dimensions
            let text = Python.list(shape.map(String.init))
            return "Whitening(\(layer.input.count), \(output.count), shape=\(text))"
        case .pool, .globalPool, .activation, .gelu, .silu, .maxout, .softmax, .flatten, .dropout, .add,
            .concatenate:
            return nil
        case .imageRows, .recurrentCell, .sequenceConvolution, .gated, .rmsNorm, .embedding,
            .positions, .tiedHead, .rotary, .attentionCore:
            preconditionFailure("`ExportedModel` refuses layers of sequences")
        case .block, .attention, .residual, .branches, .recurrent:
            preconditionFailure("a plan has no composite layers")
        }
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
    private func value(of layer: PlannedLayer, _ inputs: [String]) -> String {
        let x = inputs[0]
        let own = path(layer.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
        switch layer.spec {
        case .dense, .batchNorm, .layerNorm, .whitening: return "\(own)(\(x))"
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
        case .maxout(let pieces): return "\(x).unflatten(1, (-1, \(pieces))).amax(2)"
        case .softmax: return "\(x).softmax(1)"
        case .flatten: return "\(x).flatten(1)"
        case .dropout(let rate): return "F.dropout(\(x), \(rate), self.training)"
        case .add: return inputs.joined(separator: " + ")
        case .concatenate: return "torch.cat([\(inputs.joined(separator: ", "))], 1)"
        case .imageRows, .recurrentCell, .sequenceConvolution, .gated, .rmsNorm, .embedding,
            .positions, .tiedHead, .rotary, .attentionCore:
            preconditionFailure("`ExportedModel` refuses layers of sequences")
        case .block, .attention, .residual, .branches, .recurrent:
            preconditionFailure("a plan has no composite layers")
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
