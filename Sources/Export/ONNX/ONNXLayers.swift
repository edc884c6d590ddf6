import Checkpoints
import Kernels
import NeuralNetwork

/// The layers of a network as nodes of ONNX: images are `[batch, channels, height, width]`, sequences
/// `[batch, positions, channels]`.
struct ONNXLayers {
    let model: ExportedModel
    let network: NetworkPlan
    /// The number of positions of each sample `[batch]`; nil if it does not matter.
    let lengths: String?

    /// Adds all layers, and returns the name of the last one's output.
    func add(to graph: inout ONNXGraph, input: String) -> String {
        var values = [input]
        for layer in network.layers {
            values.append(output(of: layer, layer.inputs.map { values[$0] }, &graph))
        }
        return values[values.count - 1]
    }

    /// Adds the nodes of one layer.
    private func output(of layer: PlannedLayer, _ inputs: [String], _ graph: inout ONNXGraph) -> String {
        let (name, x) = (layer.name, inputs[0])
        if layer.input.isSequence { return outputOfSequences(layer, inputs, &graph) }
        switch layer.spec {
        case .silu: return silu(x, name, &graph)
        case .gated(let function):
            return gated(function, x, width: layer.output.channels, axis: 1, name, &graph)
        case .rmsNorm(let epsilon, let hasScale):
            return rmsNorm(layer, epsilon: Float(epsilon), hasScale: hasScale, axis: 1, x, &graph)
        case .embedding: return embedding(layer, x, &graph)
        case .tiedHead(let embedding): return tiedHead(embedding, x, name, &graph)
        case .imageRows:
            let last = graph.node(
                "Transpose", [x], "\(name).channels_last", [("perm", .ints([0, 2, 3, 1]))])
            return graph.node(
                "Reshape", [last, graph.constant("\(name).shape", integers: [0, 0, -1])], name)
        case .dense:
            return graph.node(
                "Gemm", [x] + parameters(["weight", "bias"], of: layer, &graph), name, [("transB", .int(1))])
        case .convolution(_, let window, _, _):
            return graph.node(
                "Conv", [x] + parameters(["weight", "bias"], of: layer, &graph), name,
                attributes(of: WindowLayout(window, on: layer.input, of: name)))
        case .pool(let function, let window):
            return pool(function, WindowLayout(window, on: layer.input, of: name), x, name, &graph)
        case .globalPool(let function):
            let pooled = graph.node(
                function == .maximum ? "GlobalMaxPool" : "GlobalAveragePool", [x], name)
            return graph.node("Flatten", [pooled], "\(name).flat", [("axis", .int(1))])
        case .batchNorm(_, let epsilon, _):
            let fields = ["weight", "bias", "running_mean", "running_var"]
            return graph.node(
                "BatchNormalization", [x] + parameters(fields, of: layer, &graph), name,
                [("epsilon", .float(Float(epsilon)))])
        case .layerNorm(let epsilon, let hasScale, _):
            return layerNorm(layer, epsilon: Float(epsilon), hasScale: hasScale, x, &graph)
        case .activation(let function): return activation(function, x, name, &graph)
        case .gelu(let form): return gelu(form, x, name, &graph)
        case .maxout(let pieces):
            let shape = [0, layer.output.channels, pieces] + layer.output.dimensions.dropLast()
            let parts = graph.node(
                "Reshape", [x, graph.constant("\(name).shape", integers: shape)], "\(name).pieces")
            return graph.node("ReduceMax", [parts], name, [("axes", .ints([2])), ("keepdims", .int(0))])
        case .softmax: return graph.node("Softmax", [x], name, [("axis", .int(1))])
        case .flatten: return graph.node("Flatten", [x], name, [("axis", .int(1))])
        case .dropout: return graph.node("Identity", [x], name)
        case .whitening(let components):
            return whitening(layer, keepsShape: components == nil, x, &graph)
        case .add: return graph.node("Sum", inputs, name)
        case .concatenate: return graph.node("Concat", inputs, name, [("axis", .int(1))])
        case .recurrentCell, .sequenceConvolution, .positions, .rotary, .attentionCore:
            preconditionFailure("a plan has these layers on sequences")
        case .block, .attention, .residual, .branches, .recurrent:
            preconditionFailure("a plan has no composite layers")
        }
    }

    /// Adds those of a layer's tensors that there are.
    func parameters(_ fields: [String], of layer: PlannedLayer, _ graph: inout ONNXGraph) -> [String] {
        fields.compactMap { model.tensor("\(layer.name).\($0)") }.map { graph.constant($0) }
    }

    private func attributes(of layout: WindowLayout) -> [(String, ONNXGraph.Attribute)] {
        let geometry = layout.geometry
        return [
            ("kernel_shape", .ints([geometry.kernelHeight, geometry.kernelWidth])),
            ("strides", .ints([geometry.strideHeight, geometry.strideWidth])),
            ("pads", .ints([geometry.top, geometry.left, layout.bottom, layout.right])),
        ]
    }

    private func pool(
        _ function: PoolFunction, _ layout: WindowLayout, _ x: String, _ name: String,
        _ graph: inout ONNXGraph
    ) -> String {
        switch function {
        case .maximum: return graph.node("MaxPool", [x], name, attributes(of: layout))
        case .average:
            let means = graph.node(
                "AveragePool", [x], name, attributes(of: layout) + [("count_include_pad", .int(1))])
            guard let factors = layout.meanFactors else { return means }
            let shape = [1, 1, layout.geometry.outputHeight, layout.geometry.outputWidth]
            return graph.node(
                "Mul", [means, graph.constant("\(name).factors", factors, shape: shape)], "\(name).counted")
        }
    }

    /// Over the channels of each position, which ONNX wants last.
    private func layerNorm(
        _ layer: PlannedLayer, epsilon: Float, hasScale: Bool, _ x: String, _ graph: inout ONNXGraph
    ) -> String {
        let (name, rank) = (layer.name, layer.input.dimensions.count)
        let ones = [Float](repeating: 1, count: layer.input.channels)
        let scale = hasScale ? [] : [graph.constant("\(name).weight", ones)]
        let operands = scale + parameters(["weight", "bias"], of: layer, &graph)
        let attributes: [(String, ONNXGraph.Attribute)] = [
            ("axis", .int(-1)), ("epsilon", .float(epsilon)),
        ]
        guard rank > 1 else {
            return graph.node("LayerNormalization", [x] + operands, name, attributes)
        }
        let last = graph.node(
            "Transpose", [x], "\(name).channels_last", [("perm", .ints([0] + Array(2...rank) + [1]))])
        let normalized = graph.node("LayerNormalization", [last] + operands, "\(name).norm", attributes)
        return graph.node("Transpose", [normalized], name, [("perm", .ints([0, rank] + Array(1..<rank)))])
    }

    func activation(
        _ function: ActivationFunction, _ x: String, _ name: String, _ graph: inout ONNXGraph
    ) -> String {
        switch function {
        case .relu: graph.node("Relu", [x], name)
        case .leakyReLU(let slope): graph.node("LeakyRelu", [x], name, [("alpha", .float(Float(slope)))])
        case .elu(let alpha): graph.node("Elu", [x], name, [("alpha", .float(Float(alpha)))])
        case .sigmoid: graph.node("Sigmoid", [x], name)
        case .tanh: graph.node("Tanh", [x], name)
        }
    }

    /// Exact, `x · (½ erf(x/√2) + ½)`; or `x · (½ tanh(√(2/π) (x + 0.044715 x³)) + ½)`. ONNX has an operator
    /// for them from opset 20 on only.
    func gelu(_ form: GELUForm, _ x: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        let curve: String
        switch form {
        case .exact:
            let root = graph.constant("\(name).root_half", [0.707_106_78], shape: [])
            curve = graph.node("Erf", [graph.node("Mul", [x, root], "\(name).scaled")], "\(name).curve")
        case .tanh:
            let cubic = graph.constant("\(name).cubic", [0.044_715], shape: [])
            let slope = graph.constant("\(name).slope", [0.797_884_56], shape: [])
            let square = graph.node("Mul", [x, x], "\(name).square")
            let cube = graph.node("Mul", [square, x], "\(name).cube")
            let term = graph.node("Mul", [cube, cubic], "\(name).term")
            let sum = graph.node("Add", [x, term], "\(name).sum")
            curve = graph.node("Tanh", [graph.node("Mul", [sum, slope], "\(name).scaled")], "\(name).curve")
        }
        let half = graph.constant("\(name).half", [0.5], shape: [])
        let lowered = graph.node("Mul", [curve, half], "\(name).lowered")
        let factor = graph.node("Add", [lowered, half], "\(name).factor")
        return graph.node("Mul", [x, factor], name)
    }

    private func whitening(_ layer: PlannedLayer, keepsShape: Bool, _ x: String, _ graph: inout ONNXGraph)
        -> String
    {
        let name = layer.name
        let operands = parameters(["mean", "matrix"], of: layer, &graph)
        let flat = graph.node("Flatten", [x], "\(name).flat", [("axis", .int(1))])
        let centred = graph.node("Sub", [flat, operands[0]], "\(name).centred")
        guard keepsShape, !layer.output.isFlat else {
            return graph.node("MatMul", [centred, operands[1]], name)
        }
        let rows = graph.node("MatMul", [centred, operands[1]], "\(name).rows")
        let shape = [0, layer.output.channels] + layer.output.dimensions.dropLast()
        return graph.node("Reshape", [rows, graph.constant("\(name).shape", integers: shape)], name)
    }
}
