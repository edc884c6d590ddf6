/// A naming scheme: how another library calls the tensors of a network that this program knows, which of them
/// it stores transposed, and which in parts.
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
/// `TensorNaming+Known` has the schemes.
package struct TensorNaming: Sendable {
    package struct Rule: Sendable {
        fileprivate let pattern: [Substring]
        fileprivate let name: String
        fileprivate let form: Translation

        /// - Parameters:
        ///   - isTransposed: the file has the matrix `[inputs, outputs]`, as GPT-2's Conv1D.
        ///   - part: the place of this tensor's rows among `parts` tensors that are one here.
        ///   - mayBeCut: a model with fewer rows takes the first ones.
        package init(
            _ pattern: String, _ name: String, isTransposed: Bool = false, part: Int = 0, of parts: Int = 1,
            mayBeCut: Bool = false
        ) {
            self.pattern = pattern.split(separator: ".")
            self.name = name
            form = Translation(
                name: name, isTransposed: isTransposed, part: part, of: parts, mayBeCut: mayBeCut)
        }
    }

    /// A tensor of the file in our words.
    package struct Translation: Equatable, Sendable {
        package fileprivate(set) var name: String
        package let isTransposed: Bool
        package let part: Int
        package let parts: Int
        package let mayBeCut: Bool

        package init(
            name: String, isTransposed: Bool = false, part: Int = 0, of parts: Int = 1, mayBeCut: Bool = false
        ) {
            self.name = name
            self.isTransposed = isTransposed
            self.part = part
            self.parts = parts
            self.mayBeCut = mayBeCut
        }
    }

    /// A part that stands before the names of whole models, and not before those of their parts: `model.`.
    private let prefix: String
    private let rules: [Rule]
    /// Patterns of what is no tensor of the model: buffers, counters.
    private let ignored: [Rule]
    /// The head whose tensor is the embedding's in some files, and then no tensor of a model that ties both.
    private let tied: (head: String, embedding: String)?

    package init(
        prefix: String, _ rules: [Rule], ignored: [String] = [],
        tied: (head: String, embedding: String)? = nil
    ) {
        self.prefix = prefix
        self.rules = rules
        self.ignored = ignored.map { Rule($0, "") }
        self.tied = tied
    }

    /// The name that a tensor of the file has here; nil if no rule is about it.
    package func translation(of name: String) -> Translation? {
        let components = self.components(name)
        for rule in rules {
            guard let parts = Self.match(components, rule.pattern) else { continue }
            var translation = rule.form
            translation.name = Self.fill(rule.name, parts)
            return translation
        }
        return nil
    }

    /// The name of a tensor of the model in a file: one name, or those of its parts in their order; none if
    /// no rule is about it, or the rule counts otherwise (`#+1`).
    package func originals(of name: String) -> [Translation] {
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        var found: [Translation] = []
        for rule in rules where found.isEmpty || rule.form.part == found.count {
            guard let parts = Self.match(components, rule.name.split(separator: ".")) else { continue }
            if found.first.map({ $0.parts == found.count }) ?? false { break }
            var translation = rule.form
            translation.name =
                (name == tied?.head ? "" : prefix) + Self.fill(rule.pattern.joined(separator: "."), parts)
            found.append(translation)
        }
        return found
    }

    /// True for a tensor that no model needs.
    func isIgnored(_ name: String) -> Bool {
        let components = self.components(name)
        return ignored.contains { Self.match(components, $0.pattern) != nil }
    }

    private func components(_ name: String) -> [Substring] {
        let inner = WrappedNames.withoutWrappers(name)
        return inner.dropFirst(inner.hasPrefix(prefix) ? prefix.count : 0)
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
    /// The tensors of a file by the names of a model.
    ///
    /// - Parameters:
    ///   - tensors: the file's, by the names there.
    ///   - wanted: the model's names, with their shapes. Tensors of such a name keep it.
    static func named(
        _ tensors: [String: NamedTensor], wanted: [String: [Int]], by schemes: [TensorNaming]
    ) -> [String: StoredTensor] {
        let names = tensors.keys.sorted(by: isOrderedBefore)
        let foreign = names.filter { wanted[$0] == nil }
        let scheme = schemes.max { $0.explained(names) < $1.explained(names) }
        guard let scheme, scheme.explained(names) > 0, 2 * scheme.explained(foreign) >= foreign.count else {
            return tensors.mapValues { StoredTensor($0) }
        }
        return scheme.named(tensors, names, wanted)
    }

    private func named(_ tensors: [String: NamedTensor], _ names: [String], _ wanted: [String: [Int]])
        -> [String: StoredTensor]
    {
        let transposes = storesTransposed(tensors, wanted)
        var named: [String: StoredTensor] = [:]
        for (name, tensor) in names.lazy.compactMap({ name in tensors[name].map { (name, $0) } }) {
            let isKept = wanted[name] != nil
            if let translation = translation(of: name), translation.name == name || !isKept,
                translation.name == name || tensors[translation.name] == nil
            {
                let added = named[translation.name, default: StoredTensor(translation, transposes)].add(
                    tensor, part: translation.part)
                if !added { named[name] = StoredTensor(tensor) }
            } else if isKept || !isIgnored(name) {
                named[name] = StoredTensor(tensor)
            }
        }
        if let tied, wanted[tied.head] == nil, let head = named[tied.head], let table = named[tied.embedding],
            head.hasSameValues(as: table)
        {
            named[tied.head] = nil
        }
        return named
    }

    private func explained(_ names: [String]) -> Int {
        names.count { translation(of: $0) != nil || isIgnored($0) }
    }

    /// True if the file has transposed what such a file may: some others with the same names do not, and the
    /// shapes of matrices that are not square tell.
    private func storesTransposed(_ tensors: [String: NamedTensor], _ wanted: [String: [Int]]) -> Bool {
        var found = false
        for (name, tensor) in tensors {
            guard let translation = translation(of: name), translation.isTransposed,
                tensor.shape.count == 2, tensor.shape[0] != tensor.shape[1]
            else { continue }
            if tensor.shape == wanted[translation.name] { return false }
            found = true
        }
        return found
    }
}
