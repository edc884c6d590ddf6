/// Tensor names that wrappers of PyTorch have made longer, beside the names that a model wants.
///
/// `DataParallel` and DDP write `module.conv1.weight`, `torch.compile` writes `_orig_mod.conv1.weight`, and a
/// module that holds the network as an attribute puts the attribute's name before all names. For example:
///
///     let names = WrappedNames(["module.fc.weight", "module.fc.bias"], wanted: ["fc.weight", "fc.bias"])
///     names.removed                                        // ["module."]
struct WrappedNames {
    /// Components that wrappers put anywhere into a name.
    private static let wrappers = [
        "module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module",
    ]
    /// A name without the components of wrappers.
    static func withoutWrappers(_ name: String) -> String {
        name.split(separator: ".", omittingEmptySubsequences: false).filter { !wrappers.contains(String($0)) }
            .joined(separator: ".")
    }

    /// Older words for the tensors of a normalisation.
    private static let synonyms = [
        "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var",
    ]

    /// The parts that were left out, each with its dot.
    private(set) var removed: [String] = []
    /// Names of the file, sorted, each with the wanted name that it stands for.
    private var wantedNames: [(name: String, wanted: String)] = []

    /// - Parameters:
    ///   - names: those of a file.
    ///   - wanted: those of a model. They are never changed.
    init(_ names: [String], wanted: Set<String>) {
        var rest: [String: String] = [:]
        for name in names where !wanted.contains(name) {
            var kept: [Substring] = []
            for component in name.split(separator: ".", omittingEmptySubsequences: false) {
                if Self.wrappers.contains(String(component)) {
                    note("\(component).")
                } else {
                    kept.append(component)
                }
            }
            if let last = kept.last, let word = Self.synonyms[String(last)],
                !wanted.contains(kept.joined(separator: "."))
            {
                kept[kept.count - 1] = Substring(word)
            }
            rest[name] = kept.joined(separator: ".")
        }
        if let prefix = Self.commonPrefix(of: Array(rest.values), names, wanted) {
            note(prefix)
            for (name, inner) in rest { rest[name] = String(inner.dropFirst(prefix.count)) }
        }
        wantedNames = rest.filter { wanted.contains($0.value) }.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value)
        }
        if wantedNames.isEmpty { removed = [] }
    }

    private mutating func note(_ part: String) {
        if !removed.contains(part) { removed.append(part) }
    }

    /// The first component that all names of the file share and the model's do not have, such as `model.`.
    private static func commonPrefix(of inner: [String], _ names: [String], _ wanted: Set<String>)
        -> String?
    {
        guard inner.count == names.count, let first = inner.first, let dot = first.firstIndex(of: ".")
        else { return nil }
        let prefix = String(first[...dot])
        let isShared = inner.allSatisfy { $0.hasPrefix(prefix) }
        let fits = inner.contains { wanted.contains(String($0.dropFirst(prefix.count))) }
        return isShared && fits && !inner.contains(where: wanted.contains) ? prefix : nil
    }

    /// The tensors under the names that the model wants. A tensor whose own name is wanted comes first; of
    /// several others the first by name.
    func unwrapped<Tensor>(_ tensors: [String: Tensor]) -> [String: Tensor] {
        guard !wantedNames.isEmpty else { return tensors }
        var result = tensors
        for (name, wanted) in wantedNames where result[wanted] == nil {
            result[wanted] = result.removeValue(forKey: name)
        }
        return result
    }
}
