import Testing

/// An ONNX file as its own definition (onnx.proto) has it, read without any other software.
struct ONNXFile {
    struct Node {
        let operation: String
        let domain: String
        let inputs: [String]
        let outputs: [String]
        /// Attributes that are numbers, lists of numbers and lists of texts.
        let integers: [String: [Int]]
        let texts: [String: [String]]
    }

    struct Tensor {
        let type: Int
        let shape: [Int]
        let bytes: [UInt8]
        let texts: [String]
    }

    /// An input or an output; the first dimension is a name.
    struct Port {
        let name: String
        let type: Int
        let batch: String?
        let shape: [Int]
    }

    let irVersion: Int
    /// The version of each set of operators.
    let operatorSets: [String: Int]
    let metadata: [String: String]
    let nodes: [Node]
    let tensors: [String: Tensor]
    let inputs: [Port]
    let outputs: [Port]
    private let tensorCount: Int

    init(_ bytes: [UInt8]) throws {
        let file = try ProtobufReader(bytes)
        irVersion = try #require(file.numbers(1).first)
        operatorSets = Dictionary(
            uniqueKeysWithValues: try file.messages(8).map { (try $0.texts(1)[0], $0.numbers(2)[0]) })
        metadata = Dictionary(
            uniqueKeysWithValues: try file.messages(14).map { (try $0.texts(1)[0], try $0.texts(2)[0]) })
        let graph = try #require(try file.messages(7).first)
        nodes = try graph.messages(1).map(Self.node)
        let all = try graph.messages(5).map { (try $0.texts(8)[0], try Self.tensor($0)) }
        tensorCount = all.count
        tensors = Dictionary(all, uniquingKeysWith: { first, _ in first })
        inputs = try graph.messages(11).map(Self.port)
        outputs = try graph.messages(12).map(Self.port)
    }

    private static func node(_ message: ProtobufReader) throws -> Node {
        let attributes = try message.messages(5).map { (try $0.texts(1)[0], $0) }
        return Node(
            operation: try message.texts(4)[0], domain: try message.texts(7).first ?? "",
            inputs: try message.texts(1), outputs: try message.texts(2),
            integers: Dictionary(
                uniqueKeysWithValues: attributes.map { ($0, $1.numbers(3) + $1.numbers(8)) }),
            texts: Dictionary(uniqueKeysWithValues: try attributes.map { ($0, try $1.texts(9)) }))
    }

    private static func tensor(_ message: ProtobufReader) throws -> Tensor {
        Tensor(
            type: message.numbers(2)[0], shape: message.numbers(1), bytes: message.bytes(9).first ?? [],
            texts: try message.texts(6))
    }

    private static func port(_ message: ProtobufReader) throws -> Port {
        let tensor = try message.messages(2)[0].messages(1)[0]
        let dimensions = try tensor.messages(2)[0].messages(1)
        return Port(
            name: try message.texts(1)[0], type: tensor.numbers(1)[0],
            batch: try dimensions.first?.texts(2).first,
            shape: dimensions.dropFirst().map { $0.numbers(1).first ?? -1 })
    }

    /// Fails unless every value has one name and is there before it is read, and every output is computed.
    func expectSound(_ what: String) {
        #expect(tensorCount == tensors.count, "\(what): two tensors have one name")
        var known = Set(tensors.keys)
        for name in inputs.map(\.name) { #expect(known.insert(name).inserted, "\(what): \(name) twice") }
        for node in nodes {
            for input in node.inputs where !input.isEmpty {
                #expect(known.contains(input), "\(what): \(input) comes too late")
            }
            for output in node.outputs where node.outputs.count == 1 || !output.isEmpty {
                #expect(!output.isEmpty && known.insert(output).inserted, "\(what): \(output) twice")
            }
        }
        for output in outputs {
            #expect(known.contains(output.name) && output.batch == "batch", "\(what): \(output.name)")
        }
        for (name, tensor) in tensors where tensor.type != 8 {
            let size = [1: 4, 7: 8, 11: 8][tensor.type] ?? 0
            #expect(tensor.bytes.count == tensor.shape.reduce(size, *), "\(what): \(name)")
        }
    }

    /// How often each operation occurs.
    var operations: [String: Int] { nodes.reduce(into: [:]) { $0[$1.operation, default: 0] += 1 } }
}
