import NeuralNetwork
import System

/// Tensors that a model begins with instead of fresh ones: from a checkpoint of ours, or from a safetensors file that PyTorch wrote.
package struct Weights {
    /// For people.
    let source: String
    private let tensors: [String: NamedTensor]

    /// - Parameter path: a run directory (its best checkpoint, or else its newest), a checkpoint, or a safetensors file.
    package init(path: String) throws {
        let file: SafeTensors
        if Directory.isDirectory(Path.join(path, "checkpoints")) {
            guard let checkpoint = try RunDirectory.checkpoints(of: path).bestOrNewest(reporting: { _ in })
            else {
                throw CheckpointError(
                    "the run directory `\(path)` has no checkpoint that is whole; name another one as `weights`"
                )
            }
            (source, file) = (checkpoint.path, checkpoint.model)
        } else if Directory.isDirectory(path) {
            (source, file) = (path, try Checkpoint(path: path).model)
        } else {
            guard File.exists(path) else {
                throw CheckpointError(
                    "there is no `\(path)`; `weights` names a safetensors file, a checkpoint or a run directory"
                )
            }
            (source, file) = (path, try SafeTensors(path: path))
        }
        // What PyTorch counts beside its running statistics is of no use here.
        tensors = Dictionary(
            file.tensors.filter { !$0.name.hasSuffix("num_batches_tracked") }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Puts the tensors into a snapshot, but for those under the names `skip`, which stay as they are. Throws everything that does not fit at once.
    package func load(into snapshot: inout Snapshot, _ layout: ParameterLayout, skip: [String]) throws {
        let names = layout.allTensors.map(\.name) + layout.statistics.map(\.name)
        try check(skip, names)
        var misfits = Misfits()
        let wanted = Set(names)
        misfits.unexpected = tensors.keys.filter {
            !wanted.contains($0) && !TensorNames.isCovered($0, by: skip)
        }.sorted(
            by: isOrderedBefore)
        func values(_ name: String, _ shape: [Int]) -> [Float]? {
            if TensorNames.isCovered(name, by: skip) { return nil }
            guard let tensor = tensors[name] else {
                misfits.missing.append(name)
                return nil
            }
            guard tensor.shape == shape, let values = tensor.convertedFloats() else {
                misfits.misshaped.append(
                    "\(name) (\(tensor.type.rawValue) \(tensor.shape), the model has F32 \(shape))")
                return nil
            }
            if !values.allSatisfy(\.isFinite) { misfits.infinite.append(name) }
            return values
        }
        for tensor in layout.allTensors {
            guard let values = values(tensor.name, tensor.storage.fileShape) else { continue }
            snapshot.parameters.withUnsafeMutableBufferPointer { flat in
                values.withUnsafeBufferPointer {
                    guard let from = $0.baseAddress, let to = flat.baseAddress else { return }
                    tensor.storage.fromFile(from, to + tensor.range.lowerBound)
                }
            }
        }
        for statistic in layout.statistics {
            guard let values = values(statistic.name, [statistic.range.count]) else { continue }
            snapshot.statistics.replaceSubrange(statistic.range, with: values)
        }
        try misfits.check(source)
    }

    private func check(_ skip: [String], _ names: [String]) throws {
        let all = names + tensors.keys
        for entry in skip where !all.contains(where: { TensorNames.isCovered($0, by: [entry]) }) {
            throw CheckpointError(
                "`skip` has `\(entry)`, which neither the model nor `\(source)` has; the model has \(Misfits.list(names))"
            )
        }
    }
}

/// What of a file does not fit a model.
private struct Misfits {
    var missing: [String] = []
    var unexpected: [String] = []
    var misshaped: [String] = []
    var infinite: [String] = []

    private static let most = 10

    static func list(_ names: [String]) -> String {
        names.prefix(most).joined(separator: ", ")
            + (names.count > most ? " and \(names.count - most) more" : "")
    }

    func check(_ source: String) throws {
        var parts: [String] = []
        func say(_ what: String, _ names: [String]) {
            if !names.isEmpty { parts.append("\(names.count) \(what): \(Self.list(names))") }
        }
        say("missing", missing)
        say("unexpected", unexpected)
        say("of another shape or type", misshaped)
        say("with values that are not finite", infinite)
        guard !parts.isEmpty else { return }
        let first =
            missing.first ?? misshaped.first?.split(separator: " ").first.map(String.init) ?? unexpected.first
            ?? infinite.first ?? ""
        let layer = first.split(separator: ".").dropLast().joined(separator: ".")
        throw CheckpointError(
            "the weights in `\(source)` do not fit the model: \(parts.joined(separator: "; ")). Let the model have their layers' names and sizes, or leave some out, such as {file: …, skip: [\"\(layer.isEmpty ? first : layer + ".")\"]}"
        )
    }
}
