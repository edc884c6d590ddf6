import Datasets

/// The way from a model's raw values to its normalised input, as nodes of ONNX.
struct ONNXInput {
    /// The values that the network takes.
    let values: String
    /// True for rows that the program would refuse or leave out `[batch, 1]`; nil if it takes all.
    let invalid: String?
    /// The number of positions of each sample `[batch]`; nil if it does not matter.
    let lengths: String?

    init(_ model: ExportedModel, _ graph: inout ONNXGraph) {
        let raw: String
        switch model.input {
        case .table(let encoding):
            let table = ONNXTable(encoding, &graph)
            raw = table.features
            invalid = table.invalid
        case .values(let shape, let areBytes):
            raw = Self.values(shape, areBytes, takesAnyLength: model.takesAnyLength, &graph)
            invalid = nil
        case .tokens(let positions):
            raw = graph.input(
                "tokens", .int64, [model.takesAnyLength ? nil : positions],
                about: "the numbers of tokens [batch, positions], at most \(positions) of them")
            invalid = nil
        }
        lengths =
            model.takesLengths
            ? graph.input("lengths", .int64, [], about: "how many positions of each sample count") : nil
        guard !model.isNormalizedAlready else {
            values = raw
            return
        }
        let shape = model.channelShape
        let shift = graph.constant("shift", model.normalization.shift, shape: shape)
        let factor = graph.constant("factor", model.normalization.factor, shape: shape)
        values = graph.node("Mul", [graph.node("Sub", [raw, shift], "shifted"), factor], "normalized")
    }

    /// Images as they lie in memory: channels last. The network wants them first.
    private static func values(
        _ shape: [Int], _ areBytes: Bool, takesAnyLength: Bool, _ graph: inout ONNXGraph
    ) -> String {
        let rank = shape.count
        let order =
            rank == 3
            ? "height, width, channels"
            : rank == 1 ? "features" : rank == 2 ? "positions, channels" : "…, channels"
        var values = graph.input(
            areBytes ? "pixels" : "input", areBytes ? .uint8 : .float,
            shape.enumerated().map { $0 == 0 && takesAnyLength ? nil : $1 },
            about: "raw values [batch, \(order)]")
        if rank > 2 {
            values = graph.node(
                "Transpose", [values], "channels_first", [("perm", .ints([0, rank] + Array(1..<rank)))])
        }
        return areBytes ? graph.node("Cast", [values], "floats", [("to", .int(1))]) : values
    }
}

/// The columns of a table as inputs `[batch, 1]`, doubles and texts, and the nodes that make features of
/// them.
///
/// A missing number is NaN; a missing text is one of the words for it, such as the empty one. Rows with a
/// cell that is missing without a rule, infinite, or of an unknown category are marked as invalid.
private struct ONNXTable {
    private(set) var features = ""
    private(set) var invalid = ""

    private typealias Column = (place: Int, name: String, fill: Float?, offset: Double)

    init(_ encoding: TableEncoding, _ graph: inout ONNXGraph) {
        var inputs: [String] = []
        for column in encoding.columns {
            switch column.kind {
            case .number:
                inputs.append(graph.input(column.name, .double, [1], about: "a number; NaN if missing"))
            case .categories(let names, _):
                inputs.append(
                    graph.input(column.name, .string, [1], about: "one of \(names.count) categories"))
            }
        }
        var blocks: [String] = []
        var faults: [String] = []
        // The features of each block by their places in the encoding.
        var places: [Int] = []
        var numbers: [Column] = []
        var place = 0
        for (column, input) in zip(encoding.columns, inputs) {
            if case .number(let fill, let offset) = column.kind {
                numbers.append((place, input, fill, offset))
            }
            place += column.kind.width
        }
        if !numbers.isEmpty {
            let (block, fault) = Self.numbers(numbers, encoding.format, &graph)
            blocks.append(block)
            faults.append(fault)
            places += numbers.map(\.place)
        }
        place = 0
        for (column, input) in zip(encoding.columns, inputs) {
            if case .categories(let names, let fill) = column.kind {
                let (block, fault) = Self.categories(
                    input, names, fill, missing: encoding.format.missing, &graph)
                blocks.append(block)
                faults.append(fault)
                places += place..<place + names.count
            }
            place += column.kind.width
        }
        features = Self.ordered(blocks, places, &graph)
        invalid = faults.dropFirst().reduce(faults[0]) { graph.node("Or", [$0, $1], "faults") }
    }

    /// The blocks side by side, each feature in its place.
    private static func ordered(_ blocks: [String], _ places: [Int], _ graph: inout ONNXGraph) -> String {
        let side =
            blocks.count == 1 ? blocks[0] : graph.node("Concat", blocks, "encoded", [("axis", .int(1))])
        guard places != Array(places.indices) else { return side }
        var order = places
        for (index, place) in places.enumerated() { order[place] = index }
        let indices = graph.constant("order", integers: order)
        return graph.node("Gather", [side, indices], "features", [("axis", .int(1))])
    }

    private static func numbers(_ columns: [Column], _ format: CSVFormat, _ graph: inout ONNXGraph) -> (
        features: String, invalid: String
    ) {
        let axis: [(String, ONNXGraph.Attribute)] = [("axis", .int(1))]
        let cells =
            columns.count == 1
            ? columns[0].name : graph.node("Concat", columns.map(\.name), "numbers", axis)
        var missing = graph.node("IsNaN", [cells], "missing")
        for word in format.missingNumbers {
            let same = graph.node(
                "Equal", [cells, graph.constant("missing_number", doubles: [word])], "missing_number.same")
            missing = graph.node("Or", [missing, same], "missing")
        }
        var values = cells
        if columns.contains(where: { $0.offset != 0 }) {
            let offsets = graph.constant(
                "offsets", doubles: columns.map(\.offset), shape: [1, columns.count])
            values = graph.node("Sub", [cells, offsets], "numbers.less")
        }
        let floats = graph.node("Cast", [values], "numbers.floats", [("to", .int(1))])
        let fills = graph.constant("fills", columns.map { $0.fill ?? .nan }, shape: [1, columns.count])
        let filled = graph.node("Where", [missing, fills, floats], "numbers.filled")
        let isNaN = graph.node("IsNaN", [filled], "numbers.nan")
        let isInfinite = graph.node("IsInf", [filled], "numbers.infinite")
        let unusable = graph.node("Or", [isNaN, isInfinite], "numbers.unusable")
        let zero = graph.constant("zero", [0], shape: [])
        let clean = graph.node("Where", [unusable, zero, filled], "numbers.clean")
        let marks = graph.node("Cast", [unusable], "numbers.marks", [("to", .int(1))])
        let worst = graph.node(
            "ReduceMax", [marks], "numbers.worst", [("axes", .ints([1])), ("keepdims", .int(1))])
        return (clean, graph.node("Greater", [worst, zero], "numbers.invalid"))
    }

    /// One column for each category, 1 for the cell's own and 0 for the others.
    private static func categories(
        _ input: String, _ names: [String], _ fill: Int?, missing: [String], _ graph: inout ONNXGraph
    ) -> (features: String, invalid: String) {
        let unknown = names.count
        // A word for missing cells counts as one, even if it is also a category.
        let words = missing + names.filter { !missing.contains($0) }
        let codes = words.map { word in
            missing.contains(word) ? fill ?? unknown : names.firstIndex(of: word) ?? unknown
        }
        let code = graph.node(
            "LabelEncoder", [input], "\(input).code",
            [
                ("keys_strings", .strings(words)), ("values_int64s", .ints(codes)),
                ("default_int64", .int(unknown)),
            ], domain: .machineLearning)
        let all = graph.constant("\(input).codes", integers: Array(0..<unknown), shape: [1, unknown])
        let same = graph.node("Equal", [code, all], "\(input).same")
        let none = graph.constant("\(input).unknown", integers: [unknown])
        return (
            graph.node("Cast", [same], "\(input).one_hot", [("to", .int(1))]),
            graph.node("Equal", [code, none], "\(input).invalid")
        )
    }
}

extension CSVFormat {
    /// The words for missing cells that are numbers.
    var missingNumbers: [Double] {
        missing.compactMap { word in
            var word = word
            return word.withUTF8 { DecimalNumber.parse($0) }.flatMap { $0.isFinite ? $0 : nil }
        }
    }
}
