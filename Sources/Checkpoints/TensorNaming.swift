/// A naming scheme: how another library calls the tensors of a network that this program knows, and which of
/// them it stores transposed.
///
/// A rule is a pattern and the name that it stands for, both with dots. In a pattern `#` is a component that
/// is a whole number, and `*` at the end any last component. In the name `#` and `#+1` are the numbers in
/// their order, the latter one higher, and `*` is that last component. For example, ResNet of Hugging Face:
///
///     Rule("encoder.stages.#.layers.#.layer.#.convolution.*", "layer#+1.#.conv#+1.*")
///     // resnet.encoder.stages.2.layers.0.layer.1.convolution.weight is layer3.0.conv2.weight
///
/// A scheme holds for a file if it explains at least half of the tensors of the file that the model does not
/// know by their own names. Those that it does not explain keep their names, and are reported as misfits.
package struct TensorNaming: Sendable {
    package struct Rule: Sendable {
        fileprivate let pattern: [Substring]
        fileprivate let name: String
        fileprivate let isTransposed: Bool

        /// - Parameter isTransposed: the file has the matrix `[inputs, outputs]`, as GPT-2's Conv1D.
        package init(_ pattern: String, _ name: String, isTransposed: Bool = false) {
            self.pattern = pattern.split(separator: ".")
            self.name = name
            self.isTransposed = isTransposed
        }
    }

    /// A tensor of the file in our words.
    package struct Translation: Equatable, Sendable {
        package let name: String
        package let isTransposed: Bool
    }

    /// A part that stands before the names of whole models, and not before those of their parts: `model.`.
    private let prefix: String
    private let rules: [Rule]
    /// Patterns of what is no tensor of the model: buffers, counters.
    private let ignored: [Rule]

    package init(prefix: String, _ rules: [Rule], ignored: [String] = []) {
        self.prefix = prefix
        self.rules = rules
        self.ignored = ignored.map { Rule($0, "") }
    }

    /// The schemes that are tried.
    package static let known = [huggingFaceResNet]

    /// `ResNetForImageClassification` of Hugging Face's transformers, as torchvision calls its tensors.
    package static let huggingFaceResNet = TensorNaming(
        prefix: "resnet.",
        [
            Rule("embedder.embedder.convolution.*", "conv1.*"),
            Rule("embedder.embedder.normalization.*", "bn1.*"),
            Rule("encoder.stages.#.layers.#.layer.#.convolution.*", "layer#+1.#.conv#+1.*"),
            Rule("encoder.stages.#.layers.#.layer.#.normalization.*", "layer#+1.#.bn#+1.*"),
            Rule("encoder.stages.#.layers.#.shortcut.convolution.*", "layer#+1.#.downsample.0.*"),
            Rule("encoder.stages.#.layers.#.shortcut.normalization.*", "layer#+1.#.downsample.1.*"),
            Rule("classifier.1.*", "fc.*"),
        ])

    /// What a tensor of the file is called here; nil if no rule is about it.
    package func translation(of name: String) -> Translation? {
        let components = self.components(name)
        for rule in rules {
            guard let parts = Self.match(components, rule.pattern) else { continue }
            return Translation(name: Self.fill(rule.name, parts), isTransposed: rule.isTransposed)
        }
        return nil
    }

    /// True for a tensor that no model needs.
    func isIgnored(_ name: String) -> Bool {
        let components = self.components(name)
        return ignored.contains { Self.match(components, $0.pattern) != nil }
    }

    private func components(_ name: String) -> [Substring] {
        name.dropFirst(name.hasPrefix(prefix) ? prefix.count : 0)
            .split(separator: ".", omittingEmptySubsequences: false)
    }

    /// The numbers and the last component that stand for a pattern's places; nil if the name is another.
    private static func match(_ name: [Substring], _ pattern: [Substring]) -> (
        numbers: [Int], last: Substring
    )? {
        guard name.count == pattern.count, let last = name.last else { return nil }
        var numbers: [Int] = []
        for (index, (component, wanted)) in zip(name, pattern).enumerated() {
            if wanted == "#" {
                guard component.utf8.count <= 6, let number = Int(component), number >= 0,
                    "\(number)" == component
                else {
                    return nil
                }
                numbers.append(number)
            } else if component != wanted, wanted != "*" || index < name.count - 1 {
                return nil
            }
        }
        return (numbers, last)
    }

    private static func fill(_ template: String, _ parts: (numbers: [Int], last: Substring)) -> String {
        var numbers = parts.numbers[...]
        var pieces = template.split(separator: "#", omittingEmptySubsequences: false)
        for i in pieces.indices.dropFirst() {
            guard let number = numbers.popFirst() else { break }
            let isNext = pieces[i].hasPrefix("+1")
            pieces[i] = Substring("\(number + (isNext ? 1 : 0))\(pieces[i].dropFirst(isNext ? 2 : 0))")
        }
        let name = pieces.joined()
        return name.hasSuffix("*") ? String(name.dropLast()) + parts.last : name
    }
}

// MARK: - For a file

extension TensorNaming {
    /// The tensors of a file in the names of a model.
    struct Named {
        var tensors: [String: NamedTensor]
        /// The names of those that the file has transposed.
        var transposed: Set<String> = []
    }

    /// - Parameters:
    ///   - tensors: the file's, by the names there.
    ///   - wanted: the model's names. Tensors of such a name are left as they are.
    static func named(_ tensors: [String: NamedTensor], wanted: Set<String>, by schemes: [TensorNaming])
        -> Named
    {
        let foreign = tensors.keys.filter { !wanted.contains($0) }.sorted(by: isOrderedBefore)
        let scheme = schemes.max { $0.explained(foreign) < $1.explained(foreign) }
        guard let scheme, !foreign.isEmpty, 2 * scheme.explained(foreign) >= foreign.count else {
            return Named(tensors: tensors)
        }
        var named = Named(tensors: tensors)
        for name in foreign {
            if let translation = scheme.translation(of: name), named.tensors[translation.name] == nil {
                named.tensors[translation.name] = named.tensors.removeValue(forKey: name)
                if translation.isTransposed { named.transposed.insert(translation.name) }
            } else if scheme.isIgnored(name) {
                named.tensors[name] = nil
            }
        }
        return named
    }

    private func explained(_ names: [String]) -> Int {
        names.count { translation(of: $0) != nil || isIgnored($0) }
    }
}
