/// The way from the last values of a model to its answer, as nodes and outputs of ONNX.
///
/// Rows whose cells are invalid get NaN as every number, the text "" as class and −1 as cluster.
struct ONNXAnswer {
    private let model: ExportedModel
    private let input: ONNXInput
    /// The invalid rows `[batch, 1]`, if there may be any.
    private var invalid: String? { input.invalid }

    init(_ model: ExportedModel, _ input: ONNXInput) {
        self.model = model
        self.input = input
    }

    /// - Parameter names: the names of the outputs.
    func add(_ names: Names, to graph: inout ONNXGraph) {
        let x = input.values
        switch model.body {
        case .network(let network):
            var y = ONNXLayers(model: model, network: network, lengths: input.lengths).add(
                to: &graph, input: x)
            if case .nextToken = model.answer {
                graph.add("Identity", [y], names.first)
                return graph.output(
                    names.first, .float, [nil, network.outputShape.channels],
                    about: "at each position a number for each token to come next")
            }
            if !network.outputShape.isFlat {
                y = graph.node("Flatten", [y], "outputs", [("axis", .int(1))])
            }
            addNetworkAnswer(y, width: network.outputShape.count, names, &graph)
        case .clusters(let count): addCluster(x, count, names, &graph)
        case .components(let tensor, let count): addComponents(x, tensor, count, names, &graph)
        }
    }

    /// The names of a graph's outputs, reserved before those of its inner values.
    struct Names {
        let first: String
        let second: String
        let third: String

        /// Names that none of the inputs has.
        init(_ answer: ExportedAnswer, _ graph: inout ONNXGraph) {
            let wanted =
                switch answer {
                case .classes(_, let scores, _): (scores.name, "label", "logits")
                case .values(_, let scores, _): (scores.name, "", "logits")
                case .reconstruction: ("reconstruction", "", "")
                case .cluster: ("cluster", "distance", "")
                case .components: ("components", "", "")
                case .nextToken: ("logits", "", "")
                }
            first = graph.unique(wanted.0)
            second = wanted.1.isEmpty ? "" : graph.unique(wanted.1)
            third = wanted.2.isEmpty ? "" : graph.unique(wanted.2)
        }
    }

    // MARK: Networks

    private func addNetworkAnswer(_ y: String, width: Int, _ names: Names, _ graph: inout ONNXGraph) {
        switch model.answer {
        case .classes(let classes, let scores, let threshold):
            addClasses(y, width, classes, scores, threshold, names, &graph)
            if scores.areLogits { addLogits(y, width, names.third, &graph) }
        case .values(let columns, let scores, let offsets):
            let readable = readable(y, scores, &graph)
            addValues(
                readable, width, offsets, about: columns.joined(separator: ", "), names.first, &graph)
            if scores.areLogits { addLogits(y, width, names.third, &graph) }
        case .reconstruction(let columns, let offsets):
            addReconstruction(y, columns, offsets, names.first, &graph)
        case .cluster, .components, .nextToken: preconditionFailure("a network has outputs of its own")
        }
    }

    private func readable(_ y: String, _ scores: ExportedAnswer.Scores, _ graph: inout ONNXGraph) -> String {
        switch scores {
        case .logits: graph.node("Softmax", [y], "softmax", [("axis", .int(1))])
        case .binaryLogits: graph.node("Sigmoid", [y], "sigmoid")
        case .probabilities, .values: y
        }
    }

    private func addLogits(_ y: String, _ width: Int, _ name: String, _ graph: inout ONNXGraph) {
        finish(y, name, &graph)
        graph.output(name, .float, [width], about: "the network's last values")
    }

    private func addClasses(
        _ y: String, _ width: Int, _ classes: [String], _ scores: ExportedAnswer.Scores, _ threshold: Float,
        _ names: Names, _ graph: inout ONNXGraph
    ) {
        var values = readable(y, scores, &graph)
        let index: String
        if width == 1 {
            let one = graph.constant("one", [1], shape: [])
            let other = graph.node("Sub", [one, values], "other_class")
            values = graph.node("Concat", [other, values], "both_classes", [("axis", .int(1))])
            let limit = graph.constant("threshold", [threshold], shape: [])
            let isSecond = graph.node("Greater", [y, limit], "is_second_class")
            index = vector(
                graph.node("Cast", [isSecond], "second_class", [("to", .int(7))]), "class_index", &graph)
        } else {
            index = graph.node("ArgMax", [y], "class_index", [("axis", .int(1)), ("keepdims", .int(0))])
        }
        finish(values, names.first, &graph)
        graph.output(names.first, .float, [classes.count], about: "a number for each class")
        addLabel(index, classes, names.second, &graph)
    }

    private func addLabel(_ index: String, _ classes: [String], _ name: String, _ graph: inout ONNXGraph) {
        let texts = graph.constant("class_names", texts: classes + (invalid == nil ? [] : [""]))
        var index = index
        if let invalid {
            let none = graph.constant("no_class", integers: [classes.count])
            index = graph.node(
                "Where", [vector(invalid, "invalid_rows", &graph), none, index], "class_or_none")
        }
        graph.add("Gather", [texts, index], name, [("axis", .int(0))])
        graph.output(name, .string, [], about: "the class with the largest number")
    }

    /// Values, plus what a table's encoding subtracted: then doubles.
    private func addValues(
        _ values: String, _ width: Int, _ offsets: [Double], about: String, _ name: String,
        _ graph: inout ONNXGraph
    ) {
        guard offsets.contains(where: { $0 != 0 }) else {
            finish(values, name, &graph)
            return graph.output(name, .float, [width], about: about)
        }
        let doubles = graph.node("Cast", [values], "doubles", [("to", .int(11))])
        let added = graph.constant("added", doubles: offsets, shape: [1, width])
        finish(graph.node("Add", [doubles, added], "sums"), name, isDouble: true, &graph)
        graph.output(name, .double, [width], about: about)
    }

    private func addReconstruction(
        _ y: String, _ columns: [String], _ offsets: [Double], _ name: String, _ graph: inout ONNXGraph
    ) {
        var values = y
        if !model.isNormalizedAlready {
            let factor = graph.constant("undone_factor", model.perFeature(model.normalization.factor))
            let shift = graph.constant("undone_shift", model.perFeature(model.normalization.shift))
            values = graph.node("Div", [values, factor], "unscaled")
            values = graph.node("Add", [values, shift], "unshifted")
        }
        addValues(
            values, model.features, offsets, about: columns.joined(separator: ", "), name, &graph)
    }

    // MARK: Jobs that measure

    private func addCluster(_ x: String, _ count: Int, _ names: Names, _ graph: inout ONNXGraph) {
        let size = model.features
        let centres = model.tensor("centroids")?.floats() ?? []
        let rows = graph.node(
            "Reshape", [x, graph.constant("row_shape", integers: [-1, 1, size])], "rows")
        let table = graph.constant("centroids", Array(centres.prefix(count * size)), shape: [1, count, size])
        let difference = graph.node("Sub", [rows, table], "differences")
        let squares = graph.node("Mul", [difference, difference], "squares")
        let sums = graph.node(
            "ReduceSum", [squares, graph.constant("last_axis", integers: [2])], "squared_distances",
            [("keepdims", .int(0))])
        var index = graph.node("ArgMin", [sums], "nearest", [("axis", .int(1)), ("keepdims", .int(0))])
        if let invalid {
            let none = graph.constant("no_cluster", integers: [-1])
            index = graph.node(
                "Where", [vector(invalid, "invalid_rows", &graph), none, index], "nearest_or_none")
        }
        graph.add("Identity", [index], names.first)
        graph.output(names.first, .int64, [], about: "the number of the nearest centre")
        let least = graph.node(
            "ReduceMin", [sums], "least", [("axes", .ints([1])), ("keepdims", .int(1))])
        let distance = graph.node("Sqrt", [least], "distance_to_centre")
        finish(distance, names.second, &graph)
        graph.output(names.second, .float, [1], about: "the distance to that centre")
    }

    private func addComponents(
        _ x: String, _ tensor: String, _ count: Int, _ names: Names, _ graph: inout ONNXGraph
    ) {
        let directions = model.tensor(tensor)?.floats() ?? []
        let mean = graph.constant("mean", model.tensor("mean")?.floats() ?? [])
        let flat = graph.node("Flatten", [x], "rows", [("axis", .int(1))])
        let centred = graph.node("Sub", [flat, mean], "centred")
        let rows = graph.constant(
            tensor, Array(directions.prefix(count * model.features)), shape: [count, model.features])
        let values = graph.node("Gemm", [centred, rows], "projections", [("transB", .int(1))])
        addValues(values, count, [], about: "the principal components", names.first, &graph)
    }

    // MARK: Rows

    /// Names `values` as an output; NaN in invalid rows.
    private func finish(_ values: String, _ name: String, isDouble: Bool = false, _ graph: inout ONNXGraph) {
        guard let invalid else { return graph.add("Identity", [values], name) }
        let nan =
            isDouble
            ? graph.constant("not_a_number", doubles: [.nan], shape: [])
            : graph.constant("not_a_number", [.nan], shape: [])
        graph.add("Where", [invalid, nan, values], name)
    }

    /// `[batch, 1]` as `[batch]`.
    private func vector(_ column: String, _ name: String, _ graph: inout ONNXGraph) -> String {
        graph.node("Reshape", [column, graph.constant("\(name).shape", integers: [-1])], name)
    }
}
