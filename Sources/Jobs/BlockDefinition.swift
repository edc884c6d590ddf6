import Configuration

/// A block of layers that `define` names and `use` puts into the model, with parameters that stand as
/// `"$name"` in its layers:
///
///     define: {basic: {
///       parameters: {filters: null, stride: 1},
///       layers: [{conv: "$filters", kernel: 3, stride: "$stride"}, …],
///     }}
///     model: [{use: "basic", filters: 32, stride: 2}, …]
///
/// `"$filters * 4"` and `"$filters / 2"` calculate.
struct BlockDefinition: Sendable {
    /// With their defaults; null: must be given.
    var parameters: [(key: String, value: ConfigValue)] = []
    var layers: [ConfigValue] = []

    static let codec = ObjectCodec(BlockDefinition()) {
        Field(
            "parameters", \.parameters, .table(of: Codec<ConfigValue>.any),
            "Names of the parameters and their defaults; `null`: must be given.",
            example: "{filters: null, stride: 1}")
        Field(
            required: "layers", \.layers, .array(of: Codec<ConfigValue>.any, count: 1...10_000),
            "The layers, in which `\"$name\"` stands for a parameter.",
            example: "[{conv: \"$filters\", stride: \"$stride\"}]")
    }

    /// `define`: blocks by their names.
    static let table = Codec<[(key: String, value: BlockDefinition)]>.table(of: .object(codec)).map(
        to: { Dictionary($0.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }) },
        from: { definitions in definitions.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) } }
    )

    /// The layers with arguments in the parameters' places; nil if one cannot be filled in, which is
    /// reported.
    func layers(with arguments: [String: ConfigValue], _ diagnostics: Diagnostics) -> [ConfigValue]? {
        let problems = Diagnostics()
        let filled = layers.map { substitute($0, arguments, problems) }
        diagnostics.add(contentsOf: problems)
        return problems.hasErrors ? nil : filled
    }

    private func substitute(
        _ value: ConfigValue, _ arguments: [String: ConfigValue], _ diagnostics: Diagnostics
    ) -> ConfigValue {
        var copy = value
        switch value.kind {
        case .string(let text) where text.hasPrefix("$"):
            copy.kind = evaluate(text.dropFirst(), at: value, arguments, diagnostics)
        case .array(let elements):
            copy.kind = .array(elements.map { substitute($0, arguments, diagnostics) })
        case .object(let members):
            copy.kind = .object(
                members.map {
                    ConfigMember(
                        key: $0.key, keyRange: $0.keyRange,
                        value: substitute($0.value, arguments, diagnostics))
                })
        default: break
        }
        return copy
    }

    /// `filters`, `filters * 4` or `filters / 2`.
    private func evaluate(
        _ text: Substring, at location: ConfigValue, _ arguments: [String: ConfigValue],
        _ diagnostics: Diagnostics
    ) -> ConfigValue.Kind {
        let parts = text.split(separator: " ")
        let name = parts.first.map(String.init) ?? ""
        guard let argument = arguments[name] else {
            let known = parameters.map(\.key)
            let label =
                Suggestion.nearest(to: name, among: known).map { "did you mean `$\($0)`?" }
                ?? "its parameters: \(known.joined(separator: ", "))"
            diagnostics.error(
                "the block has no parameter `\(name)`", at: location,
                label: known.isEmpty ? "it has none" : label)
            return .null
        }
        if parts.count == 1 { return argument.kind }
        guard parts.count == 3, parts[1] == "*" || parts[1] == "/", let factor = Int(parts[2]), factor > 0,
            case .number(let number) = argument.kind, let whole = number.integer,
            parts[1] == "*"
                ? !whole.multipliedReportingOverflow(by: factor).overflow : whole.isMultiple(of: factor)
        else {
            diagnostics.error(
                "`$\(text)` cannot be calculated: "
                    + "a parameter may be multiplied or divided, without remainder, by a whole number",
                at: location,
                label: "such as \"$\(name) * 4\"")
            return .null
        }
        return ConfigValue.int(parts[1] == "*" ? whole * factor : whole / factor).kind
    }
}
