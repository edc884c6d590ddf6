import Kernels
import NeuralNetwork

// The layers that read sequences `[batch, positions, channels]`.
extension ONNXLayers {
    /// Adds the nodes of one layer.
    func outputOfSequences(_ layer: PlannedLayer, _ inputs: [String], _ graph: inout ONNXGraph) -> String {
        let (name, x) = (layer.name, inputs[0])
        switch layer.spec {
        case .dense: return dense(layer, x, &graph)
        case .batchNorm(_, let epsilon, _):
            let first = swapped(x, "\(name).channels_first", &graph)
            let fields = ["weight", "bias", "running_mean", "running_var"]
            let norm = graph.node(
                "BatchNormalization", [first] + parameters(fields, of: layer, &graph), "\(name).norm",
                [("epsilon", .float(Float(epsilon)))])
            return swapped(norm, name, &graph)
        case .layerNorm(let epsilon, let hasScale, _):
            let ones = [Float](repeating: 1, count: layer.input.channels)
            let scale = hasScale ? [] : [graph.constant("\(name).weight", ones)]
            return graph.node(
                "LayerNormalization", [x] + scale + parameters(["weight", "bias"], of: layer, &graph), name,
                [("axis", .int(-1)), ("epsilon", .float(Float(epsilon)))])
        case .rmsNorm(let epsilon, let hasScale):
            return rmsNorm(layer, epsilon: Float(epsilon), hasScale: hasScale, axis: 2, x, &graph)
        case .activation(let function): return activation(function, x, name, &graph)
        case .gelu(let form): return gelu(form, x, name, &graph)
        case .silu: return silu(x, name, &graph)
        case .gated(let function):
            return gated(function, x, width: layer.output.channels, axis: 2, name, &graph)
        case .maxout(let pieces):
            let shape = graph.constant(
                "\(name).shape", integers: [0, 0, layer.output.channels, pieces])
            let parts = graph.node("Reshape", [x, shape], "\(name).pieces")
            return graph.node("ReduceMax", [parts], name, [("axes", .ints([3])), ("keepdims", .int(0))])
        case .softmax: return graph.node("Softmax", [x], name, [("axis", .int(2))])
        case .flatten: return graph.node("Flatten", [x], name, [("axis", .int(1))])
        case .dropout: return graph.node("Identity", [x], name)
        case .add: return graph.node("Sum", inputs, name)
        case .concatenate: return graph.node("Concat", inputs, name, [("axis", .int(2))])
        case .embedding: return embedding(layer, x, &graph)
        case .positions:
            let table = parameters(["weight"], of: layer, &graph)[0]
            return graph.node("Add", [x, firstRows(of: table, like: x, "\(name).rows", &graph)], name)
        case .tiedHead(let embedding): return tiedHead(embedding, x, name, &graph)
        case .rotary(let core, let base, let width):
            return rotary(
                core, base: base, width: width, positions: layer.input.positions, x, name, &graph)
        case .attentionCore(let core, _): return attention(core, x, name, &graph)
        case .recurrentCell(let options): return recurrent(options, x, name, &graph)
        case .sequenceConvolution(_, let kernel, let isCausal, _, _):
            return convolution(layer, kernel: kernel, isCausal: isCausal, x, &graph)
        case .globalPool(let function): return pool(function, x, name, &graph)
        case .convolution, .pool, .whitening, .imageRows, .block, .attention, .residual, .branches,
            .recurrent:
            preconditionFailure("a plan has no such layers on sequences")
        }
    }

    private func dense(_ layer: PlannedLayer, _ x: String, _ graph: inout ONNXGraph) -> String {
        let name = layer.name
        let operands = parameters(["weight", "bias"], of: layer, &graph)
        let weight = transposed(operands[0], "\(name).weight", &graph)
        guard operands.count > 1 else { return graph.node("MatMul", [x, weight], name) }
        return graph.node("Add", [graph.node("MatMul", [x, weight], "\(name).product"), operands[1]], name)
    }

    /// Exchanges positions and channels.
    private func swapped(_ x: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        graph.node("Transpose", [x], name, [("perm", .ints([0, 2, 1]))])
    }

    private func convolution(
        _ layer: PlannedLayer, kernel: Int, isCausal: Bool, _ x: String, _ graph: inout ONNXGraph
    ) -> String {
        let name = layer.name
        let counted = isCausal || kernel == 1 ? x : filled(x, with: 0, "\(name).counted", &graph)
        let before = isCausal ? kernel - 1 : (kernel - 1) / 2
        let convolved = graph.node(
            "Conv",
            [swapped(counted, "\(name).channels_first", &graph)]
                + parameters(["weight", "bias"], of: layer, &graph), "\(name).windows",
            [("kernel_shape", .ints([kernel])), ("pads", .ints([before, kernel - 1 - before]))])
        return swapped(convolved, name, &graph)
    }

    private func pool(
        _ function: GlobalPoolFunction, _ x: String, _ name: String, _ graph: inout ONNXGraph
    ) -> String {
        func position(_ index: Int) -> String {
            let index = graph.constant("\(name).position", integers: [index], shape: [])
            return graph.node("Gather", [x, index], name, [("axis", .int(1))])
        }
        switch function {
        case .firstPosition: return position(0)
        case .lastPosition:
            guard let lengths else { return position(-1) }
            let last = graph.node(
                "Sub", [lengths, graph.constant("\(name).one", integers: [1])], "\(name).last")
            let axis = graph.constant("\(name).axis", integers: [1])
            let places = graph.node("Unsqueeze", [last, axis], "\(name).places")
            return graph.node("GatherND", [x, places], name, [("batch_dims", .int(1))])
        case .maximum:
            return graph.node(
                "ReduceMax", [filled(x, with: -.infinity, "\(name).counted", &graph)], name,
                [("axes", .ints([1])), ("keepdims", .int(0))])
        case .average:
            guard let lengths else {
                return graph.node("ReduceMean", [x], name, [("axes", .ints([1])), ("keepdims", .int(0))])
            }
            let axis = graph.constant("\(name).axis", integers: [1])
            let sums = graph.node(
                "ReduceSum", [filled(x, with: 0, "\(name).counted", &graph), axis], "\(name).sums",
                [("keepdims", .int(0))])
            let counts = graph.node("Cast", [lengths], "\(name).lengths", [("to", .int(1))])
            return graph.node(
                "Div", [sums, graph.node("Unsqueeze", [counts, axis], "\(name).counts")], name)
        }
    }

    // MARK: Positions

    /// The positions' number `[1]` of a sequence: all of a network have the same.
    private func length(like x: String, _ graph: inout ONNXGraph) -> String {
        graph.once("length") {
            $0.node("Shape", [x], "position_count", [("start", .int(1)), ("end", .int(2))])
        }
    }

    /// The numbers of the positions, from 0 on.
    private func places(like x: String, _ graph: inout ONNXGraph) -> String {
        let length = length(like: x, &graph)
        return graph.once("places") {
            let zero = $0.constant("first_position", integers: [0], shape: [])
            let one = $0.constant("next_position", integers: [1], shape: [])
            let end = $0.node("Squeeze", [length], "end_position")
            return $0.node("Range", [zero, end, one], "places")
        }
    }

    /// As many rows of a table as the sequence has positions.
    func firstRows(of table: String, like x: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        let length = length(like: x, &graph)
        let zero = graph.constant("\(name).start", integers: [0])
        return graph.node(
            "Slice", [table, zero, length, graph.constant("\(name).axis", integers: [0])], name)
    }

    /// True where a position, of the first axis, sees another, of the second.
    func causalMask(like x: String, _ graph: inout ONNXGraph) -> String? {
        let places = places(like: x, &graph)
        return graph.once("causal mask") {
            let seen = $0.node("Unsqueeze", [places, $0.constant("seen.axis", integers: [0])], "seen")
            let seeing = $0.node("Unsqueeze", [places, $0.constant("seeing.axis", integers: [1])], "seeing")
            return $0.node("LessOrEqual", [seen, seeing], "causal_mask")
        }
    }

    /// True at the positions that a sample has, `[batch, positions]` with more axes of length 1; nil if all
    /// have all.
    func sampleMask(like x: String, _ name: String, axes: [Int], _ graph: inout ONNXGraph) -> String? {
        guard let lengths else { return nil }
        let places = places(like: x, &graph)
        let mask = graph.once("sample mask") {
            let axis = $0.constant("end.axis", integers: [1])
            return $0.node("Less", [places, $0.node("Unsqueeze", [lengths, axis], "ends")], "sample_mask")
        }
        return graph.once(name) {
            $0.node("Unsqueeze", [mask, $0.constant("\(name).axes", integers: axes)], name)
        }
    }

    /// The sequences with one value at the positions that a sample does not have.
    private func filled(_ x: String, with value: Float, _ name: String, _ graph: inout ONNXGraph) -> String {
        guard let mask = sampleMask(like: x, "position_mask", axes: [2], &graph) else { return x }
        return graph.node("Where", [mask, x, graph.constant("\(name).fill", [value], shape: [])], name)
    }

    // MARK: Recurrent layers

    /// One layer in one direction. ONNX has positions before the batch, and gates in an order of its own.
    private func recurrent(
        _ options: RecurrentCellOptions, _ x: String, _ name: String, _ graph: inout ONNXGraph
    ) -> String {
        let sequence = graph.node(
            "Transpose", [x], "\(name).positions_first", [("perm", .ints([1, 0, 2]))])
        let ends = lengths.map { lengths in
            graph.once("int32 lengths") { $0.node("Cast", [lengths], "counts", [("to", .int(6))]) }
        }
        let operands =
            [sequence] + weights(options, name, &graph) + (ends.map { [$0] } ?? [])
        var attributes: [(String, ONNXGraph.Attribute)] = [
            ("hidden_size", .int(options.units)),
            ("direction", .text(options.isReversed ? "reverse" : "forward")),
        ]
        if options.cell == .gru { attributes.append(("linear_before_reset", .int(1))) }
        if options.cell == .relu { attributes.append(("activations", .strings(["Relu"]))) }
        let states = graph.unique("\(name).states")
        graph.add(
            options.cell.operation, operands, states, attributes, place: options.hasAllOutputs ? 0 : 1)
        let direction = graph.constant(
            "\(name).direction", integers: [options.hasAllOutputs ? 1 : 0])
        guard options.hasAllOutputs else { return graph.node("Squeeze", [states, direction], name) }
        let all = graph.node("Squeeze", [states, direction], "\(name).all")
        return graph.node("Transpose", [all], name, [("perm", .ints([1, 0, 2]))])
    }

    /// The weights of inputs and states and the biases, with a first axis for the direction.
    private func weights(_ options: RecurrentCellOptions, _ name: String, _ graph: inout ONNXGraph)
        -> [String]
    {
        let order = options.cell.gateOrder
        let rows = order.flatMap { gate in (0..<options.units).map { gate * options.units + $0 } }
        let indices = graph.constant("\(name).gates", integers: rows)
        func ordered(_ field: String) -> String {
            let tensor = model.tensor("\(options.owner).\(field)_\(options.suffix)")
            let value = tensor.map { graph.constant($0) } ?? ""
            return graph.node("Gather", [value, indices], "\(name).\(field)", [("axis", .int(0))])
        }
        let axis = graph.constant("\(name).direction_axis", integers: [0])
        let biases = graph.node(
            "Concat", [ordered("bias_ih"), ordered("bias_hh")], "\(name).biases", [("axis", .int(0))])
        return [ordered("weight_ih"), ordered("weight_hh"), biases].map {
            graph.node("Unsqueeze", [$0, axis], "\($0).of_direction")
        }
    }
}

extension RecurrentOptions.Cell {
    fileprivate var operation: String {
        switch self {
        case .tanh, .relu: "RNN"
        case .lstm: "LSTM"
        case .gru: "GRU"
        }
    }

    /// ONNX's gates by their places in the tensors: i, o, f, c of an LSTM; z, r, h of a GRU.
    fileprivate var gateOrder: [Int] {
        switch self {
        case .tanh, .relu: [0]
        case .lstm: [0, 3, 1, 2]
        case .gru: [1, 0, 2]
        }
    }
}
