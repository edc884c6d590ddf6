import NeuralNetwork
import System

/// The tensors that a model starts with in place of initialised ones: from a checkpoint, or from a
/// safetensors file that PyTorch wrote.
package struct Weights {
    /// The path that messages name.
    let source: String
    /// The directory of the file, or of the checkpoint's files.
    package var directory: String { Directory.isDirectory(source) ? source : Path.directory(of: source) }
    private let tensors: [String: NamedTensor]

    /// Opens the tensors.
    /// - Parameter path: a run directory (its best checkpoint, or else its newest), a checkpoint, a
    ///   safetensors file, or a file or directory of shards (`WeightsSource`).
    /// - Throws: `CheckpointError` or `SystemError`.
    package init(path: String) throws {
        let source = try WeightsSource(path: path)
        self.source = source.path
        // Counters beside running statistics and averages are not needed.
        tensors = Dictionary(
            source.tensors.filter { tensor in
                !["num_batches_tracked", "n_averaged"].contains { tensor.name.hasSuffix($0) }
            }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Copies the tensors into a snapshot, except those under the names `skip`, which stay as they are.
    ///
    /// Names that a wrapper of PyTorch has made longer count without it (`WrappedNames`), and those of other
    /// libraries by their naming scheme.
    /// - Parameters:
    ///   - skip: names of tensors or of layers (see `TensorNames`).
    ///   - schemes: the naming schemes that are tried.
    /// - Returns: the parts of names that were left out, such as `module.`; empty if none were.
    /// - Throws: `CheckpointError`, which names everything that does not fit.
    @discardableResult
    package func load(
        into snapshot: inout Snapshot, _ layout: ParameterLayout, skip: [String],
        schemes: [TensorNaming] = TensorNaming.known
    ) throws -> [String] {
        let shapes =
            layout.allTensors.map { ($0.name, $0.storage.fileShape) }
            + layout.statistics.map { ($0.name, $0.shape) }
        let wanted = Dictionary(shapes, uniquingKeysWith: { first, _ in first })
        let names = shapes.map(\.0)
        let named = TensorNaming.named(self.tensors, wanted: wanted, by: schemes)
        let wrapped = WrappedNames(Array(named.keys), wanted: Set(names))
        let tensors = wrapped.unwrapped(named)
        try check(skip, names + tensors.keys, names)
        var misfits = Misfits()
        misfits.unexpected = tensors.keys.filter {
            wanted[$0] == nil && !TensorNames.isCovered($0, by: skip)
        }.sorted(by: isOrderedBefore)
        func values(_ name: String, _ shape: [Int]) -> [Float]? {
            if TensorNames.isCovered(name, by: skip) { return nil }
            // A file of the network alone leaves adapters as they begin.
            if tensors[name] == nil, LowRankAdapters.isAdapter(name) { return nil }
            guard let tensor = tensors[name] else {
                misfits.missing.append(name)
                return nil
            }
            guard let values = tensor.values(shape) else {
                misfits.misshaped.append(
                    "\(name) (\(tensor.summary), the model has F32 \(tensor.expected(shape)))")
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
            guard let values = values(statistic.name, statistic.shape) else { continue }
            statistic.fromFile(values, into: &snapshot.statistics)
        }
        try misfits.check(source)
        snapshot.beginAverage()
        return wrapped.removed
    }

    private func check(_ skip: [String], _ all: [String], _ names: [String]) throws {
        for entry in skip where !all.contains(where: { TensorNames.isCovered($0, by: [entry]) }) {
            throw CheckpointError(
                "`skip` has `\(entry)`, which neither the model nor `\(source)` has;"
                    + " the model has \(Misfits.list(names))"
            )
        }
    }
}

/// The tensors of a file that do not fit a model.
private struct Misfits {
    var missing: [String] = []
    var unexpected: [String] = []
    var misshaped: [String] = []
    var infinite: [String] = []

    /// Names that a message lists of each kind.
    private static let most = 10

    static func list(_ names: [String]) -> String {
        names.prefix(most).joined(separator: ", ")
            + (names.count > most ? " and \(names.count - most) more" : "")
    }

    func check(_ source: String) throws {
        var parts: [String] = []
        func add(_ fault: String, _ names: [String]) {
            if !names.isEmpty { parts.append("\(names.count) \(fault): \(Self.list(names))") }
        }
        add("missing", missing)
        add("unexpected", unexpected)
        add("of another shape or type", misshaped)
        add("with values that are not finite", infinite)
        guard !parts.isEmpty else { return }
        let first =
            missing.first ?? misshaped.first?.split(separator: " ").first.map(String.init) ?? unexpected.first
            ?? infinite.first ?? ""
        let layer = first.split(separator: ".").dropLast().joined(separator: ".")
        let example = layer.isEmpty ? first : layer + "."
        throw CheckpointError(
            "the weights in `\(source)` do not fit the model: \(parts.joined(separator: "; ")). Give the"
                + " model's layers the same names and sizes, or skip some, for example {file: …, skip:"
                + " [\"\(example)\"]}"
        )
    }
}
