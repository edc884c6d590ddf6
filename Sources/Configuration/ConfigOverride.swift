/// One option `--set path=value`: `optimizer.adam.learning_rate=3e-4`, `model.2.dropout=0.3`, `name=trial`.
package struct ConfigOverride: Sendable {
    /// The parts of the path: keys of objects and indices of lists.
    package let components: [String]
    package let value: ConfigValue
    private let source: SourceFile
    /// The byte range of each component in the option.
    private let componentOffsets: [Range<Int>]

    /// Reads an option. The value is JSON5. A value that is not JSON5 is taken as a string, so that names and
    /// paths need no quotes, unless it begins like a list or an object. Returns nil, with a diagnostic, if
    /// the value is wrong, or if there is no `=` or no path before it.
    package static func parse(_ text: String, diagnostics: Diagnostics) -> ConfigOverride? {
        let source = SourceFile(name: "--set", text: text, origin: .commandLine)
        let bytes = source.text
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else {
            reportOption(
                "expected path=value after --set", in: source, at: 0..<bytes.count,
                label: "for example optimizer.adam.learning_rate=3e-4", to: diagnostics)
            return nil
        }
        let offsets = componentOffsets(in: bytes[..<equals])
        if let empty = offsets.first(where: \.isEmpty) {
            reportOption(
                "the path of --set has an empty part", in: source, at: empty,
                label: "write keys with dots between them", to: diagnostics)
            return nil
        }
        guard offsets.count <= JSON5.Limits.standard.depth else {
            reportOption(
                "the path of --set has \(offsets.count) parts", in: source, at: 0..<equals,
                label: "no field is that deep", to: diagnostics)
            return nil
        }
        guard let value = value(in: source, from: equals + 1, diagnostics) else { return nil }
        return ConfigOverride(
            components: offsets.map { String(decoding: bytes[$0], as: UTF8.self) },
            value: value, source: source, componentOffsets: offsets)
    }

    /// Sets the value in a tree. Objects on the path are created; a list must have the element already. A
    /// part `*` means the only field that an object has, or the word that stands for it: in
    /// `optimizer.*.learning_rate` the optimizer, whichever it is.
    /// - Parameter shorthands: the field that is meant by a value that is no object, by the object's path:
    ///   `["batch": "size"]` for `batch: 32`.
    package func apply(
        to tree: inout ConfigValue, shorthands: [String: String] = [:], diagnostics: Diagnostics
    ) {
        set(0, in: &tree, shorthands, diagnostics)
    }

    private func set(
        _ depth: Int, in node: inout ConfigValue, _ shorthands: [String: String], _ diagnostics: Diagnostics
    ) {
        guard depth < components.count else {
            node = value.placed(at: node.path)
            return
        }
        let component = components[depth]
        switch node.kind {
        case .object(var members):
            setMember(depth, in: &members, of: node.path, shorthands, diagnostics)
            node.kind = .object(members)
        case .null:
            var members: [ConfigMember] = []
            setMember(depth, in: &members, of: node.path, shorthands, diagnostics)
            node = ConfigValue(.object(members), range: range(depth), path: node.path)
        case .array(var elements):
            guard let index = Int(component), elements.indices.contains(index) else {
                reportElement(depth, of: node, count: elements.count, diagnostics)
                return
            }
            set(depth + 1, in: &elements[index], shorthands, diagnostics)
            node.kind = .array(elements)
        case .string(let word) where component == "*":
            let object = ConfigValue(.object([]), range: node.range, path: node.path.appending(word))
            node.kind = .object([ConfigMember(key: word, keyRange: node.range, value: object)])
            set(depth, in: &node, shorthands, diagnostics)
        case .number, .string, .bool:
            guard let key = shorthands["\(components[..<depth].joined(separator: "."))"] else { fallthrough }
            let meant = node.placed(at: node.path.appending(key))
            node.kind = .object([ConfigMember(key: key, keyRange: node.range, value: meant)])
            set(depth, in: &node, shorthands, diagnostics)
        default:
            let message =
                "\(ForPeople.code(component)) cannot be set: \(node.path.name) is \(node.summary),"
                + " not an object or a list"
            report(message, depth, path: node.path, diagnostics)
        }
    }

    private func setMember(
        _ depth: Int, in members: inout [ConfigMember], of path: ConfigPath,
        _ shorthands: [String: String], _ diagnostics: Diagnostics
    ) {
        let only = components[depth] == "*" && members.count == 1 ? members[0].key : nil
        let key = only ?? components[depth]
        if let index = members.firstIndex(where: { $0.key == key }) {
            set(depth + 1, in: &members[index].value, shorthands, diagnostics)
        } else {
            // The rest of the path fills this object, or the value replaces it.
            var created = ConfigValue(.object([]), range: range(depth), path: path.appending(key))
            set(depth + 1, in: &created, shorthands, diagnostics)
            members.append(ConfigMember(key: key, keyRange: range(depth), value: created))
        }
    }

    private func reportElement(_ depth: Int, of node: ConfigValue, count: Int, _ diagnostics: Diagnostics) {
        let has = count == 0 ? "is empty" : "has the elements 0 to \(count - 1)"
        let message =
            Int(components[depth]) == nil
            ? "\(ForPeople.code(components[depth])) is no index: \(node.path.name) is a list"
            : "there is no element \(components[depth]): \(node.path.name) \(has)"
        report(message, depth, path: node.path, diagnostics)
    }

    private func range(_ depth: Int) -> SourceRange {
        SourceRange(file: source, offsets: componentOffsets[depth])
    }

    private func report(_ message: String, _ depth: Int, path: ConfigPath, _ diagnostics: Diagnostics) {
        diagnostics.add(Diagnostic(.error, message, range: range(depth), path: path))
    }

    private static func reportOption(
        _ message: String, in source: SourceFile, at offsets: Range<Int>, label: String,
        to diagnostics: Diagnostics
    ) {
        diagnostics.add(
            Diagnostic(
                .error, message, range: SourceRange(file: source, offsets: offsets), path: .root, label: label
            ))
    }

    private static func componentOffsets(in path: ArraySlice<UInt8>) -> [Range<Int>] {
        path.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
            $0.startIndex..<$0.endIndex
        }
    }

    private static func value(in source: SourceFile, from start: Int, _ diagnostics: Diagnostics)
        -> ConfigValue?
    {
        let attempt = Diagnostics()
        var parser = JSON5Parser(source, from: start, limits: .standard, diagnostics: attempt)
        if let value = parser.parseDocument(at: .root), attempt.isEmpty { return value }
        let offsets = start..<source.text.count
        if let first = source.text[offsets].first, first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
            diagnostics.add(contentsOf: attempt)
            return nil
        }
        return ConfigValue(
            .string(String(decoding: source.text[offsets], as: UTF8.self)),
            range: SourceRange(file: source, offsets: offsets))
    }
}
