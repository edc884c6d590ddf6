import Checkpoints
import Configuration
import System

extension ExportedModel {
    /// The version of the file format, and of each set of operators: what onnxruntime 1.13 (2022) and later
    /// read.
    private static let irVersion = 8
    private static let operatorSets: [(ONNXGraph.Domain, Int)] = [(.standard, 17), (.machineLearning, 3)]
    /// Protocol Buffers have messages below 2 GiB.
    private static let largestFile = 1 << 31

    /// The bytes of an ONNX file: raw values go in, the answer comes out, for any number of samples.
    ///
    /// - Throws: `CheckpointError` if the model is larger than such a file may be.
    package func onnx() throws -> [UInt8] {
        guard tensors.reduce(1 << 20, { $0 + $1.byteCount }) < Self.largestFile else {
            throw CheckpointError(
                "the model has more than 2 GB of parameters, which no ONNX file holds; export it with "
                    + "--pytorch or --safetensors")
        }
        var graph = ONNXGraph()
        let input = ONNXInput(self, &graph)
        let names = ONNXAnswer.Names(answer, &graph)
        ONNXAnswer(self, input).add(names, to: &graph)
        var message = ProtobufMessage()
        message.add(1, Self.irVersion)
        for (domain, version) in Self.operatorSets {
            var set = ProtobufMessage()
            set.add(1, domain.rawValue)
            set.add(2, version)
            message.add(8, set)
        }
        message.add(2, "dist-train")
        message.add(6, "\(name), step \(step)")
        message.add(7, graph.message(name: name))
        for (key, value) in metadata {
            var entry = ProtobufMessage()
            entry.add(1, key)
            entry.add(2, value)
            message.add(14, entry)
        }
        return message.bytes
    }

    /// Names for readers of the file, as JSON.
    private var metadata: [(String, String)] {
        func json(_ texts: [String]) -> String { ConfigValue.array(texts.map { .string($0) }).compactJSON() }
        return switch answer {
        case .classes(let names, _, _): [("classes", json(names))]
        case .values(let columns, _, _), .reconstruction(let columns, _): [("columns", json(columns))]
        case .cluster, .components, .nextToken: []
        }
    }
}
