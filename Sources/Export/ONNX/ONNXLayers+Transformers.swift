import Kernels
import NeuralNetwork

// The layers of transformers, some of which other networks have too.
extension ONNXLayers {
    func silu(_ x: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        graph.node("Mul", [x, graph.node("Sigmoid", [x], "\(name).gates")], name)
    }

    func gated(
        _ function: GateFunction, _ x: String, width: Int, axis: Int, _ name: String,
        _ graph: inout ONNXGraph
    ) -> String {
        let first = slice(x, 0..<width, axis: axis, "\(name).first", &graph)
        let values = slice(x, width..<2 * width, axis: axis, "\(name).second", &graph)
        let gates =
            switch function {
            case .sigmoid: graph.node("Sigmoid", [first], "\(name).gates")
            case .silu: silu(first, "\(name).silu", &graph)
            case .gelu: gelu(.exact, first, "\(name).gelu", &graph)
            case .geluTanh: gelu(.tanh, first, "\(name).gelu", &graph)
            }
        return graph.node("Mul", [gates, values], name)
    }

    /// Over the channels, which are `axis`.
    func rmsNorm(
        _ layer: PlannedLayer, epsilon: Float, hasScale: Bool, axis: Int, _ x: String,
        _ graph: inout ONNXGraph
    ) -> String {
        let name = layer.name
        let squares = graph.node("Mul", [x, x], "\(name).squares")
        let mean = graph.node(
            "ReduceMean", [squares], "\(name).mean", [("axes", .ints([axis])), ("keepdims", .int(1))])
        let raised = graph.node(
            "Add", [mean, graph.constant("\(name).epsilon", [epsilon], shape: [])], "\(name).raised")
        let root = graph.node("Sqrt", [raised], "\(name).root")
        guard hasScale, let scale = parameters(["weight"], of: layer, &graph).first else {
            return graph.node("Div", [x, root], name)
        }
        let divided = graph.node("Div", [x, root], "\(name).divided")
        // The scale lies along the channels, before height and width.
        let behind = layer.input.dimensions.count - axis
        guard behind > 0 else { return graph.node("Mul", [divided, scale], name) }
        let shape = [layer.input.channels] + [Int](repeating: 1, count: behind)
        let shaped = graph.node(
            "Reshape", [scale, graph.constant("\(name).shape", integers: shape)], "\(name).scale")
        return graph.node("Mul", [divided, shaped], name)
    }

    /// The numbers of tokens `[batch, positions]`, or values that are such numbers, with one channel.
    func embedding(_ layer: PlannedLayer, _ x: String, _ graph: inout ONNXGraph) -> String {
        let (name, table) = (layer.name, parameters(["weight"], of: layer, &graph)[0])
        if case .tokens = model.input, layer.inputs[0] == 0 {
            return graph.node("Gather", [table, x], name, [("axis", .int(0))])
        }
        let numbers = graph.node("Cast", [x], "\(name).numbers", [("to", .int(7))])
        let last = graph.constant("\(name).axis", integers: [-1])
        let flat = graph.node("Squeeze", [numbers, last], "\(name).flat")
        return graph.node("Gather", [table, flat], name, [("axis", .int(0))])
    }

    func tiedHead(_ embedding: String, _ x: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        let table = model.tensor("\(embedding).weight").map { graph.constant($0) } ?? ""
        return graph.node("MatMul", [x, transposed(table, "\(name).weight", &graph)], name)
    }

    func transposed(_ matrix: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        graph.node("Transpose", [matrix], name, [("perm", .ints([1, 0]))])
    }

    /// A part of an axis.
    func slice(_ x: String, _ range: Range<Int>, axis: Int, _ name: String, _ graph: inout ONNXGraph)
        -> String
    {
        let bounds = [range.lowerBound, range.upperBound, axis].map {
            graph.constant("\(name).bound", integers: [$0])
        }
        return graph.node("Slice", [x] + bounds, name)
    }

    // MARK: Attention

    /// Turns queries and keys, whose heads come first in a row.
    func rotary(
        _ core: AttentionCore, base: Double, width: Int, positions: Int, _ x: String, _ name: String,
        _ graph: inout ONNXGraph
    ) -> String {
        let (heads, half) = (core.heads + core.kvHeads, width / 2)
        let turnedWidth = heads * core.headWidth
        let first = slice(x, 0..<turnedWidth, axis: 2, "\(name).first", &graph)
        let rest = slice(
            x, turnedWidth..<turnedWidth + core.kvHeads * core.headWidth, axis: 2, "\(name).rest", &graph)
        let shape = graph.constant("\(name).heads_shape", integers: [0, 0, heads, core.headWidth])
        let rows = graph.node("Reshape", [first, shape], "\(name).heads")
        let a = slice(rows, 0..<half, axis: 3, "\(name).a", &graph)
        let b = slice(rows, half..<width, axis: 3, "\(name).b", &graph)
        let angles = RotaryEmbedding(
            headWidth: core.headWidth, width: width, positions: positions, base: base
        ).angles(positions: positions)
        func angleRows(_ values: [Float], _ part: String) -> String {
            let table = graph.constant("\(name).\(part)_table", values, shape: [positions, 1, half])
            return firstRows(of: table, like: x, "\(name).\(part)", &graph)
        }
        let (cosines, sines) = (angleRows(angles.cosines, "cosines"), angleRows(angles.sines, "sines"))
        func product(_ x: String, _ y: String, _ part: String) -> String {
            graph.node("Mul", [x, y], "\(name).\(part)")
        }
        let parts = [
            graph.node(
                "Sub", [product(a, cosines, "a_cosine"), product(b, sines, "b_sine")], "\(name).a_turned"),
            graph.node(
                "Add", [product(b, cosines, "b_cosine"), product(a, sines, "a_sine")], "\(name).b_turned"),
        ]
        let same =
            width < core.headWidth
            ? [slice(rows, width..<core.headWidth, axis: 3, "\(name).same", &graph)] : []
        let turned = graph.node("Concat", parts + same, "\(name).turned", [("axis", .int(3))])
        let flat = graph.node(
            "Reshape", [turned, graph.constant("\(name).shape", integers: [0, 0, turnedWidth])],
            "\(name).flat")
        return graph.node("Concat", [flat, rest], name, [("axis", .int(2))])
    }

    /// Queries are `[batch, kv heads, heads of each, positions, width]`.
    func attention(_ core: AttentionCore, _ x: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        let (keys, group, width) = (core.kvHeads, core.heads / core.kvHeads, core.headWidth)
        var start = 0
        func heads(_ part: String, group: Int, _ order: [Int]) -> String {
            let count = keys * group * width
            let rows = slice(x, start..<start + count, axis: 2, "\(name).\(part)_row", &graph)
            start += count
            let shape = graph.constant("\(name).\(part)_shape", integers: [0, 0, keys, group, width])
            let parts = graph.node("Reshape", [rows, shape], "\(name).\(part)_heads")
            return graph.node("Transpose", [parts], "\(name).\(part)", [("perm", .ints(order))])
        }
        let queries = heads("queries", group: group, [0, 2, 3, 1, 4])
        let transposedKeys = heads("keys", group: 1, [0, 2, 3, 4, 1])
        let values = heads("values", group: 1, [0, 2, 3, 1, 4])
        let scale = graph.constant("\(name).factor", [Float(1 / Double(width).squareRoot())], shape: [])
        let scaled = graph.node("Mul", [queries, scale], "\(name).scaled")
        var scores = graph.node("MatMul", [scaled, transposedKeys], "\(name).scores")
        let mask =
            core.isCausal
            ? causalMask(like: x, &graph)
            : sampleMask(like: x, "key_mask", axes: [1, 2, 3], &graph)
        if let mask {
            let none = graph.constant("\(name).unseen", [-.infinity], shape: [])
            scores = graph.node("Where", [mask, scores, none], "\(name).seen")
        }
        let weights = graph.node("Softmax", [scores], "\(name).weights", [("axis", .int(4))])
        let mixed = graph.node("MatMul", [weights, values], "\(name).mixed")
        let rows = graph.node(
            "Transpose", [mixed], "\(name).rows", [("perm", .ints([0, 3, 1, 2, 4]))])
        let shape = graph.constant("\(name).shape", integers: [0, 0, core.heads * width])
        return graph.node("Reshape", [rows, shape], name)
    }
}
