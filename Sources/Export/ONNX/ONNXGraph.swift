import Checkpoints
import System

/// A graph of ONNX that is being built, node by node. The numbers of fields and types are those of onnx.proto
/// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
///
/// For example, `graph.node("Add", ["x", graph.constant("one", [1])], "y")` adds a node, and returns the name
/// of its output. Every value has a name that nothing else has: a wanted name that is taken gets a number.
struct ONNXGraph {
    /// Types of elements.
    enum ElementType: Int {
        case float = 1
        case uint8 = 2
        case int64 = 7
        case string = 8
        case double = 11
    }

    enum Attribute {
        case float(Float)
        case int(Int)
        case ints([Int])
        case text(String)
        case strings([String])
    }

    /// The set of operators: `ai.onnx`, or that of classical machine learning.
    enum Domain: String {
        case standard = ""
        case machineLearning = "ai.onnx.ml"
    }

    /// The names of the batch's dimension, and of the positions' of padded sequences.
    static let batch = "batch"
    static let positions = "positions"

    private var nodes: [ProtobufMessage] = []
    private var initializers: [ProtobufMessage] = []
    private var inputs: [ProtobufMessage] = []
    private var outputs: [ProtobufMessage] = []
    private var names: Set<String> = [""]
    /// The values that are made once, by what they are.
    private var shared: [String: String] = [:]

    /// A name that no value has yet.
    mutating func unique(_ wanted: String) -> String {
        var (name, number) = (wanted, 1)
        while !names.insert(name).inserted {
            number += 1
            name = "\(wanted)_\(number)"
        }
        return name
    }

    /// Returns the name of a value that is made when it is first asked for.
    mutating func once(_ key: String, _ make: (inout ONNXGraph) -> String) -> String {
        if let made = shared[key] { return made }
        let made = make(&self)
        shared[key] = made
        return made
    }

    // MARK: Inputs and outputs

    /// Adds an input of shape `[batch, …]`, and returns its name.
    ///
    /// - Parameter shape: nil stands for any number of positions.
    mutating func input(_ name: String, _ type: ElementType, _ shape: [Int?], about: String) -> String {
        let name = unique(name)
        inputs.append(Self.valueInfo(name, type, shape, about))
        return name
    }

    /// Makes a computed value an output of shape `[batch, …]`.
    mutating func output(_ name: String, _ type: ElementType, _ shape: [Int?], about: String) {
        outputs.append(Self.valueInfo(name, type, shape, about))
    }

    private static func valueInfo(_ name: String, _ type: ElementType, _ shape: [Int?], _ about: String)
        -> ProtobufMessage
    {
        var dimensions = ProtobufMessage()
        var first = ProtobufMessage()
        first.add(2, batch)
        dimensions.add(1, first)
        for length in shape {
            var dimension = ProtobufMessage()
            if let length { dimension.add(1, length) } else { dimension.add(2, positions) }
            dimensions.add(1, dimension)
        }
        var tensor = ProtobufMessage()
        tensor.add(1, type.rawValue)
        tensor.add(2, dimensions)
        var kind = ProtobufMessage()
        kind.add(1, tensor)
        var info = ProtobufMessage()
        info.add(1, name)
        info.add(2, kind)
        info.add(3, about)
        return info
    }

    // MARK: Nodes

    /// Adds a node with one output, and returns the output's name.
    ///
    /// - Parameter name: the wanted name of the node and of its output.
    mutating func node(
        _ operation: String, _ inputs: [String], _ name: String,
        _ attributes: [(String, Attribute)] = [], domain: Domain = .standard
    ) -> String {
        let output = unique(name)
        add(operation, inputs, output, attributes, domain)
        return output
    }

    /// Adds a node that writes a value whose name is reserved. An input that is left out has no name.
    ///
    /// - Parameter place: the place of the value among the node's outputs.
    mutating func add(
        _ operation: String, _ inputs: [String], _ output: String,
        _ attributes: [(String, Attribute)] = [], _ domain: Domain = .standard, place: Int = 0
    ) {
        var node = ProtobufMessage()
        for input in inputs { node.add(1, input) }
        for _ in 0..<place { node.add(2, "") }
        node.add(2, output)
        node.add(3, output)
        node.add(4, operation)
        for (name, attribute) in attributes { node.add(5, Self.message(name, attribute)) }
        node.add(7, domain.rawValue)
        nodes.append(node)
    }

    private static func message(_ name: String, _ attribute: Attribute) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, name)
        switch attribute {
        case .float(let value):
            message.add(2, value)
            message.add(20, 1)
        case .int(let value):
            message.add(3, value)
            message.add(20, 2)
        case .ints(let values):
            for value in values { message.add(8, value) }
            message.add(20, 7)
        case .text(let value):
            message.add(4, value)
            message.add(20, 3)
        case .strings(let values):
            for value in values { message.add(9, value) }
            message.add(20, 8)
        }
        return message
    }

    // MARK: Constants

    /// Adds a tensor of a checkpoint, unless it is there, and returns its name in the graph.
    mutating func constant(_ tensor: NamedTensor) -> String {
        once("tensor \(tensor.name)") {
            $0.constant(tensor.name, .float, tensor.shape, bytes: tensor.withUnsafeBytes { Array($0) })
        }
    }

    /// Adds floats of the given shape; of the shape `[count]` if nil.
    mutating func constant(_ name: String, _ values: [Float], shape: [Int]? = nil) -> String {
        constant(name, .float, shape ?? [values.count], bytes: Self.littleEndian(values.map(\.bitPattern)))
    }

    mutating func constant(_ name: String, doubles values: [Double], shape: [Int]? = nil) -> String {
        constant(name, .double, shape ?? [values.count], bytes: Self.littleEndian(values.map(\.bitPattern)))
    }

    mutating func constant(_ name: String, integers values: [Int], shape: [Int]? = nil) -> String {
        constant(name, .int64, shape ?? [values.count], bytes: Self.littleEndian(values.map(Int64.init)))
    }

    mutating func constant(_ name: String, texts: [String]) -> String {
        let name = unique(name)
        var tensor = Self.tensor(name, .string, [texts.count])
        for text in texts { tensor.add(6, text) }
        initializers.append(tensor)
        return name
    }

    private mutating func constant(_ name: String, _ type: ElementType, _ shape: [Int], bytes: [UInt8])
        -> String
    {
        let name = unique(name)
        var tensor = Self.tensor(name, type, shape)
        tensor.add(9, bytes: bytes)
        initializers.append(tensor)
        return name
    }

    private static func tensor(_ name: String, _ type: ElementType, _ shape: [Int]) -> ProtobufMessage {
        var tensor = ProtobufMessage()
        for length in shape { tensor.add(1, length) }
        tensor.add(2, type.rawValue)
        tensor.add(8, name)
        return tensor
    }

    private static func littleEndian<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
        words.map(\.littleEndian).withUnsafeBytes { Array($0) }
    }

    // MARK: The whole

    /// The graph's message.
    func message(name: String) -> ProtobufMessage {
        var message = ProtobufMessage()
        for node in nodes { message.add(1, node) }
        message.add(2, name)
        for initializer in initializers { message.add(5, initializer) }
        for input in inputs { message.add(11, input) }
        for output in outputs { message.add(12, output) }
        return message
    }
}
